#include "guidance/guide/end_to_end.hpp"
#include "guidance/guide/methods/list.hpp"
#include "guidance/guide/step_scale.hpp"
#include "nn/optimise/adam.hpp"
#include "nn/optimise/sgd.hpp"

#include <fmt/format.h>

#include <cmath>
#include <variant>

namespace costate::guidance {

namespace {

/// x₀ ← x₀ - η ∇L(Φ(x₀)), by gradient descent, with momentum, or by Adam; the iterate of the smallest loss is kept. Of a measurement of weight w
/// the step is η/w; Adam's does not depend on it.
struct FirstOrder {
    static constexpr std::string_view name = "end-to-end", meaning = "the start of the flow by gradient descent, momentum or Adam, the loss differentiated through the whole solve",
                                      source = "Ben-Hamu et al. 2024, D-Flow, algorithm 1; Kingma & Ba 2015 (Adam's decays); Polyak 1964 (momentum); 50 iterations as Blasingame & Liu 2024, AdjointDEIS";
    static constexpr std::array<std::string_view, 3> optimisers{"gd", "momentum", "adam"};
    double steps = 3, optimiser = 2, rate = 0.1, momentum = 0.9, iterations = 50;
    static constexpr std::array<Parameter<FirstOrder>, 5> parameters{{
        {"steps", &FirstOrder::steps, "midpoint steps from noise to data (D-Flow: 6 evaluations)", {}, {}, true},
        {"optimiser", &FirstOrder::optimiser, "what makes a step of a gradient", {}, optimisers},
        {"rate", &FirstOrder::rate, "length of a step: of Adam in x0, else in gradients", {0.03, 0.1, 0.3, 1}},
        {"momentum", &FirstOrder::momentum, "share of the last step that is kept, with momentum", {}, {}, false, 0, 0.99999},
        {"iterations", &FirstOrder::iterations, "steps of the optimiser", {}, {}, true},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        EndToEnd<T> end(problem, "midpoint", static_cast<std::size_t>(steps));
        std::vector<T> x0 = problem.start(), slope(x0.size());
        auto method = make<T>(x0.size(), weight_scale(problem.objective));
        const auto count = static_cast<std::size_t>(iterations);
        std::string note;
        for (std::size_t n = 0;; ++n) {
            problem.watch(static_cast<double>(n) / static_cast<double>(count + 1));
            const T loss = end(x0, std::span<T>(slope));
            end.offer(loss);
            if (n == count) break;
            if (!std::isfinite(loss) || nn::detail::first_non_finite<T>(slope) < slope.size()) {
                note = fmt::format("iteration {}: the loss or its gradient is not finite; lower the rate", n);
                break;
            }
            std::visit([&](auto& m) { m.step(loss, slope, x0); }, method);
        }
        GuidanceResult<T> result = end.result(4 * x0.size() * sizeof(T));
        result.note = std::move(note);
        return result;
    }

private:
    template <class T>
    [[nodiscard]] std::variant<nn::Adam<T>, nn::Sgd<T>> make(std::size_t size, T scale) const {
        const T eta = static_cast<T>(rate);
        if (optimiser == 2) return nn::Adam<T>(size, {.rate = eta});
        return nn::Sgd<T>(size, {.rate = eta * scale, .momentum = optimiser == 1 ? static_cast<T>(momentum) : T(0)});
    }
};

}  // namespace

GuidanceMethod methods::end_to_end() { return GuidanceMethod::of<FirstOrder>(); }

}  // namespace costate::guidance
