#include "guidance/guide/comparison_run_impl.hpp"

namespace costate::guidance {

template <>
FlowModel<float> flow_model(const GuideSetup& setup) {
    return detail::make_flow_model<float>(setup);
}

template <>
Objective<float> objective_of(const GuideSetup& setup, std::size_t i) {
    return detail::make_objective<float>(setup, detail::make_operator_of<float>(setup), i);
}

std::function<detail::GuideCompute()> detail::guide_in_f32(const GuideSetup& setup) { return guide_in<float>(setup); }

}  // namespace costate::guidance
