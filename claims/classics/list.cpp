#include "claims/classics/list.hpp"

namespace costate::claims {

std::vector<Claim> classics() {
    return {reverse_is_transpose(), tableau_order(), one_step_constants(), partner_order(), dto_is_partner(),
            zero_weight(),          lambda_delta(),  dto_order(),          otd_gap(),       there_and_back(),
            grid_times(),           reversible_map()};
}

}  // namespace costate::claims
