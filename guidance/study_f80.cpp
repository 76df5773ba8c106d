#include "guidance/study_compute_impl.hpp"

namespace costate::guidance::detail {

ComputeFactory compute_in_f80(const Study::Parts& parts, const Watch& watch) { return compute_in<long double>(parts, watch); }

}  // namespace costate::guidance::detail
