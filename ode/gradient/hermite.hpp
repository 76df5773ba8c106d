// The cubic through both ends of a step and their slopes, and Gauss nodes in every scalar that has them.
#pragma once

#include "ode/gauss.hpp"
#include "scalar/expansion_point.hpp"
#include "scalar/traits.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

namespace costate::ode {

/// y(t + τh) = left y₀ + right y₁ + h (left_slope y₀' + right_slope y₁'): error -h⁴ τ²(1-τ)² y⁗/24 + O(h⁵).
/// At τ = 0 and 1 the ends themselves. No division: exact wherever τ is.
template <Scalar T>
struct HermiteWeights {
    T left, right, left_slope, right_slope;

    explicit HermiteWeights(const T& tau) {
        const T rest = T(1) - tau;
        left = (T(1) + tau + tau) * rest * rest;
        right = tau * tau * (rest + rest + T(1));
        left_slope = tau * rest * rest;
        right_slope = -(tau * tau * rest);
    }
};

/// Both ends of a step of length h: y₀, y₁ and their slopes.
template <class T>
struct Ends {
    std::span<const T> left, right, left_slope, right_slope;
};

/// The cubic at one τ. out is none of the ends.
template <Scalar T>
void interpolate(const HermiteWeights<T>& w, const T& h, const Ends<T>& ends, std::span<T> out) {
    const T of_left = h * w.left_slope, of_right = h * w.right_slope;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = w.left * ends.left[i] + w.right * ends.right[i] + (of_left * ends.left_slope[i] + of_right * ends.right_slope[i]);
}

/// The m-node Gauss rule in T, in an expansion that of its coefficients. The nodes of 2 and more are irrational:
/// throws std::domain_error for them in an exact scalar.
template <Scalar T>
GaussRule<T> gauss_nodes(std::size_t m) {
    if (m == 1) return {{T(1) / T(2)}, {T(1)}, {T(1)}};
    if constexpr (ScalarTraits<T>::exact) {
        throw std::domain_error("Gauss quadrature with " + std::to_string(m) + " nodes a step: they are irrational, and the scalar is exact; use :quadrature");
    } else if constexpr (requires { typename T::Coefficient; }) {
        const auto rule = gauss_nodes<typename T::Coefficient>(m);
        return {{rule.nodes.begin(), rule.nodes.end()}, {rule.weights.begin(), rule.weights.end()}, {rule.legendre.begin(), rule.legendre.end()}};
    } else {
        return gauss_rule<T>(m);
    }
}

}  // namespace costate::ode
