// θ' = ω,  ω' = -p₀ sin θ - p₁ω: a pendulum with p₀ = g/l and damping p₁.
#pragma once

#include "scalar/rational.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// Autonomous; without damping (the default) θ(t) is a Jacobi elliptic function.
struct Pendulum {
    static constexpr std::string_view name = "pendulum";
    static constexpr std::string_view equation = "theta' = omega, omega' = -p0 sin(theta) - p1 omega";
    static constexpr std::size_t dim = 2;
    static constexpr bool transcendental = true;

    static std::vector<Rational> parameters() { return {ratio(1), ratio(0)}; }
    static std::vector<Rational> x0() { return {ratio(3, 2), ratio(0)}; }
    static std::vector<Rational> target() { return {ratio(1), ratio(1)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(2); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        using std::sin;
        dx[0] = x[1];
        dx[1] = -(p[0] * sin(x[0])) - p[1] * x[1];
    }
};

}  // namespace costate::ode
