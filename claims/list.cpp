#include "claims/list.hpp"

#include "claims/classics/list.hpp"
#include "claims/dflow/list.hpp"
#include "claims/greed/list.hpp"

#include <iterator>

namespace costate::claims {

std::vector<Claim> all_claims() {
    std::vector<Claim> all = classics();
    for (auto family : {greed, dflow}) {
        std::vector<Claim> more = family();
        std::move(more.begin(), more.end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace costate::claims
