#include "guidance/tolerance_compute_impl.hpp"

namespace costate::guidance::detail {

ComputeTolerance tolerances_in_f32(const Study::Parts& parts, const Watch& watch) { return tolerances_in<float>(parts, watch); }

}  // namespace costate::guidance::detail
