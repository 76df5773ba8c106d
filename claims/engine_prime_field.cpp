#include "claims/engine_impl.hpp"

namespace costate::claims {

template std::vector<PrimeField> solve<PrimeField>(const ode::Tableau&, Field<PrimeField>&, const PrimeField&, const PrimeField&, std::size_t, In<PrimeField>);
template Tangent<PrimeField> solve_tangent<PrimeField>(const ode::Tableau&, Field<PrimeField>&, const PrimeField&, const PrimeField&, std::size_t, In<PrimeField>, In<PrimeField>);
template ode::GradientResult<PrimeField> gradient<PrimeField>(std::string_view, Field<PrimeField>&, const Loss<PrimeField>&, const ode::Tableau&, const PrimeField&, const PrimeField&, std::size_t,
                                              In<PrimeField>);
template std::vector<PrimeField> discrete_jacobian<PrimeField>(const ode::Tableau&, Field<PrimeField>&, const PrimeField&, const PrimeField&, std::size_t, In<PrimeField>);
template ode::GradientResult<PrimeField> gradient_on_knots<PrimeField>(std::string_view, Field<PrimeField>&, const std::vector<Loss<PrimeField>>&, const ode::Tableau&, const ode::TimeGrid<PrimeField>&, In<PrimeField>);

}  // namespace costate::claims
