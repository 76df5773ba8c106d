// x' = y,  y' = p₀(1 - x²)y - x: van der Pol's oscillator with μ = p₀.
#pragma once

#include "scalar/rational.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// Polynomial, autonomous, with a limit cycle; stiff when μ is large.
struct VanDerPol {
    static constexpr std::string_view name = "van-der-pol";
    static constexpr std::string_view equation = "x' = y, y' = p0 (1 - x^2) y - x";
    static constexpr std::size_t dim = 2;
    static constexpr bool transcendental = false;

    static std::vector<Rational> parameters() { return {ratio(1)}; }
    static std::vector<Rational> x0() { return {ratio(2), ratio(0)}; }
    static std::vector<Rational> target() { return {ratio(1), ratio(1)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(1); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = x[1];
        dx[1] = p[0] * (x[1] - x[0] * x[0] * x[1]) - x[0];
    }
};

/// The same with μ = 10 over about one period: slow along two branches, with fast jumps between them.
struct VanDerPol10 : VanDerPol {
    static constexpr std::string_view name = "van-der-pol-10";
    static constexpr std::string_view equation = "x' = y, y' = p0 (1 - x^2) y - x with p0 = 10";

    static std::vector<Rational> parameters() { return {ratio(10)}; }
    static Rational t1() { return ratio(20); }
};

}  // namespace costate::ode
