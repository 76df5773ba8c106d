// The list: adding a method touches its file, its test and this list.
#include "guidance/guide/methods/list.hpp"

namespace costate::guidance {

const std::vector<GuidanceMethod>& guidance_methods() {
    static const std::vector<GuidanceMethod> list = {
        methods::unconditional(),
        methods::greedy(),
        methods::d_flow(),
        methods::end_to_end(),
        methods::flowgrad(),
        methods::oc_flow(),
        methods::control_signal(),
        methods::d_flow_sgld(),
        methods::dps(),
        methods::pigdm(),
        methods::ot_ode(),
        methods::red_diff(),
        methods::pnp_flow(),
        methods::flowchef(),
        methods::flow_priors(),
    };
    return list;
}

}  // namespace costate::guidance
