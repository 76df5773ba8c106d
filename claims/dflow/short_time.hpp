// Over a time h:  D(h) - exp ∫₀ʰ G = h³/12 [G', G] + O(h⁴), as a power series.
#pragma once

#include "claims/claim.hpp"

namespace costate::claims {

/// "short time": the gap on the subject's direction v, from t = 1/2, predicted from Magnus's second term ½ ∫∫ [G(t₁), G(t₂)] and measured in
/// ℝ[[h]]: D(h) v from the variational equation, ∫₀ʰ G from the Jacobian along the trajectory. Where the matrices commute the gap is 0 in
/// every coefficient.
Finding short_time_gap(const Setting& setting);

}  // namespace costate::claims
