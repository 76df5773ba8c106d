// x'' = -p₀ x/r³,  y'' = -p₀ y/r³: one body about a fixed one, p₀ = GM.
#pragma once

#include "scalar/rational.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// State (x, y, x', y'), autonomous; the start is the pericentre of an ellipse of eccentricity 3/5, half axis 1 and period 2π.
struct Kepler {
    static constexpr std::string_view name = "kepler";
    static constexpr std::string_view equation = "x' = u, y' = v, u' = -p0 x / r^3, v' = -p0 y / r^3, r^2 = x^2 + y^2";
    static constexpr std::size_t dim = 4;
    static constexpr bool transcendental = true;

    static std::vector<Rational> parameters() { return {ratio(1)}; }
    static std::vector<Rational> x0() { return {ratio(2, 5), ratio(0), ratio(0), ratio(2)}; }
    static std::vector<Rational> target() { return {ratio(0), ratio(1), ratio(-1), ratio(0)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(20); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        using std::sqrt;
        const T r2 = x[0] * x[0] + x[1] * x[1];
        const T pull = p[0] / (r2 * sqrt(r2));
        dx[0] = x[2];
        dx[1] = x[3];
        dx[2] = -(pull * x[0]);
        dx[3] = -(pull * x[1]);
    }
};

}  // namespace costate::ode
