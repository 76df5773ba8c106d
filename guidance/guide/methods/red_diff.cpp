#include "guidance/guide/march.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/step_scale.hpp"
#include "nn/optimise/adam.hpp"

#include <cstdint>

namespace costate::guidance {

namespace {

/// Adam's step of μ along s∇L(μ) + w (σ/α)(ε̂(t, αμ + σε) - ε), once for every t from noise to data with a fresh ε; no gradient through ε̂. s is 1/w‖H‖²
/// of a measurement, else 1: the paper's H have ‖H‖ = 1.
/// The authors' code takes 100 times; the default here is 200, which on mnist_unet is not yet sure to beat the pseudo-inverse on a box.
/// With ε̂ = (x - αx̂₁)/σ the second term is w (μ - x̂₁), which is regular at both ends and is what is evaluated.
struct RedDiff {
    static constexpr std::string_view name = "red-diff", meaning = "a sample moved by Adam between the loss and what the model makes of it with noise on it",
                                      source = "Mardani et al. 2024, A Variational Perspective on Solving Inverse Problems with Diffusion Models, algorithm 1";
    double steps = 200, rate = 0.1, weight = 0.25, decay = 0.9, decay_square = 0.99;
    static constexpr std::array<Parameter<RedDiff>, 5> parameters{{
        {"steps", &RedDiff::steps, "times from noise to data, one step of Adam each", {}, {}, true},
        {"rate", &RedDiff::rate, "Adam's", {0.03, 0.1, 0.3}},
        {"weight", &RedDiff::weight, "w, of the model against the loss", {0.05, 0.1, 0.25, 1}},
        {"decay", &RedDiff::decay, "Adam's, of the mean", {}, {}, false, 0, 0.99999},
        {"decay-square", &RedDiff::decay_square, "Adam's, of the mean square", {}, {}, false, 0, 0.99999},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        FlowModel<T>& model = problem.model;
        std::vector<T> noised(model.dim()), end(model.dim()), slope(model.dim());
        nn::Adam<T> adam(model.dim(), {.rate = static_cast<T>(rate), .decay = static_cast<T>(decay), .decay_square = static_cast<T>(decay_square)});
        const T scale = step_scale(problem.objective);
        std::uint32_t draw = 0;
        GuidanceResult<T> result =
            sweep(problem, model.t0(), steps_of(problem, steps), first_estimate(problem), [&](const T& t, const T&, std::span<T> mu) {
                const PathPoint<T> p = at<T>(model.path(), t);
                problem.random.fill(Draw::step, draw++, std::span<T>(noised));
                for (std::size_t i = 0; i < mu.size(); ++i) noised[i] = p.alpha * mu[i] + p.sigma() * noised[i];
                model.denoise(t, std::span<const T>(noised), std::span<T>(end));
                const T loss = problem.objective.gradient(std::span<const T>(mu), std::span<T>(slope));
                for (std::size_t i = 0; i < mu.size(); ++i) slope[i] = scale * slope[i] + static_cast<T>(weight) * (mu[i] - end[i]);
                adam.step(loss, std::span<const T>(slope), mu);
            });
        result.peak_bytes += 5 * model.dim() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::red_diff() { return GuidanceMethod::of<RedDiff>(); }

}  // namespace costate::guidance
