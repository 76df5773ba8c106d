// Φ(τ) = 1/γ(τ) for every rooted tree |τ| ≤ p: the order of a Runge–Kutta method, proved in ℚ; of decimals, bounded.
#pragma once

#include "ode/tableau.hpp"
#include "scalar/rational.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace costate::ode {

/// The largest order whose conditions are generated: 1205 trees up to there.
inline constexpr std::size_t highest_order = 10;

/// τ = [τ₁ … τ_m], the children as indices (ascending, with repetition) into the list that holds τ.
///   |τ| = 1 + Σ|τ_k|,   σ(τ) = Π_k σ(τ_k) · Π (multiplicities)!,   γ(τ) = |τ| Π_k γ(τ_k)
/// (Butcher 1963; Hairer, Nørsett, Wanner, Solving ODEs I, II.2)
struct RootedTree {
    std::vector<std::size_t> children;
    std::size_t order = 1;
    std::int64_t symmetry = 1;
    std::int64_t density = 1;
};

/// All rooted trees of order ≤ max_order, ascending in order; 1, 1, 2, 4, 9, 20, 48, 115, 286, 719 of order 1 … 10.
/// Throws std::invalid_argument above highest_order.
[[nodiscard]] std::vector<RootedTree> rooted_trees(std::size_t max_order);

/// Φ(τ) = Σ_i b_i g_i(τ),  g_i(•) = 1,  g_i([τ₁ … τ_m]) = Π_k Σ_j a_ij g_j(τ_k), for every tree of the list.
/// The tableau may be implicit.
[[nodiscard]] std::vector<Rational> elementary_weights(const Tableau& tableau, const std::vector<Rational>& b,
                                                       const std::vector<RootedTree>& trees);

/// e(τ) = (Φ(τ) − 1/γ(τ)) / σ(τ): x₁ − Φ_h(x₀) = Σ_τ h^|τ| e(τ) F(τ)(x₀), for every tree of the list (b propagated).
[[nodiscard]] std::vector<Rational> error_coefficients(const Tableau& tableau, const std::vector<RootedTree>& trees);

/// The largest p ≤ highest_order with Φ(τ) = 1/γ(τ) for all |τ| ≤ p; 0 where already Σ b_i ≠ 1. Of a tableau of decimals, with
/// |γ(τ) Φ(τ) − 1| ≤ decimal_tolerance(), at 100 digits. Where all conditions up to highest_order hold, tableau.beyond if that is higher.
/// The order on autonomous fields, and on every field when c_i = Σ_j a_ij (see consistent).
[[nodiscard]] std::size_t order(const Tableau& tableau);

/// The same for b̂, highest_order at most; 0 where there is no embedded method.
[[nodiscard]] std::size_t embedded_order(const Tableau& tableau);

/// max |γ(τ) Φ(τ) − 1| over |τ| ≤ p, at 100 digits: what is left of the conditions of order p. Throws std::invalid_argument above highest_order.
[[nodiscard]] double order_residual(const Tableau& tableau, std::size_t p);

}  // namespace costate::ode
