#include "guidance/guide/march.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/step_scale.hpp"

#include <algorithm>
#include <cmath>

namespace costate::guidance {

namespace {

/// x ← x + h u - ζ ∇ₓ √(2L(x̂₁(t, x))/w), w the weight of a measurement, else 1: of one alone the root is ‖y - Hx̂₁‖. u is that of x̂₁: one
/// evaluation and one vjp a step.
/// The paper's step is DDPM's, with noise; here it is Euler's of the flow, as for all methods that are compared.
struct Dps {
    static constexpr std::string_view name = "dps", meaning = "every step less zeta times the gradient of the norm of what x1hat misses",
                                      source = "Chung et al. 2023, Diffusion Posterior Sampling for General Noisy Inverse Problems, algorithm 1";
    double steps = 100, zeta = 1;
    static constexpr std::array<Parameter<Dps>, 2> parameters{{
        {"steps", &Dps::steps, "Euler steps from noise to data", {}, {}, true},
        {"zeta", &Dps::zeta, "length of a correction; the paper takes 0.3 to 1", {0.1, 0.3, 1, 3}},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        FlowModel<T>& model = problem.model;
        std::vector<T> end(model.dim()), slope(model.dim()), back(model.dim());
        typename FlowModel<T>::Record record;
        const T scale = weight_scale(problem.objective);
        GuidanceResult<T> result = march(problem, steps_of(problem, steps), [&](const T& t, const T& h, std::span<T> x) {
            model.denoise(t, std::span<const T>(x), std::span<T>(end), record);
            const T loss = problem.objective.gradient(std::span<const T>(end), std::span<T>(slope));
            std::fill(back.begin(), back.end(), T(0));
            model.pullback(record, std::span<const T>(slope), std::span<T>(back));
            euler_to(model, t, h, std::span<const T>(end), x);
            if (!(loss > T(0))) return;  // met already: the norm has no gradient there
            const T factor = static_cast<T>(zeta) * std::sqrt(scale / (T(2) * loss));
            for (std::size_t i = 0; i < x.size(); ++i) x[i] -= factor * back[i];
        });
        result.peak_bytes += record.bytes() + 3 * model.dim() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::dps() { return GuidanceMethod::of<Dps>(); }

}  // namespace costate::guidance
