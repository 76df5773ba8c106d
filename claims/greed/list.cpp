#include "claims/greed/list.hpp"

namespace costate::claims {

std::vector<Claim> greed() {
    return {flow_model(),               exact_solution(),           greedy_is_explicit_euler(), greedy_is_implicit_euler(),
            greedy_dynamics(),          greedy_convergence(),       single_step_gradients(),
            posterior_of_order_alpha(), control_signal(),           horizon()};
}

}  // namespace costate::claims
