// ∫₀¹ g(τ) dτ ≈ Σ_j b_j g(τ_j): Gauss–Legendre nodes in any scalar, and the polynomial through values at them.
#pragma once

#include "scalar/traits.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode {

/// The s-node rule on [0, 1], nodes ascending; exact for polynomials of degree 2s - 1.
template <Scalar T>
struct GaussRule {
    std::vector<T> nodes, weights;
    std::vector<T> legendre;  ///< P_k(2τ_j - 1) at [k · s + j], k < s
    [[nodiscard]] std::size_t size() const { return nodes.size(); }
};

namespace detail {

/// P_0(ξ) … P_n(ξ) by (k+1) P_{k+1} = (2k+1) ξ P_k - k P_{k-1}.
template <Scalar T>
void legendre_values(const T& xi, std::span<T> values) {
    values[0] = T(1);
    if (values.size() > 1) values[1] = xi;
    for (std::size_t k = 1; k + 1 < values.size(); ++k) {
        const auto n = static_cast<int>(k);
        values[k + 1] = (T(2 * n + 1) * xi * values[k] - T(n) * values[k - 1]) / T(n + 1);
    }
}

}  // namespace detail

/// The rule by Newton's method on P_s from the asymptotic zeros cos(π (i + ¾)/(s + ½)).
template <Scalar T>
GaussRule<T> gauss_rule(std::size_t s) {
    GaussRule<T> rule{std::vector<T>(s), std::vector<T>(s), std::vector<T>(s * s)};
    std::vector<T> p(s + 1);
    for (std::size_t i = 0; i < s; ++i) {
        const std::size_t j = s - 1 - i;  // cos descends
        T xi = T(std::cos(3.14159265358979323846 * (static_cast<double>(i) + 0.75) / (static_cast<double>(s) + 0.5)));
        T slope{};
        for (int digits = 2; digits < 4 * ScalarTraits<T>::digits10; digits *= 2) {
            detail::legendre_values(xi, std::span<T>(p));
            slope = T(static_cast<int>(s)) * (xi * p[s] - p[s - 1]) / (xi * xi - T(1));  // P_s'
            xi -= p[s] / slope;
        }
        detail::legendre_values(xi, std::span<T>(p));
        slope = T(static_cast<int>(s)) * (xi * p[s] - p[s - 1]) / (xi * xi - T(1));
        rule.nodes[j] = (T(1) + xi) / T(2);
        rule.weights[j] = T(1) / ((T(1) - xi * xi) * slope * slope);
        for (std::size_t k = 0; k < s; ++k) rule.legendre[k * s + j] = p[k];
    }
    return rule;
}

/// M[i · s + j] = ∫₀^{τ_i} ℓ_j dτ for the Lagrange polynomials of the rule: Σ_j M_ij g(τ_j) integrates the interpolant of g up to points[i].
/// With its own nodes as points it is the matrix A of the Gauss collocation method (Butcher 1964).
template <Scalar T>
std::vector<T> integration_matrix(const GaussRule<T>& rule, std::span<const T> points) {
    const std::size_t s = rule.size();
    std::vector<T> matrix(points.size() * s, T(0)), p(s + 1);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const T xi = T(2) * points[i] - T(1);
        detail::legendre_values(xi, std::span<T>(p));
        for (std::size_t j = 0; j < s; ++j) {
            // ℓ_j = b_j Σ_k (2k+1) P_k(ξ_j) P_k and ∫₀^τ P_k = (P_{k+1} - P_{k-1}) / (2 (2k+1))
            T sum = xi + T(1);
            for (std::size_t k = 1; k < s; ++k) sum += rule.legendre[k * s + j] * (p[k + 1] - p[k - 1]);
            matrix[i * s + j] = rule.weights[j] * sum / T(2);
        }
    }
    return matrix;
}

/// The size of the highest two Legendre coefficients of the interpolant of g, (2k+1) Σ_j b_j P_k(τ_j) g_j: what a polynomial of degree s - 1 leaves.
/// values is s × n, row j = g(τ_j); the maximum over the n columns, in double.
template <Scalar T>
double legendre_tail(const GaussRule<T>& rule, std::span<const T> values) {
    const std::size_t s = rule.size(), n = values.size() / s;
    double tail = 0;
    for (std::size_t k = s < 2 ? 0 : s - 2; k < s; ++k) {
        for (std::size_t i = 0; i < n; ++i) {
            T c = T(0);
            for (std::size_t j = 0; j < s; ++j) c += rule.weights[j] * rule.legendre[k * s + j] * values[j * n + i];
            const double size = (2.0 * static_cast<double>(k) + 1) * std::abs(ScalarTraits<T>::to_double(c));
            tail = std::isfinite(size) ? std::max(tail, size) : HUGE_VAL;
        }
    }
    return tail;
}

}  // namespace costate::ode
