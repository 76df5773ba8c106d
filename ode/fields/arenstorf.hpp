// The restricted three-body problem in the rotating frame: earth of mass p₁ = 1 - μ, moon of mass p₀ = μ, and a body of none.
#pragma once

#include "scalar/rational.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// State (x, y, x', y'), autonomous; the start is on Arenstorf's orbit of four loops, whose period is the interval and which multiplies errors by some
/// 10⁴ (Arenstorf 1963; Hairer, Nørsett, Wanner, Solving ODEs I, II.0, eq. 0.1, 0.2).
struct Arenstorf {
    static constexpr std::string_view name = "arenstorf";
    static constexpr std::string_view equation = "x'' = x + 2 y' - p1 (x + p0) / a^3 - p0 (x - p1) / b^3, y'' = y - 2 x' - p1 y / a^3 - p0 y / b^3";
    static constexpr std::size_t dim = 4;
    static constexpr bool transcendental = true;

    static std::vector<Rational> parameters() { return {ratio(12277471, 1000000000), ratio(987722529, 1000000000)}; }
    static std::vector<Rational> x0() { return {ratio(497, 500), ratio(0), ratio(0), Rational("-200158510637908252240537862224/100000000000000000000000000000")}; }
    static std::vector<Rational> target() { return {ratio(1), ratio(0), ratio(0), ratio(-2)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return Rational("170652165601579625588917206249/10000000000000000000000000000"); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        using std::sqrt;
        const T to_earth = x[0] + p[0], to_moon = x[0] - p[1], y2 = x[1] * x[1];
        const T a2 = to_earth * to_earth + y2, b2 = to_moon * to_moon + y2;
        const T earth = p[1] / (a2 * sqrt(a2)), moon = p[0] / (b2 * sqrt(b2));
        dx[0] = x[2];
        dx[1] = x[3];
        dx[2] = x[0] + (x[3] + x[3]) - earth * to_earth - moon * to_moon;
        dx[3] = x[1] - (x[2] + x[2]) - (earth + moon) * x[1];
    }
};

}  // namespace costate::ode
