#include "claims/engine_impl.hpp"

namespace costate::claims {

template std::vector<Rational> solve<Rational>(const ode::Tableau&, Field<Rational>&, const Rational&, const Rational&, std::size_t, In<Rational>);
template Tangent<Rational> solve_tangent<Rational>(const ode::Tableau&, Field<Rational>&, const Rational&, const Rational&, std::size_t, In<Rational>, In<Rational>);
template ode::GradientResult<Rational> gradient<Rational>(std::string_view, Field<Rational>&, const Loss<Rational>&, const ode::Tableau&, const Rational&, const Rational&, std::size_t,
                                              In<Rational>);
template std::vector<Rational> discrete_jacobian<Rational>(const ode::Tableau&, Field<Rational>&, const Rational&, const Rational&, std::size_t, In<Rational>);
template ode::GradientResult<Rational> gradient_on_knots<Rational>(std::string_view, Field<Rational>&, const std::vector<Loss<Rational>>&, const ode::Tableau&, const ode::TimeGrid<Rational>&, In<Rational>);

}  // namespace costate::claims
