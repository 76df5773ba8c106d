#include "guidance/guide/end_to_end.hpp"
#include "guidance/guide/methods/list.hpp"
#include "nn/optimise/lbfgs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace costate::guidance {

namespace {

/// 10 log₁₀(L/L*), the decibels that are missing, after each outer iteration of one start.
using Missing = std::vector<double>;

/// One start, and how far it has come: its outer iterations are missing.size() - 1 until it ends.
template <class T>
struct Attempt {
    std::vector<T> x0;
    Missing missing{};
    T loss = std::numeric_limits<T>::infinity(), plain = loss;  // with its scale and the regulariser, and L itself
    bool stalled = false;
};

/// Whether the pace of the last two outer iterations, kept up, closes the gap within `outer` of them.
bool arrives(const Missing& missing, std::size_t outer) {
    const std::size_t k = missing.size() - 1;
    if (k < 2) return true;
    return (missing[k - 2] - missing[k]) / 2 * static_cast<double>(outer - k) >= missing[k];
}

/// min L(Φ(x₀)) over x₀ by L-BFGS with a strong Wolfe search, which keeps its pairs over outer iterations, from x₀ = √b y(0) + √(1 - b) z, y(0) the
/// backward solve of Hᵀ(HHᵀ + σ_y²I)⁻¹y (H⁺y without noise); z alone without a measurement. L is -PSNR of a measurement that is all there is; with noise
/// λ(½‖ẑ‖² - (d - 1) log‖ẑ‖) is added, ẑ = x₀ over the start's scale, the negative log density of ‖ẑ‖ under N(0, I).
/// It ends at the target: that PSNR, or that of the noise; another task's loss `enough`. It is the start that decides, so one is left, and another z
/// drawn, where the pace of its last two outer iterations does not reach the target within the rest of them; when all were left, the best goes on.
struct DFlow {
    static constexpr std::string_view name = "d-flow", meaning = "the start of the flow by L-BFGS, the loss differentiated through the whole solve; restarts where a start leads nowhere",
                                      source = "Ben-Hamu et al. 2024, D-Flow, algorithm 1, equations 8 and 10, appendix B.1 (table 6); the restarts are this program's";
    double steps = 3, outer = 15, inner = 20, memory = 100, blend = 0.1, chi = 0.01, target = 45, enough = 0.01, restarts = 4;
    static constexpr std::array<Parameter<DFlow>, 9> parameters{{
        {"steps", &DFlow::steps, "midpoint steps from noise to data (the paper: 6 evaluations)", {}, {}, true},
        {"outer", &DFlow::outer, "outer iterations of one start, at most", {}, {}, true},
        {"inner", &DFlow::inner, "L-BFGS steps in each (the paper: 20)", {}, {}, true},
        {"memory", &DFlow::memory, "pairs that L-BFGS keeps (PyTorch: 100); 0: steepest descent", {}, {}, true, 0, 1000},
        {"blend", &DFlow::blend, "share b of the backward solve of the measurement in the start (the paper: 0.1)", {0.01, 0.1, 0.25, 0.5}, {}, false, 0, 1},
        {"chi", &DFlow::chi, "weight of the regulariser, for measurements with noise (the paper: 0.01)", {0.001, 0.01, 0.1}},
        {"target", &DFlow::target, "PSNR of a measurement without noise to stop at, in dB (the paper: 45 for inpainting, 55 else)"},
        {"enough", &DFlow::enough, "loss of a task that is no measurement to stop at"},
        {"restarts", &DFlow::restarts, "other starts, at most", {}, {}, true, 0, 1000},
    }};

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        const Measurement<T>* alone = problem.objective.measurement();
        EndToEnd<T> end(problem, "midpoint", static_cast<std::size_t>(steps), alone != nullptr ? LossScale::minus_psnr : LossScale::plain);
        const std::vector<T> seen = from_measurement(problem, end);
        const double wanted = wanted_loss(problem.objective);
        const std::size_t attempts = wanted > 0 ? static_cast<std::size_t>(restarts) + 1 : 1;
        nn::Lbfgs<T> lbfgs(problem.model.dim(), {.memory = static_cast<std::size_t>(memory)});
        double done = 0;
        std::optional<Attempt<T>> best;
        std::size_t k = 0;
        for (;; ++k) {
            Attempt<T> attempt{start(problem, seen, k)};
            descend(problem, end, lbfgs, attempt, wanted, attempts, done, false);
            const bool arrived = static_cast<double>(end.best()) <= wanted;
            if (!best || attempt.loss < best->loss) best = std::move(attempt);
            if (arrived || k + 1 == attempts) break;
        }
        if (!(static_cast<double>(end.best()) <= wanted)) descend(problem, end, lbfgs, *best, wanted, attempts, done, true);
        const double loss = static_cast<double>(end.best());
        GuidanceResult<T> result = end.result((2 * static_cast<std::size_t>(memory) + 6) * problem.model.dim() * sizeof(T));
        result.restarts = k;
        result.note = note(loss, wanted, alone, k);
        return result;
    }

private:
    /// The loss to stop at; 0 where a measurement is one of several terms: nothing says what they leave of it.
    template <class T>
    double wanted_loss(const Objective<T>& objective) const {
        const Measurement<T>* y = objective.measurement();
        if (y == nullptr) return objective.any_measurement() == nullptr ? enough : 0;
        const double mean_square = y->sigma_y > T(0) ? static_cast<double>(y->sigma_y * y->sigma_y) : 4 * std::pow(10, -target / 10);
        return y->weight * static_cast<double>(y->y.size()) * mean_square / 2;
    }

    /// √b y(0); nothing without a measurement.
    template <class T>
    std::vector<T> from_measurement(const GuidanceProblem<T>& problem, const EndToEnd<T>& end) const {
        const Measurement<T>* m = problem.objective.any_measurement();
        if (m == nullptr || blend == 0) return {};
        std::vector<T> x(problem.model.dim()), r(m->y.size());
        m->H.solve(1, static_cast<double>(m->sigma_y * m->sigma_y), std::span<const T>(m->y), std::span<T>(r));
        m->H.transposed(std::span<const T>(r), std::span<T>(x));
        x = end.backwards(std::move(x));
        for (T& value : x) value *= static_cast<T>(std::sqrt(blend));
        return x;
    }

    template <class T>
    std::vector<T> start(const GuidanceProblem<T>& problem, const std::vector<T>& seen, std::size_t attempt) const {
        std::vector<T> x = problem.start();
        if (attempt > 0) {
            problem.random.fill(Draw::restart, static_cast<std::uint32_t>(attempt), std::span<T>(x));
            for (T& value : x) value *= problem.model.start_scale();
        }
        if (seen.empty()) return x;
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = seen[i] + static_cast<T>(std::sqrt(1 - blend)) * x[i];
        return x;
    }

    /// Until it arrives, stalls, has had all its iterations, or, unless `patient`, does not arrive at its pace. `done`: outer iterations of all starts.
    template <class T>
    void descend(GuidanceProblem<T>& problem, EndToEnd<T>& end, nn::Lbfgs<T>& lbfgs, Attempt<T>& attempt, double wanted, std::size_t attempts, double& done,
                 bool patient) const {
        const Measurement<T>* m = problem.objective.any_measurement();
        const T weight = m != nullptr && m->sigma_y > T(0) ? static_cast<T>(chi) : T(0);
        const std::size_t most = static_cast<std::size_t>(outer);
        const auto objective = [&](std::span<const T> x, std::span<T> slope) {
            problem.watch(std::min(1.0, done / static_cast<double>(attempts * most)));
            const T loss = end(x, slope);
            if (static_cast<double>(end.plain()) <= wanted) return floor(slope);
            return loss + regulariser(weight, problem.model.start_scale(), x, slope);
        };
        bool arrived = false;
        const auto look = [&] {
            attempt.loss = lbfgs.loss();
            attempt.plain = end.plain();
            arrived = static_cast<double>(attempt.plain) <= wanted;
            end.offer(arrived ? -std::numeric_limits<T>::infinity() : attempt.loss);
        };
        lbfgs.begin(objective, std::span<const T>(attempt.x0));
        look();
        std::size_t left = most - std::min(most, attempt.missing.empty() ? 0 : attempt.missing.size() - 1);
        for (; left > 0 && !arrived && !attempt.stalled; --left, ++done) {
            if (!patient) attempt.missing.push_back(10 * std::log10(static_cast<double>(attempt.plain) / wanted));
            if (!patient && wanted > 0 && !arrives(attempt.missing, most)) return;
            const std::size_t before = lbfgs.status().steps;
            for (std::size_t n = 0; n < static_cast<std::size_t>(inner) && !arrived; ++n) {
                const nn::Progress progress = lbfgs.step(objective, std::span<T>(attempt.x0)).progress;
                if (progress != nn::Progress::stalled) look();
                if (progress != nn::Progress::descending) break;
            }
            attempt.stalled = lbfgs.status().steps == before;
        }
    }

    /// From the target on the objective is a flat floor, where every line search ends. -PSNR itself has a cusp where y is met: where y is one number no
    /// point near it meets the strong Wolfe conditions.
    template <class T>
    static T floor(std::span<T> slope) {
        std::fill(slope.begin(), slope.end(), T(0));
        return std::numeric_limits<T>::lowest();
    }

    /// λR and its gradient, added.
    template <class T>
    static T regulariser(T weight, T scale, std::span<const T> x0, std::span<T> slope) {
        if (weight == T(0)) return T(0);
        T square(0);
        for (const T value : x0) square += value * value / (scale * scale);
        const T others = static_cast<T>(x0.size() - 1);
        for (std::size_t i = 0; i < x0.size(); ++i) slope[i] += weight * (T(1) - others / square) * x0[i] / (scale * scale);
        return weight * (square - others * std::log(square)) / T(2);
    }

    template <class T>
    static std::string note(double best, double wanted, const Measurement<T>* alone, std::size_t restarts) {
        const std::string starts = fmt::format("{} restart{}", restarts, restarts == 1 ? "" : "s");
        const char* end = best <= wanted ? "reached" : "not reached";
        if (wanted == 0) return fmt::format("loss {:.4g}", best);
        if (alone == nullptr) return fmt::format("loss {:.4g}, the {:.4g} wanted {}; {}", best, wanted, end, starts);
        const auto psnr = [&](double loss) { return 10 * std::log10(2 * alone->weight * static_cast<double>(alone->y.size()) / loss); };
        return fmt::format("{:.2f} dB on the measurement, the {:.2f} wanted {}; {}", psnr(best), psnr(wanted), end, starts);
    }
};

}  // namespace

GuidanceMethod methods::d_flow() { return GuidanceMethod::of<DFlow>(); }

}  // namespace costate::guidance
