#include "guidance/guide/flow_gradient_impl.hpp"

namespace costate::guidance {

template <>
FlowGradient<float> flow_gradient(std::string_view method, const ode::Tableau& tableau) {
    return detail::make_flow_gradient<float>(method, tableau);
}

template std::vector<float> flow(FlowModel<float>&, const ode::Tableau&, const float&, const float&, std::size_t, std::span<const float>);

}  // namespace costate::guidance
