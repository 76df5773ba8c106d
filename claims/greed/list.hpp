// The claims of Blasingame & Liu, "Greed is Good: Guided Generation from a Greedy Perspective" (2025), one file a claim.
#pragma once

#include "claims/claim.hpp"

#include <vector>

namespace costate::claims {

Claim flow_model();
Claim exact_solution();
Claim greedy_is_explicit_euler();
Claim greedy_is_implicit_euler();
Claim greedy_dynamics();
Claim greedy_convergence();
Claim single_step_gradients();
Claim posterior_of_order_alpha();
Claim control_signal();
Claim horizon();

/// All of them, in the order of the paper.
std::vector<Claim> greed();

}  // namespace costate::claims
