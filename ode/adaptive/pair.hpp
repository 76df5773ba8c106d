// What an embedded pair needs beside its tableau to choose steps and to be read between them: estimate and interpolant, as data in ℚ.
#pragma once

#include "ode/coefficients.hpp"
#include "ode/tableau.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::ode {

/// x(t + τh) = H(τ) + h Σ_m B_m(τ) Σ_i d_mi k_i,  with H the cubic through both ends and their slopes and
/// B_1 = τ²(1−τ)², B_2 = τ³(1−τ)², B_3 = τ³(1−τ)³, B_4 = τ⁴(1−τ)³, …: once differentiable across steps whatever the d.
/// (Shampine, Some practical Runge–Kutta formulas, 1986; Hairer, Nørsett, Wanner, Solving ODEs I, II.6)
struct Interpolant {
    std::size_t order = 3;                         ///< uniformly in τ: the error is O(h^(order+1)) in one step
    std::string source = "cubic Hermite";
    std::vector<std::vector<Rational>> d = {};     ///< a row a B_m, on the stages and the extra ones
    std::vector<std::vector<Rational>> extra = {}; ///< rows of a of stages evaluated only where values between the ends are wanted
};

/// A tableau with b̂, its stages followed by k_S = f(t₁, x₁) unless the last already is that: S stages, which the rows below are on.
struct EmbeddedPair {
    Tableau tableau;
    std::size_t order = 0;       ///< of b
    std::size_t error_order = 0; ///< k: the estimate is O(h^k)
    std::vector<Rational> error; ///< e = h Σ (b_i − b̂_i) k_i
    /// Where not empty a second estimate, of lower order, by which ‖e‖ becomes ‖e‖²/√(‖e‖² + ‖e₂‖²/100): DOP853's way to one of order 8
    /// (Hairer, Nørsett, Wanner I, II.10, eq. 10.17).
    std::vector<Rational> second;
    Interpolant interpolant;

    [[nodiscard]] std::size_t stages() const { return error.size(); }
};

/// The pair of a tableau of the library, with an interpolant of order p − 1 or more: that of its authors, or one made for it (source and order say which).
/// Throws std::invalid_argument for a tableau that is implicit, inconsistent or without b̂.
[[nodiscard]] EmbeddedPair embedded_pair(const Tableau& tableau);
[[nodiscard]] EmbeddedPair embedded_pair(std::string_view tableau);

namespace detail {

template <Scalar T>
Terms<T> terms_of(const std::vector<Rational>& values) {
    Terms<T> terms;
    for (std::size_t i = 0; i < values.size(); ++i) terms.add(i, values[i]);
    return terms;
}

inline std::size_t fingerprint_of(const EmbeddedPair& pair) {
    std::size_t mixed = 0;
    for (const auto* part : {&pair.tableau.c, &pair.tableau.a, &pair.tableau.b, &pair.error, &pair.second})
        for (const Rational& q : *part) mixed = mixed * 0x9e3779b97f4a7c15u + std::hash<std::string>{}(q.str());
    return mixed;
}

/// B_{m+1}(τ), of degree m + 4.
template <Scalar T>
T bump(std::size_t m, const T& tau) {
    const T rest = T(1) - tau, both = tau * rest;
    T value = both * both;
    for (std::size_t i = 0; i < m; ++i) value = value * (i % 2 == 0 ? tau : rest);
    return value;
}

}  // namespace detail

/// A pair in the scalar it is run in, zeros left out. Steps are those of step(Coefficients(tableau), …), bitwise.
template <Scalar T>
struct PairCoefficients {
    std::size_t stages = 0;             ///< S
    std::size_t extra = 0;              ///< stages of the interpolant alone, after the S
    std::vector<T> c;                   ///< S + extra
    std::vector<Terms<T>> rows;         ///< S + extra; row S is b
    Terms<T> weights, error, second;
    std::vector<Terms<T>> corrections;  ///< d_m
    bool late_end = false;              ///< k_S is not in the estimate: evaluated once the step is accepted
    std::size_t order = 0, error_order = 0, interpolation_order = 0;
    std::size_t fingerprint = 0;        ///< of (c, A, b) and the estimates: pairs whose steps or errors differ differ here

    explicit PairCoefficients(const EmbeddedPair& pair)
        : stages(pair.stages()),
          extra(pair.interpolant.extra.size()),
          order(pair.order),
          error_order(pair.error_order),
          interpolation_order(pair.interpolant.order),
          fingerprint(detail::fingerprint_of(pair)) {
        for (std::size_t i = 0; i + 1 < stages; ++i) {
            c.push_back(from_rational<T>(pair.tableau.c[i]));
            Terms<T> row;
            for (std::size_t j = 0; j < i; ++j) row.add(j, pair.tableau.A(i, j));
            rows.push_back(std::move(row));
        }
        weights = detail::terms_of<T>(pair.tableau.b);
        c.push_back(T(1));
        rows.push_back(weights);
        for (const std::vector<Rational>& row : pair.interpolant.extra) {
            Rational node = 0;
            for (const Rational& a : row) node += a;
            c.push_back(from_rational<T>(node));
            rows.push_back(detail::terms_of<T>(row));
        }
        error = detail::terms_of<T>(pair.error);
        second = detail::terms_of<T>(pair.second);
        for (const std::vector<Rational>& row : pair.interpolant.d) corrections.push_back(detail::terms_of<T>(row));
        late_end = std::find(error.index.begin(), error.index.end(), stages - 1) == error.index.end();
    }
    explicit PairCoefficients(const Tableau& tableau) : PairCoefficients(embedded_pair(tableau)) {}
    explicit PairCoefficients(std::string_view tableau) : PairCoefficients(embedded_pair(tableau)) {}

    /// w_i(τ) of x(t + τh) = x₀ + h Σ w_i k_i, for the S stages and the extra ones; H(τ) is of x₁ = x₀ + h Σ b_i k_i.
    void interpolation_weights(const T& tau, std::span<T> w) const {
        const T rest = T(1) - tau, right = tau * tau * (rest + rest + T(1));
        std::fill(w.begin(), w.end(), T(0));
        for (std::size_t m = 0; m < weights.index.size(); ++m) w[weights.index[m]] += right * weights.coefficient[m];
        w[0] += tau * rest * rest;
        w[stages - 1] -= tau * tau * rest;
        for (std::size_t m = 0; m < corrections.size(); ++m) {
            const T bump = detail::bump<T>(m, tau);
            for (std::size_t j = 0; j < corrections[m].index.size(); ++j) w[corrections[m].index[j]] += bump * corrections[m].coefficient[j];
        }
    }
};

}  // namespace costate::ode
