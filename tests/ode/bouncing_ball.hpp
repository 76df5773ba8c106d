// A ball that bounces, and its closed form.
#pragma once

#include "scalar/rational.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::testing {

/// x' = v, v' = −p₀.
struct Ball {
    static constexpr std::size_t dim = 2;
    static std::vector<Rational> parameters() { return {ratio(9)}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = x[1];
        dx[1] = -p[0];
    }
};

/// p = (height, velocity, gravity, restitution): the time of bounce n (from 1), then height and velocity at T after n bounces.
template <class T>
T bounce(const std::vector<T>& p, int n) {
    using std::sqrt;
    const T speed = sqrt(p[1] * p[1] + T(2) * p[2] * p[0]);
    T time = (p[1] + speed) / p[2], power = T(1);
    for (int k = 1; k < n; ++k) power = power * p[3], time += T(2) * power * speed / p[2];
    return time;
}
template <class T>
std::array<T, 2> flight(const std::vector<T>& p, int n, double end) {
    using std::sqrt;
    T up = sqrt(p[1] * p[1] + T(2) * p[2] * p[0]);
    for (int k = 0; k < n; ++k) up = up * p[3];
    const T s = T(end) - bounce(p, n);
    return {up * s - p[2] * s * s / T(2), up - p[2] * s};
}

}  // namespace costate::testing
