#include "claims/engine_impl.hpp"

namespace costate::claims {

template std::vector<Mpfr50> solve<Mpfr50>(const ode::Tableau&, Field<Mpfr50>&, const Mpfr50&, const Mpfr50&, std::size_t, In<Mpfr50>);
template Tangent<Mpfr50> solve_tangent<Mpfr50>(const ode::Tableau&, Field<Mpfr50>&, const Mpfr50&, const Mpfr50&, std::size_t, In<Mpfr50>, In<Mpfr50>);
template ode::GradientResult<Mpfr50> gradient<Mpfr50>(std::string_view, Field<Mpfr50>&, const Loss<Mpfr50>&, const ode::Tableau&, const Mpfr50&, const Mpfr50&, std::size_t,
                                              In<Mpfr50>);
template std::vector<Mpfr50> discrete_jacobian<Mpfr50>(const ode::Tableau&, Field<Mpfr50>&, const Mpfr50&, const Mpfr50&, std::size_t, In<Mpfr50>);
template ode::GradientResult<Mpfr50> gradient_on_knots<Mpfr50>(std::string_view, Field<Mpfr50>&, const std::vector<Loss<Mpfr50>>&, const ode::Tableau&, const ode::TimeGrid<Mpfr50>&, In<Mpfr50>);

}  // namespace costate::claims
