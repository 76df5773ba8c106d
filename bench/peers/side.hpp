// What our side of compare.py can be asked for.
#pragma once

#include <functional>
#include <vector>

namespace costate::bench {

struct Side {
    std::function<void()> forward, gradient;
    std::function<std::vector<double>()> result;
    std::function<void()> limit = [] {};
    std::function<std::vector<double>()> end = [] { return std::vector<double>(); };  ///< x₁, to hold those against who have no gradient
    double limit_times = 0;  ///< so often the limit's piece of work is in a gradient; 0: no limit is known
};

}  // namespace costate::bench
