#include "guidance/guide/march.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/step_scale.hpp"

namespace costate::guidance {

namespace {

/// x ← x + h u - η ∇L(x̂₁), u and x̂₁ at (t, x), η = rate/w‖H‖² of a measurement, else rate: greedy with ∂x̂₁/∂x taken for I. One evaluation a step and no derivative of the model.
struct FlowChef {
    static constexpr std::string_view name = "flowchef", meaning = "every step less the gradient of the loss at x1hat, the model's Jacobian taken for the identity",
                                      source = "Patel et al. 2024, Steering Rectified Flow Models in the Vector Field for Controlled Image Generation, algorithm 1";
    double steps = 100, rate = 1;
    static constexpr std::array<Parameter<FlowChef>, 2> parameters{{
        {"steps", &FlowChef::steps, "Euler steps from noise to data", {}, {}, true},
        {"rate", &FlowChef::rate, "length of a gradient step, over weight times square of the norm of H for a measurement", {0.1, 0.3, 1, 3}},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        FlowModel<T>& model = problem.model;
        std::vector<T> end(model.dim()), slope(model.dim());
        const T eta = static_cast<T>(rate) * step_scale(problem.objective);
        GuidanceResult<T> result = march(problem, steps_of(problem, steps), [&](const T& t, const T& h, std::span<T> x) {
            model.denoise(t, std::span<const T>(x), std::span<T>(end));
            problem.objective.gradient(std::span<const T>(end), std::span<T>(slope));
            euler_to(model, t, h, std::span<const T>(end), x);
            for (std::size_t i = 0; i < x.size(); ++i) x[i] -= eta * slope[i];
        });
        result.peak_bytes += 2 * model.dim() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::flowchef() { return GuidanceMethod::of<FlowChef>(); }

}  // namespace costate::guidance
