#include "claims/engine_impl.hpp"

namespace costate::claims {

template std::vector<RealSeries> solve<RealSeries>(const ode::Tableau&, Field<RealSeries>&, const RealSeries&, const RealSeries&, std::size_t, In<RealSeries>);
template Tangent<RealSeries> solve_tangent<RealSeries>(const ode::Tableau&, Field<RealSeries>&, const RealSeries&, const RealSeries&, std::size_t, In<RealSeries>, In<RealSeries>);
template ode::GradientResult<RealSeries> gradient<RealSeries>(std::string_view, Field<RealSeries>&, const Loss<RealSeries>&, const ode::Tableau&, const RealSeries&, const RealSeries&, std::size_t,
                                              In<RealSeries>);
template std::vector<RealSeries> discrete_jacobian<RealSeries>(const ode::Tableau&, Field<RealSeries>&, const RealSeries&, const RealSeries&, std::size_t, In<RealSeries>);
template std::vector<RealSeries> solve<RealSeries>(const ode::Tableau&, Field<RealSeries>&, const ode::TimeGrid<RealSeries>&, In<RealSeries>);
template std::vector<RealSeries> solve_own_map<RealSeries>(std::string_view, Field<RealSeries>&, const ode::Tableau&, const RealSeries&, const RealSeries&, std::size_t, In<RealSeries>);

}  // namespace costate::claims
