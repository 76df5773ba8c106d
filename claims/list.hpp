// Every claim, in the order of the report.
#pragma once

#include "claims/claim.hpp"

#include <vector>

namespace costate::claims {

/// The classics, then those of Greed is Good and of D-Flow.
std::vector<Claim> all_claims();

}  // namespace costate::claims
