#include "guidance/guide/march.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/step_scale.hpp"

#include <cmath>

namespace costate::guidance {

namespace {

/// x ← x - η ∇ₓL(Φ̂(t, x)), `inner` times, then x ← x + h u. Φ̂ is x̂₁ (one evaluation and one vjp), or `horizon` equal steps of a tableau from t to
/// t₁: from greedy to end-to-end is the horizon, and with one inner step at t₀ its gradient is D-Flow's of as many steps. x̂₁ is Euler's step
/// to the end in x/α over σ/α where σ₁ = 0, on Cond-OT in t as well: there `denoiser` is `euler` with horizon 1. η = rate/w‖H‖² of a measurement: near
/// the end x̂₁ moves as x does, and a rate of 1 meets y in one step; of other losses η = rate, which for a classifier's logits does as well.
struct Greedy {
    static constexpr std::string_view name = "greedy", meaning = "at every step down the gradient of the loss of the estimated end, x1hat or a few solver steps ahead",
                                      source = "Blasingame & Liu 2025, Greed is Good, equation 3, theorems 1 and 4";
    static constexpr std::array<std::string_view, 4> ahead_names{"denoiser", "euler", "midpoint", "rk4"};
    double steps = 100, inner = 1, rate = 1, ahead = 0, horizon = 1;
    static constexpr std::array<Parameter<Greedy>, 5> parameters{{
        {"steps", &Greedy::steps, "Euler steps from noise to data", {}, {}, true},
        {"inner", &Greedy::inner, "gradient steps before each", {}, {}, true},
        {"rate", &Greedy::rate, "length of a gradient step, over weight times square of the norm of H for a measurement", {0.3, 1, 3, 10}},
        {"ahead", &Greedy::ahead, "how the end is estimated: x1hat, or steps of a solver", {}, ahead_names},
        {"horizon", &Greedy::horizon, "solver steps to the end, where ahead is a solver", {}, {}, true},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        FlowModel<T>& model = problem.model;
        std::vector<T> u(model.dim()), slope(model.dim()), end(model.dim());
        typename FlowModel<T>::Record record;
        const EndLoss<T> loss(model, problem.objective);
        FlowGradient<T> solver;
        if (ahead > 0) solver = flow_gradient<T>(problem.options.gradient, ode::find_tableau(ahead_names[static_cast<std::size_t>(ahead)]));
        ode::GradientResult<T> ahead_result;
        std::size_t peak = 0;
        const T eta = static_cast<T>(rate) * step_scale(problem.objective);

        const auto gradient = [&](const T& t, std::span<const T> x) -> std::span<const T> {
            if (ahead > 0) {
                solver(model, loss, t, model.t1(), static_cast<std::size_t>(horizon), x, ahead_result);
                peak = std::max(peak, ahead_result.cost.peak_bytes + (ahead_result.x1.size() + ahead_result.x_bar.size()) * sizeof(T));
                return ahead_result.x_bar;
            }
            model.denoise(t, x, std::span<T>(end), record);
            problem.objective.gradient(std::span<const T>(end), std::span<T>(u));
            std::fill(slope.begin(), slope.end(), T(0));
            model.pullback(record, std::span<const T>(u), std::span<T>(slope));
            peak = std::max(peak, record.bytes());
            return slope;
        };
        GuidanceResult<T> result = march(problem, steps_of(problem, steps), [&](const T& t, const T& h, std::span<T> x) {
            for (std::size_t k = 0; k < static_cast<std::size_t>(inner); ++k) {
                const std::span<const T> g = gradient(t, x);
                for (std::size_t i = 0; i < x.size(); ++i) x[i] -= eta * g[i];
            }
            model(t, std::span<const T>(x), std::span<T>(u));
            for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * u[i];
        });
        result.peak_bytes += peak + 3 * model.dim() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::greedy() { return GuidanceMethod::of<Greedy>(); }

}  // namespace costate::guidance
