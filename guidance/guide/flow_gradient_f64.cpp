#include "guidance/guide/flow_gradient_impl.hpp"

namespace costate::guidance {

template <>
FlowGradient<double> flow_gradient(std::string_view method, const ode::Tableau& tableau) {
    return detail::make_flow_gradient<double>(method, tableau);
}

template std::vector<double> flow(FlowModel<double>&, const ode::Tableau&, const double&, const double&, std::size_t, std::span<const double>);

}  // namespace costate::guidance
