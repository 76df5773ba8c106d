#include "claims/engine_impl.hpp"

namespace costate::claims {

template std::vector<RationalSeries> solve<RationalSeries>(const ode::Tableau&, Field<RationalSeries>&, const RationalSeries&, const RationalSeries&, std::size_t, In<RationalSeries>);
template Tangent<RationalSeries> solve_tangent<RationalSeries>(const ode::Tableau&, Field<RationalSeries>&, const RationalSeries&, const RationalSeries&, std::size_t, In<RationalSeries>, In<RationalSeries>);
template ode::GradientResult<RationalSeries> gradient<RationalSeries>(std::string_view, Field<RationalSeries>&, const Loss<RationalSeries>&, const ode::Tableau&, const RationalSeries&, const RationalSeries&, std::size_t,
                                              In<RationalSeries>);
template std::vector<RationalSeries> discrete_jacobian<RationalSeries>(const ode::Tableau&, Field<RationalSeries>&, const RationalSeries&, const RationalSeries&, std::size_t, In<RationalSeries>);
template std::vector<RationalSeries> solve<RationalSeries>(const ode::Tableau&, Field<RationalSeries>&, const ode::TimeGrid<RationalSeries>&, In<RationalSeries>);
template std::vector<RationalSeries> solve_own_map<RationalSeries>(std::string_view, Field<RationalSeries>&, const ode::Tableau&, const RationalSeries&, const RationalSeries&, std::size_t, In<RationalSeries>);

}  // namespace costate::claims
