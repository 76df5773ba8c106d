// Extrapolation methods as tableaus: a basic method on ever finer grids over one step, extrapolated to step 0. Generated in ℚ, of any order.
#pragma once

#include "ode/tableau.hpp"

#include <cstddef>
#include <string_view>

namespace costate::ode {

inline constexpr std::string_view gragg_name = "gragg", aitken_neville_name = "aitken-neville";

/// Up to here they can be asked for by name. Their weights alternate and grow with the order, so that in double little is gained beyond.
inline constexpr std::size_t highest_extrapolation = 16;

/// T_k = Σ_j w_j T_j,1,  w_j = Π_{i≠j} n_j/(n_j − n_i),  T_j,1 the end of n_j = j Euler steps of h/n_j, j = 1 … k: order k,
/// 1 + k(k − 1)/2 stages, f(t, x₀) being shared (Aitken–Neville; harmonic sequence, Deuflhard 1983). b̂ leaves the coarsest grid out: order k − 1.
/// Throws std::invalid_argument for order 0.
[[nodiscard]] Tableau extrapolation_euler(std::size_t order);

/// The same of the modified midpoint rule x_1 = x₀ + (h/n) f(x₀), x_{i+1} = x_{i−1} + 2(h/n) f(x_i), on n_j = 2j steps, whose error is a series in h²:
/// w_j = Π_{i≠j} n_j²/(n_j² − n_i²), order 2k, 1 + k² stages (Gragg 1965; Bulirsch, Stoer 1966; no smoothing step). b̂: order 2k − 2.
/// Throws std::invalid_argument for an order that is odd or 0.
[[nodiscard]] Tableau gragg(std::size_t order);

}  // namespace costate::ode
