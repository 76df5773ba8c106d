// Optimize-then-discretize in plain loops: the field of (x, λ) stepped backwards by a tableau, against the engine's two methods.
#pragma once

#include "claims/claim.hpp"

namespace costate::claims::classical {

/// Findings in ℚ, over two steps of the setting's tableau (on the polynomial field where the setting's has no values in ℚ):
///   "stored states", "backsolve"  λ(t₀) of the engine's method against the loops, x read from the forward solution or integrated back
///   "ends"                        ∂L/∂t₁ = λ(t₁)·f(t₁, x₁) and ∂L/∂t₀ = -λ(t₀)·f(t₀, x₀) of both
void otd_in_plain_loops(Setting setting, Evidence& evidence);

}  // namespace costate::claims::classical
