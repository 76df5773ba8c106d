#include "guidance/study_compute_impl.hpp"

namespace costate::guidance::detail {

ComputeFactory compute_in_f64(const Study::Parts& parts, const Watch& watch) { return compute_in<double>(parts, watch); }

}  // namespace costate::guidance::detail
