#include "nn/optimise/progress.hpp"

#include <sstream>

namespace costate::nn {

const char* name_of(Progress progress) {
    switch (progress) {
        case Progress::descending: return "descending";
        case Progress::converged: return "converged";
        case Progress::stalled: return "stalled";
        case Progress::non_finite: return "non-finite";
    }
    return "unknown";
}

std::string MinimiserStatus::sentence() const {
    std::ostringstream out;
    out.precision(9);
    out << name_of(progress) << ": ";
    if (progress == Progress::non_finite) {
        out << "the loss or its gradient is not finite at the parameters given; begin elsewhere";
        return out.str();
    }
    out << "loss " << loss << " with a largest slope of " << steepest << " after " << steps << " steps and " << evaluations << " gradients";
    if (progress == Progress::stalled) out << "; no step lowers the loss: it is as low as rounding allows, or the gradient is not that of the loss";
    return out.str();
}

}  // namespace costate::nn
