#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/pushed_flow.hpp"
#include "guidance/guide/step_scale.hpp"

#include <algorithm>

namespace costate::guidance {

namespace {

/// ẋ = u + z(t),  min L(x(t₁)) + ½c∫‖z‖²dt over signals z that are constant on K equal pieces [τ_k, τ_{k+1}) of time. A signal that is held from t on has the
/// adjoint state a_z(t) = ∫ₜ¹ a_x ds, so ∂L/∂z_k = a_z(τ_k) - a_z(τ_{k+1}); the descent is by the gradient in L²,
///   z_k ← z_k - η (c z_k + ∂L/∂z_k / (τ_{k+1} - τ_k)),
/// so that neither K nor the number of steps changes what η means. K = 1 is one constant field; with a piece for every step and β = 1 - ηc it is OC-Flow
/// without clipping. FlowGrad's controls are jumps, one a step and without a cost. η is over the weight of a
/// measurement.
struct ControlSignal {
    static constexpr std::string_view name = "control-signal", meaning = "a signal added to the velocity, constant on a few pieces of time, by gradient descent, with a running cost",
                                      source = "Pontryagin et al. 1962, the minimum principle, with the signal as a state: a_z = integral of a_x from t to 1; pieces, rate and cost are this program's";
    double steps = 50, pieces = 10, rate = 1, cost = 0.01, iterations = 10;
    static constexpr std::array<Parameter<ControlSignal>, 5> parameters{{
        {"steps", &ControlSignal::steps, "Euler steps from noise to data", {}, {}, true},
        {"pieces", &ControlSignal::pieces, "K, pieces of time on which the signal is constant, at most a step each", {}, {}, true},
        {"rate", &ControlSignal::rate, "eta, length of an update in gradients", {0.1, 0.3, 1, 3}},
        {"cost", &ControlSignal::cost, "c, weight of the running cost", {0.001, 0.01, 0.1, 1}},
        {"iterations", &ControlSignal::iterations, "updates", {}, {}, true},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        PushedFlow<T> pushed(problem, static_cast<std::size_t>(steps));
        const std::size_t n = pushed.steps(), count = std::min(static_cast<std::size_t>(pieces), n);
        const T eta = static_cast<T>(rate) * weight_scale(problem.objective), kept = T(1) - eta * static_cast<T>(cost);
        std::vector<T> mean(problem.model.dim());
        return descend(problem, pushed, static_cast<std::size_t>(iterations), [&] {
            for (std::size_t k = 0; k < count; ++k) {
                const std::size_t first = k * n / count, end = (k + 1) * n / count;
                std::fill(mean.begin(), mean.end(), T(0));
                for (std::size_t j = first; j < end; ++j)
                    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += pushed.costate(j)[i] / static_cast<T>(end - first);
                for (std::size_t j = first; j < end; ++j)
                    for (std::size_t i = 0; i < mean.size(); ++i) pushed.push(j)[i] = kept * pushed.push(j)[i] - eta * pushed.h() * mean[i];
            }
        });
    }
};

}  // namespace

GuidanceMethod methods::control_signal() { return GuidanceMethod::of<ControlSignal>(); }

}  // namespace costate::guidance
