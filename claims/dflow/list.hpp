// The claims of D-Flow (Ben-Hamu et al. 2024), and AdjointDEIS-1 (Blasingame & Liu 2024) against the gradient of DDIM.
#pragma once

#include "claims/claim.hpp"

#include <vector>

namespace costate::claims {

Claim dflow_theorem_4_1();
Claim dflow_variation();
Claim dflow_likelihood();
Claim dflow_regulariser();
Claim adjointdeis_1();

/// All of them, in this order.
std::vector<Claim> dflow();

}  // namespace costate::claims
