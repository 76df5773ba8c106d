// x' = p₀y - p₁x³ + tx,  y' = p₂ - xy + p₃ty²: a polynomial field with rational coefficients and explicit time.
#pragma once

#include "scalar/rational.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// For exact arithmetic and for orders: cubic and non-autonomous, so that no leading error coefficient vanishes by an accident of the field.
struct RationalPolynomial {
    static constexpr std::string_view name = "polynomial";
    static constexpr std::string_view equation = "x' = p0 y - p1 x^3 + t x, y' = p2 - x y + p3 t y^2";
    static constexpr std::size_t dim = 2;
    static constexpr bool transcendental = false;

    static std::vector<Rational> parameters() { return {ratio(3, 2), ratio(2, 3), ratio(1, 2), ratio(3, 4)}; }
    static std::vector<Rational> x0() { return {ratio(1, 2), ratio(3, 4)}; }
    static std::vector<Rational> target() { return {ratio(1, 3), ratio(-1, 2)}; }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(1); }

    template <class T>
    void operator()(const T& t, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = p[0] * x[1] - p[1] * x[0] * x[0] * x[0] + t * x[0];
        dx[1] = p[2] - x[0] * x[1] + p[3] * t * x[1] * x[1];
    }
};

}  // namespace costate::ode
