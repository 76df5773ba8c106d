#include "claims/dflow/list.hpp"

namespace costate::claims {

std::vector<Claim> dflow() { return {dflow_theorem_4_1(), dflow_variation(), dflow_likelihood(), dflow_regulariser(), adjointdeis_1()}; }

}  // namespace costate::claims
