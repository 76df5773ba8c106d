// x' = p₀ + x²y - p₁x - x,  y' = p₁x - x²y: Prigogine and Lefever's chemical oscillator (1968) without diffusion.
#pragma once

#include "scalar/rational.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// Polynomial, autonomous, with a limit cycle where p₁ > 1 + p₀²; start and end as in Hairer, Nørsett, Wanner, Solving ODEs I, II.4.
struct Brusselator {
    static constexpr std::string_view name = "brusselator";
    static constexpr std::string_view equation = "x' = p0 + x^2 y - p1 x - x, y' = p1 x - x^2 y";
    static constexpr std::size_t dim = 2;
    static constexpr bool transcendental = false;

    static std::vector<Rational> parameters() { return {ratio(1), ratio(3)}; }
    static std::vector<Rational> x0() { return {ratio(3, 2), ratio(3)}; }
    static std::vector<Rational> target() { return {ratio(1), ratio(1)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(20); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        const T reaction = x[0] * x[0] * x[1], decay = p[1] * x[0];
        dx[0] = p[0] + reaction - decay - x[0];
        dx[1] = decay - reaction;
    }
};

}  // namespace costate::ode
