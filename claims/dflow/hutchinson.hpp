// εᵀAε for A = D_xu: its mean is tr A, its variance is known (Hutchinson 1990).
#pragma once

#include "claims/claim.hpp"
#include "claims/dflow/trajectory.hpp"

#include <cstddef>

namespace costate::claims {

/// Over every vector of a probe, in ℚ, on the linear field of the setting's dimension: findings "unbiased", "variance with signs"
/// and "variance with Gaussian moments".
void hutchinson(const Setting& setting, Evidence& evidence);

/// Probes of N(0, scale² I) on the setting's own field at one node of a trajectory, a jvp each, seeded: about 8000 values
/// together. Findings "sampled mean", tr D_xu, and "sampled variance", 2‖(D_xu + D_xuᵀ)/2‖_F², each within half_width standard
/// deviations of what is sampled; they accompany the verdict. A scale other than 1 is wrong on purpose.
void hutchinson_sample(const Setting& setting, const TrajectoryNode& node, Evidence& evidence, double scale = 1);

/// Of the normal distribution outside of ±half_width: 6e-7.
inline constexpr double half_width = 5;

}  // namespace costate::claims
