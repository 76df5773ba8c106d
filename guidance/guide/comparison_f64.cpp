#include "guidance/guide/comparison_run_impl.hpp"

namespace costate::guidance {

template <>
FlowModel<double> flow_model(const GuideSetup& setup) {
    return detail::make_flow_model<double>(setup);
}

template <>
Objective<double> objective_of(const GuideSetup& setup, std::size_t i) {
    return detail::make_objective<double>(setup, detail::make_operator_of<double>(setup), i);
}

std::function<detail::GuideCompute()> detail::guide_in_f64(const GuideSetup& setup) { return guide_in<double>(setup); }

}  // namespace costate::guidance
