#include "guidance/guide/march.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/step_scale.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace costate::guidance {

namespace {

/// z = x - η (1 - t)^p ∇L(x),  x ← mean of x̂₁(t, αz + σε) over `noises` draws of ε. No derivative of the model.
/// The paper's step is σ_y²(1 - t)^p on ½‖y - Hx‖²/σ_y² with ‖H‖ = 1: of L = ½‖y - Hx‖² that is η = 1 with and without noise. η = rate/w‖H‖² of a
/// measurement, else rate.
struct PnpFlow {
    static constexpr std::string_view name = "pnp-flow", meaning = "gradient steps on the loss in turn with the model as a denoiser of freshly drawn noise",
                                      source = "Martin et al. 2025, PnP-Flow: Plug-and-Play Image Restoration with Flow Matching, algorithm 3";
    double steps = 100, noises = 5, rate = 1, power = 0.5;
    static constexpr std::array<Parameter<PnpFlow>, 4> parameters{{
        {"steps", &PnpFlow::steps, "times from noise to data", {}, {}, true},
        {"noises", &PnpFlow::noises, "draws that are averaged at each", {}, {}, true},
        {"rate", &PnpFlow::rate, "length of a gradient step at t = 0, over weight times square of the norm of H for a measurement", {0.3, 0.7, 1, 1.5}},
        {"power", &PnpFlow::power, "p of its decay (1 - t)^p; the paper takes 0.01 to 1", {0.01, 0.1, 0.5, 1}},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        FlowModel<T>& model = problem.model;
        std::vector<T> z(model.dim()), noised(model.dim()), end(model.dim());
        const T scale = static_cast<T>(rate) * step_scale(problem.objective);
        std::uint32_t draw = 0;
        GuidanceResult<T> result =
            sweep(problem, model.t0(), steps_of(problem, steps), first_estimate(problem), [&](const T& t, const T&, std::span<T> x) {
                const PathPoint<T> p = at<T>(model.path(), t);
                const T eta = scale * std::pow(T(1) - t, static_cast<T>(power));
                problem.objective.gradient(std::span<const T>(x), std::span<T>(z));
                for (std::size_t i = 0; i < x.size(); ++i) z[i] = x[i] - eta * z[i];
                std::fill(x.begin(), x.end(), T(0));
                for (std::size_t k = 0; k < static_cast<std::size_t>(noises); ++k) {
                    problem.random.fill(Draw::step, draw++, std::span<T>(noised));
                    for (std::size_t i = 0; i < x.size(); ++i) noised[i] = p.alpha * z[i] + p.sigma() * noised[i];
                    model.denoise(t, std::span<const T>(noised), std::span<T>(end));
                    for (std::size_t i = 0; i < x.size(); ++i) x[i] += end[i] / static_cast<T>(noises);
                }
            });
        result.peak_bytes += 3 * model.dim() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::pnp_flow() { return GuidanceMethod::of<PnpFlow>(); }

}  // namespace costate::guidance
