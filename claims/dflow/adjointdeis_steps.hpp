// AdjointDEIS-1 and the reverse of DDIM in one step and in many.
#pragma once

#include "claims/claim.hpp"
#include "claims/dflow/adjointdeis.hpp"

namespace costate::claims {

/// Whether times, path and ε̂ are in ℚ.
bool exact_noise_model(const Setting& setting);

template <class T>
NoiseModel<T> noise_model(const Setting& setting);

/// In C[[h]], the step from t₀ to t₀ + h: AdjointDEIS-1 minus the reverse of DDIM = h² αr' [(α'/α) λᵀε̂_x + d/dt(λᵀε̂_x)] + …,
/// r = σ/α, d/dt along the flow. "gap over one step"; and the same at h = 1/4, 1/8, … as a picture.
struct StepGap {
    Finding finding;
    Figure figure;
};
StepGap gap_over_one_step(const Setting& setting, Exponent exponent);

/// From σ/α = 1/2 to 2/5 in N = 1 … 2^12 equal steps: both converge to the gradient of the flow with order 1,
/// and so does their difference to 0, with the constant ‖∫ D(t)ᵀ c(t) dt‖, c the coefficient of the gap over one step. A network: the
/// difference only, in double precision.
void many_steps(const Setting& setting, Exponent exponent, Evidence& evidence);

}  // namespace costate::claims
