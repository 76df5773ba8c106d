// x' = p₀(y - x),  y' = x(p₁ - z) - y,  z' = xy - p₂z: Lorenz's convection (1963).
#pragma once

#include "scalar/rational.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// Polynomial, autonomous, chaotic: the end is near, so that an error grows by a factor of some tens only.
struct Lorenz {
    static constexpr std::string_view name = "lorenz";
    static constexpr std::string_view equation = "x' = p0 (y - x), y' = x (p1 - z) - y, z' = x y - p2 z";
    static constexpr std::size_t dim = 3;
    static constexpr bool transcendental = false;

    static std::vector<Rational> parameters() { return {ratio(10), ratio(28), ratio(8, 3)}; }
    static std::vector<Rational> x0() { return {ratio(1), ratio(1), ratio(1)}; }
    static std::vector<Rational> target() { return {ratio(0), ratio(0), ratio(25)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(2); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = p[0] * (x[1] - x[0]);
        dx[1] = x[0] * (p[1] - x[2]) - x[1];
        dx[2] = x[0] * x[1] - p[2] * x[2];
    }
};

}  // namespace costate::ode
