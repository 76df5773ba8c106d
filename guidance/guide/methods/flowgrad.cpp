#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/pushed_flow.hpp"
#include "guidance/guide/step_scale.hpp"

namespace costate::guidance {

namespace {

/// x_{j+1} = (x_j + u_j) + h v(t_j, x_j + u_j),  λ_j = (I + hD_xv)ᵀλ_{j+1} = ∂L/∂u_j,  u_j ← u_j - (η/N) λ_j: a free push before every step, not
/// charged for. The gradient is that of the pushes as N vectors: a push does the same whatever h is, so N of them move the end N times as far, and η
/// is the length over all of them, in gradients of L. The paper's 10 a push for 100 pushes is η = 1000 for a loss that is a mean over 3·256² pixels,
/// 0.005 for their sum; losses here are sums, and where the end is moved as it is pushed η = 1 takes ½‖y - x‖² to its minimum at once;
/// of a measurement of weight w it is η/w.
/// Every step is differentiated; the paper leaves out those where the flow is straight.
struct FlowGrad {
    static constexpr std::string_view name = "flowgrad", meaning = "a push before every step of the flow, by gradient descent on all of them",
                                      source = "Liu et al. 2023, FlowGrad, algorithm 1; jumps, 100 steps and 10 iterations as in the authors' program";
    double steps = 100, rate = 1, iterations = 10;
    static constexpr std::array<Parameter<FlowGrad>, 3> parameters{{
        {"steps", &FlowGrad::steps, "Euler steps from noise to data, N (the paper: 100)", {}, {}, true},
        {"rate", &FlowGrad::rate, "length of an iteration over all pushes, in gradients", {0.1, 0.3, 1, 3}},
        {"iterations", &FlowGrad::iterations, "times that all pushes are updated (the paper: 10)", {}, {}, true},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        PushedFlow<T> pushed(problem, static_cast<std::size_t>(steps));
        const T eta = static_cast<T>(rate) * weight_scale(problem.objective) / static_cast<T>(pushed.steps());
        return descend(problem, pushed, static_cast<std::size_t>(iterations), [&] {
            for (std::size_t j = 0; j < pushed.steps(); ++j) {
                const std::span<T> u = pushed.push(j);
                const std::span<const T> lambda = pushed.costate(j);
                for (std::size_t i = 0; i < u.size(); ++i) u[i] -= eta * lambda[i];
            }
        });
    }
};

}  // namespace

GuidanceMethod methods::flowgrad() { return GuidanceMethod::of<FlowGrad>(); }

}  // namespace costate::guidance
