#include "claims/engine_impl.hpp"

namespace costate::claims {

template std::vector<double> solve<double>(const ode::Tableau&, Field<double>&, const double&, const double&, std::size_t, In<double>);
template Tangent<double> solve_tangent<double>(const ode::Tableau&, Field<double>&, const double&, const double&, std::size_t, In<double>, In<double>);
template ode::GradientResult<double> gradient<double>(std::string_view, Field<double>&, const Loss<double>&, const ode::Tableau&, const double&, const double&, std::size_t,
                                              In<double>);
template std::vector<double> discrete_jacobian<double>(const ode::Tableau&, Field<double>&, const double&, const double&, std::size_t, In<double>);
template ode::GradientResult<double> gradient_on_knots<double>(std::string_view, Field<double>&, const std::vector<Loss<double>>&, const ode::Tableau&, const ode::TimeGrid<double>&, In<double>);

}  // namespace costate::claims
