// Extended precision: what a row in f64 is compared with to see its rounding, and the truth where few digits of a network are asked for.
#include "guidance/study_compute_impl.hpp"
#include "guidance/study_truth.hpp"

namespace costate::guidance::detail {

ComputeFactory compute_in_f80(const Study::Parts& parts, const Watch& watch) { return compute_in<long double>(parts, watch); }

// a network in 50 digits is 20 to 50 times slower
std::function<TrueGradient(std::size_t)> truth_in_f80(const Study::Parts& parts, const Watch& watch) {
    return truth_in<long double>(parts, watch, 6);
}

}  // namespace costate::guidance::detail
