// What our side of compare.py can be asked for.
#pragma once

#include <functional>
#include <vector>

namespace costate::bench {

struct Side {
    std::function<void()> forward, gradient;
    std::function<std::vector<double>()> result;
    std::function<void()> limit = [] {};
    double limit_times = 0;  ///< so often the limit's piece of work is in a gradient; 0: no limit is known
};

}  // namespace costate::bench
