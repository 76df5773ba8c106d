// The guidance methods, each in a file of its own beside this one.
#pragma once

#include "guidance/guide/method.hpp"

namespace costate::guidance::methods {

GuidanceMethod unconditional();
GuidanceMethod greedy();
GuidanceMethod d_flow();
GuidanceMethod end_to_end();
GuidanceMethod flowgrad();
GuidanceMethod oc_flow();
GuidanceMethod control_signal();
GuidanceMethod d_flow_sgld();
GuidanceMethod dps();
GuidanceMethod pigdm();
GuidanceMethod ot_ode();
GuidanceMethod red_diff();
GuidanceMethod pnp_flow();
GuidanceMethod flowchef();
GuidanceMethod flow_priors();

// What the methods are measured against; not in the list.

/// "pseudo-inverse": H⁺y
GuidanceMethod pseudo_inverse();
/// "regularised-inverse": Hᵀ(HHᵀ + σ_y²I)⁻¹y
GuidanceMethod regularised_inverse();

}  // namespace costate::guidance::methods
