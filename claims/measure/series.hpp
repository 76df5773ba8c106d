// What a step does and what the flow does, as power series in h; and the error constants that the rooted trees predict.
#pragma once

#include "claims/engine.hpp"
#include "ode/rooted_trees.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace costate::claims {

/// C[[h]] with series_terms coefficients; C is Rational or Mpfr50.
template <class C>
using Expansion = Series<C, series_terms>;

/// ẋ = f(x₀ + …): an autonomous field y' = F(y) on series. The functions of this file need values only.
template <class C>
using Autonomous = std::function<void(std::span<const Expansion<C>>, std::span<Expansion<C>>)>;

/// y = (x, t): F = (f(t, x), 1).
template <class C>
Autonomous<C> autonomous(Field<Expansion<C>> f);
/// y = (x, ẋ, t): F = (f, ∂f/∂x ẋ, 1). The derivative of a step along ẋ₀ is the same step of this field.
template <class C>
Autonomous<C> tangent_field(Field<Expansion<C>> f);
/// y = (x, λ, t): F = (f, -λᵀ∂f/∂x, 1).
template <class C>
Autonomous<C> adjoint_field(Field<Expansion<C>> f);

/// x(h) of y' = F(y), y(0) = y₀:  y_[k+1] = F(y)_[k]/(k+1) (Taylor recursion).
template <class C>
std::vector<Expansion<C>> flow_series(const Autonomous<C>& field, std::span<const C> y0);

/// F(τ)(y) for every tree of the list, F(•) = F, F([τ₁…τ_m]) = F⁽ᵐ⁾(F(τ₁), …, F(τ_m)): derivatives by polarisation,
/// F⁽ᵐ⁾(v₁…v_m) = Σ_{S ⊂ {1…m}} (-1)^(m-|S|) [εᵐ] F(y + ε Σ_{i∈S} v_i). Trees up to order series_terms.
template <class C>
std::vector<std::vector<C>> elementary_differentials(const Autonomous<C>& field, std::span<const C> y, const std::vector<ode::RootedTree>& trees);

/// Σ_{|τ| = k} e(τ) F(τ)(y) at index k = 0 … highest: x₁ - Φ_h = Σ_k hᵏ (the k-th), x₁ the end of a step and Φ_h that of the flow.
template <class C>
std::vector<std::vector<C>> error_expansion(const ode::Tableau& tableau, const Autonomous<C>& field, std::span<const C> y, std::size_t highest);

/// x₁ - Φ_h = h^(p+1) constant + …, x₁ the end of the step and Φ_h that of the flow: p from the tableau's own order conditions, constant = Σ_{|τ|=p+1} e(τ) F(τ)(y).
template <class C>
struct ErrorConstant {
    std::size_t order = 0;  ///< p
    std::vector<C> constant;
};
template <class C>
ErrorConstant<C> predicted_error(const ode::Tableau& tableau, const Autonomous<C>& field, std::span<const C> y);

/// The smallest valuation of the series, series_terms where all vanish. Below `zero` in absolute value a real coefficient counts as 0
/// (exact scalars have zero = 0).
template <class C>
std::size_t valuation(std::span<const Expansion<C>> series, double zero = 0);

/// The coefficients of hᵏ.
template <class C>
std::vector<C> coefficients(std::span<const Expansion<C>> series, std::size_t k);

}  // namespace costate::claims
