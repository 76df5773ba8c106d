#include "guidance/guide/measurement_score.hpp"

namespace costate::guidance {

std::string measurement_wanted() {
    return "it is made for one linear measurement y = Hx + n and no other loss; take greedy, dps or flowchef for this one";
}

}  // namespace costate::guidance
