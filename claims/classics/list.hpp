// The theorems that the others stand on: Runge–Kutta methods, their partners, and the reverse mode.
#pragma once

#include "claims/claim.hpp"

#include <vector>

namespace costate::claims {

Claim tableau_order();
Claim partner_order();
Claim dto_is_partner();
Claim zero_weight();
Claim lambda_delta();
Claim dto_order();
Claim otd_gap();
Claim one_step_constants();
Claim there_and_back();
Claim reverse_is_transpose();
Claim grid_times();
Claim reversible_map();

/// The twelve above, in the order in which they build on each other.
std::vector<Claim> classics();

}  // namespace costate::claims
