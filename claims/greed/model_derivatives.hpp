// A flow model in the regular variables: its values and its derivatives, in time too.
#pragma once

#include "claims/claim.hpp"

namespace costate::claims::ahead {

/// dx̃/dr = ε̂(r, x̃), x̃ = x/α, r = σ/α, at t = 3/5 and one x, in ℚ where the model has values there, else at 50 digits. Findings:
///   "regular field"       ε̂ as a network's output would enter, against the field made from u
///   "regular tangent"     jvp in x̃ and r, and that of u in x and t, against the coefficient of h in powers of h, which calls no derivative
///   "regular transpose"   λᵀ(jvp) = x̄ᵀẋ + r̄ṙ of the vjp, and of u
/// The setting's field lies on a path. Throws as make_ahead does.
void add_regular_derivatives(const Setting& setting, Evidence& evidence);

}  // namespace costate::claims::ahead
