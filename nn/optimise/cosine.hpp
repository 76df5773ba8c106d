// The rate of a training: up in a line, down along a cosine.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>

namespace costate::nn {

/// η(n) of step n = 0, 1, …: peak (n + 1)/w for n < w = warm_up, then floor + (peak − floor)(1 + cos π(n − w)/(steps − w))/2, and floor from n = steps on.
/// Loshchilov and Hutter 2017, equation 5, without restarts.
struct CosineRate {
    double peak;
    std::size_t steps;
    std::size_t warm_up = 0;
    double floor = 0;

    [[nodiscard]] double operator()(std::size_t n) const {
        if (n < warm_up) return peak * static_cast<double>(n + 1) / static_cast<double>(warm_up);
        if (n >= steps) return floor;
        return floor + (peak - floor) * (1 + std::cos(std::numbers::pi * static_cast<double>(n - warm_up) / static_cast<double>(steps - warm_up))) / 2;
    }
};

}  // namespace costate::nn
