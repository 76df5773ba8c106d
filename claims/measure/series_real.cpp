#include "claims/measure/series_impl.hpp"

namespace costate::claims {

template Autonomous<Mpfr50> autonomous<Mpfr50>(Field<Expansion<Mpfr50>>);
template Autonomous<Mpfr50> tangent_field<Mpfr50>(Field<Expansion<Mpfr50>>);
template Autonomous<Mpfr50> adjoint_field<Mpfr50>(Field<Expansion<Mpfr50>>);
template std::vector<Expansion<Mpfr50>> flow_series<Mpfr50>(const Autonomous<Mpfr50>&, std::span<const Mpfr50>);
template std::vector<std::vector<Mpfr50>> elementary_differentials<Mpfr50>(const Autonomous<Mpfr50>&, std::span<const Mpfr50>, const std::vector<ode::RootedTree>&);
template std::vector<std::vector<Mpfr50>> error_expansion<Mpfr50>(const ode::Tableau&, const Autonomous<Mpfr50>&, std::span<const Mpfr50>, std::size_t);
template ErrorConstant<Mpfr50> predicted_error<Mpfr50>(const ode::Tableau&, const Autonomous<Mpfr50>&, std::span<const Mpfr50>);
template std::size_t valuation<Mpfr50>(std::span<const Expansion<Mpfr50>>, double);
template std::vector<Mpfr50> coefficients<Mpfr50>(std::span<const Expansion<Mpfr50>>, std::size_t);

}  // namespace costate::claims
