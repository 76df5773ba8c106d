// In which unit methods that descend a loss measure their steps.
#pragma once

#include "guidance/guide/objective.hpp"

namespace costate::guidance {

/// 1/‖H‖² of an objective that is one measurement, by thirty power iterations from below; 1 of any other. A rate of 1 in this unit means the same
/// in every task: the step that meets a measurement with HHᵀ = ‖H‖²I at once, as masks, blocks of pixels and the operators of the papers have it.
template <class T>
T step_scale(const Objective<T>& objective);

extern template float step_scale(const Objective<float>&);
extern template double step_scale(const Objective<double>&);

}  // namespace costate::guidance
