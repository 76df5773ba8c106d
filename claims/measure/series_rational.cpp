#include "claims/measure/series_impl.hpp"

namespace costate::claims {

template Autonomous<Rational> autonomous<Rational>(Field<Expansion<Rational>>);
template Autonomous<Rational> tangent_field<Rational>(Field<Expansion<Rational>>);
template Autonomous<Rational> adjoint_field<Rational>(Field<Expansion<Rational>>);
template std::vector<Expansion<Rational>> flow_series<Rational>(const Autonomous<Rational>&, std::span<const Rational>);
template std::vector<std::vector<Rational>> elementary_differentials<Rational>(const Autonomous<Rational>&, std::span<const Rational>, const std::vector<ode::RootedTree>&);
template std::vector<std::vector<Rational>> error_expansion<Rational>(const ode::Tableau&, const Autonomous<Rational>&, std::span<const Rational>, std::size_t);
template ErrorConstant<Rational> predicted_error<Rational>(const ode::Tableau&, const Autonomous<Rational>&, std::span<const Rational>);
template std::size_t valuation<Rational>(std::span<const Expansion<Rational>>, double);
template std::vector<Rational> coefficients<Rational>(std::span<const Expansion<Rational>>, std::size_t);

}  // namespace costate::claims
