// The equations whose step shows every condition of order on its own: Butcher's, one for each rooted tree.
#pragma once

#include "claims/classics/common.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace costate::claims::classical {

/// y_τ' = Π_k y_(τ_k) for τ = [τ₁ … τ_m], y_•' = 1, from 0: exactly y_τ(h) = h^|τ|/γ(τ), after one step h^|τ| Σ_i b_i g_i(τ) (Butcher
/// 1963). `trees` as ode::rooted_trees lists them, children before parents.
template <class T>
void forest_slope(const std::vector<ode::RootedTree>& trees, std::span<const T> y, std::span<T> slope) {
    for (std::size_t k = 0; k < trees.size(); ++k) {
        slope[k] = T(1);
        for (const std::size_t child : trees[k].children) slope[k] = slope[k] * y[child];
    }
}

/// γ(τ) y_τ(1) after one step of length 1, for all trees up to an order: 1 where the condition holds. The engine takes the step.
std::vector<Rational> forest_step(const ode::Tableau& tableau, std::size_t highest);
/// The same of any tableau, implicit ones too, from its step in powers of h; highest < series_terms.
std::vector<Rational> forest_step_in_series(const ode::Tableau& tableau, std::size_t highest);

/// One step of any tableau, implicit ones too, in powers of h: k_i = F(y + h Σ_j a_ij k_j), every sweep gains a power.
template <class C>
std::vector<Expansion<C>> implicit_step(const ode::Tableau& tableau, const Autonomous<C>& field, const std::vector<C>& y0);

/// The order that γ(τ) y_τ(1) show: the largest p up to which all are 1, those of decimals up to decimal_tolerance().
std::size_t order_shown(const std::vector<Rational>& shown, std::size_t highest, bool exact = true);
/// A finding: the order by Σ b_i g_i(τ) = 1/γ(τ) from the tableau, against the one that the step shows.
Finding order_finding(std::string name, std::size_t predicted, const std::vector<Rational>& shown, std::size_t highest, bool exact = true);
/// γ(τ) Σ b_i g_i(τ) from the tableau, and γ(τ) y_τ(1) of the step, tree by tree.
Figure forest_figure(const ode::Tableau& tableau, const std::vector<Rational>& shown, std::size_t highest);

}  // namespace costate::claims::classical
