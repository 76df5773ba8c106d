#include "guidance/guide/end_to_end.hpp"
#include "guidance/guide/methods/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

namespace costate::guidance {

namespace {

/// x₀ = s z, z ← z - (ε_n/2) G g + √(ε_nG) ξ,  g = ∇_z U,  U = ‖y - HΦ(x₀)‖²/(2σ_y²) + ½‖z‖²,  ξ ~ N(0, I),  G = 1/max(1, √V, |g|/5) entry by entry,
/// V the mean of g² in which the last quarter of the steps counts for two thirds: a Langevin walk in the start of the flow, whose law tends to
/// p(x₀ | y), so that the ends are samples of the posterior. The error is O(ε), so ε_n = ε q^(n/N) goes down to qε. A V that goes on changing makes the
/// variance too large unless the divergence of G is added, so it stands still after the first half; 1 is what the prior alone makes of √V, and gradients
/// of more than five deviations, which a walk at rest does not meet, are tamed. A task without noise is given σ_y = `sigma`; of other objectives
/// U = L + ½‖z‖², their weights say how much they count. The last state is the sample.
struct DFlowSgld {
    static constexpr std::string_view name = "d-flow-sgld", meaning = "a sample of the posterior: a preconditioned Langevin walk in the start of the flow",
                                      source = "Parikh, Chen & Wang 2026, D-Flow SGLD (arXiv 2602.21469); preconditioner after Li et al. 2016, algorithm 1; steps that go down: Welling & Teh 2011; rates and iterations are this program's";
    double steps = 3, rate = 0.3, last = 0.1, iterations = 300, sigma = 0.05;
    static constexpr std::array<Parameter<DFlowSgld>, 5> parameters{{
        {"steps", &DFlowSgld::steps, "midpoint steps from noise to data", {}, {}, true},
        {"rate", &DFlowSgld::rate, "epsilon, length of the first step of the walk", {0.03, 0.1, 0.3, 1}},
        {"last", &DFlowSgld::last, "q, of the last step in the first"},
        {"iterations", &DFlowSgld::iterations, "steps of the walk", {}, {}, true},
        {"sigma", &DFlowSgld::sigma, "sigma_y where a measurement has no noise", {0.02, 0.05, 0.1}},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        EndToEnd<T> end(problem, "midpoint", static_cast<std::size_t>(steps));
        const T s = problem.model.start_scale(), trust = static_cast<T>(certainty(problem.objective));
        std::vector<T> z = problem.start(), x0(z.size()), g(z.size()), xi(z.size()), V(z.size());
        for (T& value : z) value /= s;
        const auto count = static_cast<std::size_t>(iterations);
        std::string note;
        for (std::size_t n = 0;; ++n) {
            problem.watch(static_cast<double>(n) / static_cast<double>(count + 1));
            for (std::size_t i = 0; i < z.size(); ++i) x0[i] = s * z[i];
            const T loss = end(x0, std::span<T>(g));
            if (!std::isfinite(loss)) note = fmt::format("step {} of the walk: the loss is not finite; lower the rate", n);
            if (n == count || !note.empty()) break;
            for (std::size_t i = 0; i < z.size(); ++i) g[i] = trust * s * g[i] + z[i];
            if (2 * n <= count) average(n, g, V);
            problem.random.fill(Draw::step, static_cast<std::uint32_t>(n), std::span<T>(xi));
            walk(static_cast<T>(rate * std::pow(last, static_cast<double>(n) / static_cast<double>(count))), g, V, xi, z);
        }
        end.offer(T(0));
        GuidanceResult<T> result = end.result(5 * z.size() * sizeof(T));
        result.note = std::move(note);
        return result;
    }

private:
    /// What L is multiplied by in U.
    template <class T>
    double certainty(const Objective<T>& objective) const {
        const Measurement<T>* y = objective.measurement();
        if (y == nullptr) return 1;
        const double deviation = y->sigma_y > T(0) ? static_cast<double>(y->sigma_y) : sigma;
        return 1 / (y->weight * deviation * deviation);
    }

    /// V ← V + 4(g² - V)/(n + 4)
    template <class T>
    static void average(std::size_t n, const std::vector<T>& g, std::vector<T>& V) {
        const T share = T(4) / static_cast<T>(n + 4);
        for (std::size_t i = 0; i < g.size(); ++i) V[i] += share * (g[i] * g[i] - V[i]);
    }

    template <class T>
    void walk(T epsilon, const std::vector<T>& g, const std::vector<T>& V, const std::vector<T>& xi, std::vector<T>& z) const {
        for (std::size_t i = 0; i < z.size(); ++i) {
            const T G = T(1) / std::max({T(1), std::sqrt(V[i]), std::abs(g[i]) / T(5)});
            z[i] += std::sqrt(epsilon * G) * xi[i] - epsilon * G * g[i] / T(2);
        }
    }
};

}  // namespace

GuidanceMethod methods::d_flow_sgld() { return GuidanceMethod::of<DFlowSgld>(); }

}  // namespace costate::guidance
