// Seven stars of masses p₀ … p₆ in a plane: x_i'' = Σ_j p_j (x_j - x_i)/r_ij³,  y_i'' = Σ_j p_j (y_j - y_i)/r_ij³.
#pragma once

#include "scalar/rational.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// State (x₁ … x₇, y₁ … y₇, x₁' … x₇', y₁' … y₇'), autonomous, with close encounters (Hairer, Nørsett, Wanner, Solving ODEs I, II.10, eq. 10.2, 10.3).
struct Pleiades {
    static constexpr std::string_view name = "pleiades";
    static constexpr std::string_view equation = "x_i'' = sum_j p_j (x_j - x_i) / r_ij^3, y_i'' = sum_j p_j (y_j - y_i) / r_ij^3";
    static constexpr std::size_t dim = 28;
    static constexpr bool transcendental = true;

    static std::vector<Rational> parameters() { return {ratio(1), ratio(2), ratio(3), ratio(4), ratio(5), ratio(6), ratio(7)}; }
    static std::vector<Rational> x0() {
        std::vector<Rational> start;
        for (const int x : {3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4}) start.push_back(ratio(x));
        for (const int quarters : {0, 0, 0, 0, 0, 7, -6, 0, 0, 0, -5, 4, 0, 0}) start.push_back(ratio(quarters, 4));
        return start;
    }
    static std::vector<Rational> target() { return std::vector<Rational>(dim, ratio(0)); }
    static Rational t0() { return ratio(0); }
    static Rational t1() { return ratio(3); }

    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        using std::sqrt;
        for (std::size_t i = 0; i < 14; ++i) {
            dx[i] = x[14 + i];
            dx[14 + i] = T(0);
        }
        for (std::size_t i = 0; i < 7; ++i)
            for (std::size_t j = 0; j < i; ++j) {
                const T across = x[j] - x[i], up = x[7 + j] - x[7 + i], r2 = across * across + up * up;
                const T r3 = r2 * sqrt(r2), to_j = p[j] / r3, to_i = p[i] / r3;
                dx[14 + i] += to_j * across;
                dx[21 + i] += to_j * up;
                dx[14 + j] -= to_i * across;
                dx[21 + j] -= to_i * up;
            }
    }
};

}  // namespace costate::ode
