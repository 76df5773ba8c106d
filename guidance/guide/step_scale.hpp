// In which unit methods that descend a loss measure their steps.
#pragma once

#include "guidance/guide/objective.hpp"

namespace costate::guidance {

/// 1/Σ w_i‖H_i‖² over the measurements of an objective and its references, whose H is I, ‖H‖² by thirty power iterations from below; 1 where it has
/// neither. A rate of 1 in this unit means the same in every task and with every weight: the step that meets one measurement with HHᵀ = ‖H‖²I at once,
/// as masks, blocks of pixels and the operators of the papers have it, and one that no sum of such terms makes diverge.
template <class T>
T step_scale(const Objective<T>& objective);

/// 1/w of the first measurement, 1 where there is none: for steps that are measured in gradients of ½‖y - Hx‖².
template <class T>
T weight_scale(const Objective<T>& objective) {
    const Measurement<T>* measurement = objective.any_measurement();
    return measurement != nullptr && measurement->weight > 0 ? static_cast<T>(1 / measurement->weight) : T(1);
}

extern template float step_scale(const Objective<float>&);
extern template double step_scale(const Objective<double>&);

}  // namespace costate::guidance
