// x' = p₀x - p₁xy,  y' = -p₂y + p₃xy: prey and predators (Lotka 1925; Volterra 1926).
#pragma once

#include "scalar/rational.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// Polynomial, autonomous; the defaults are those of the usual benchmark, with a period of about 5.
struct LotkaVolterra {
    static constexpr std::string_view name = "lotka-volterra";
    static constexpr std::string_view equation = "x' = p0 x - p1 x y, y' = -p2 y + p3 x y";
    static constexpr std::size_t dim = 2;
    static constexpr bool transcendental = false;

    static std::vector<Rational> parameters() { return {ratio(3, 2), ratio(1), ratio(3), ratio(1)}; }
    static std::vector<Rational> x0() { return {ratio(1), ratio(1)}; }
    static std::vector<Rational> target() { return {ratio(1), ratio(1)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(1); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        const T meetings = x[0] * x[1];
        dx[0] = p[0] * x[0] - p[1] * meetings;
        dx[1] = p[3] * meetings - p[2] * x[1];
    }
};

}  // namespace costate::ode
