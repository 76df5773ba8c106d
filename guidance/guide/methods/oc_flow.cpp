#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/pushed_flow.hpp"
#include "guidance/guide/step_scale.hpp"

#include <algorithm>
#include <cmath>

namespace costate::guidance {

namespace {

/// ẋ = u + θ_t,  θ_t ← βθ_t - η∇_{x_t}L, the gradient no longer than `clip` at each t. Its fixed points are stationary for L + ((1 - β)/2η)∫‖θ‖²dt: the
/// decay is the price of the control, where FlowGrad's pushes cost nothing. L is over the weight of a measurement here.
struct OcFlow {
    static constexpr std::string_view name = "oc-flow", meaning = "a control along the whole flow that decays as it is updated: gradient descent with a running cost",
                                      source = "Wang et al. 2025, Training free guided flow matching with optimal control (arXiv 2410.18070), algorithm 1; numbers of the authors' molecule experiments";
    double steps = 50, rate = 1, decay = 0.99, iterations = 5, clip = 10;
    static constexpr std::array<Parameter<OcFlow>, 5> parameters{{
        {"steps", &OcFlow::steps, "Euler steps from noise to data (the paper: 50)", {}, {}, true},
        {"rate", &OcFlow::rate, "eta, length of an update in gradients (the paper: 1)", {0.1, 0.3, 1, 3}},
        {"decay", &OcFlow::decay, "beta, what an update leaves of the control (the paper: 0.99)", {0.9, 0.99, 0.999}},
        {"iterations", &OcFlow::iterations, "updates (the paper: 5)", {}, {}, true},
        {"clip", &OcFlow::clip, "longest gradient (the paper: 10); 0: any"},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        PushedFlow<T> pushed(problem, static_cast<std::size_t>(steps));
        const T scale = weight_scale(problem.objective), beta = static_cast<T>(decay), eta = static_cast<T>(rate) * scale * pushed.h();
        return descend(problem, pushed, static_cast<std::size_t>(iterations), [&] {
            for (std::size_t j = 0; j < pushed.steps(); ++j) {
                const std::span<T> w = pushed.push(j);  // hθ
                const std::span<const T> lambda = pushed.costate(j);
                const T length = eta * shortening(scale, lambda);
                for (std::size_t i = 0; i < w.size(); ++i) w[i] = beta * w[i] - length * lambda[i];
            }
        });
    }

private:
    /// min(1, clip/s‖λ‖)
    template <class T>
    T shortening(T scale, std::span<const T> lambda) const {
        if (clip == 0) return T(1);
        T square(0);
        for (const T value : lambda) square += value * value;
        return std::min(T(1), static_cast<T>(clip) / (scale * std::sqrt(square)));
    }
};

}  // namespace

GuidanceMethod methods::oc_flow() { return GuidanceMethod::of<OcFlow>(); }

}  // namespace costate::guidance
