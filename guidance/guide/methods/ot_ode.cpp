#include "guidance/guide/march.hpp"
#include "guidance/guide/measurement_score.hpp"
#include "guidance/guide/methods/list.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace costate::guidance {

namespace {

/// From x = αHᵀ(HHᵀ + σ_y²I)⁻¹y + σz at t₀ = start by x ← x + h (u + γ σ²(log α/σ)' JᵀHᵀ(s²HHᵀ + σ_y²I)⁻¹(y - Hx̂₁)), s² = σ²/(α² + σ²): on Cond-OT
/// (1 - t)/t for the factor. `steps` are those of [0, 1]: start takes its share of them away. One evaluation and one vjp a step.
struct OtOde {
    static constexpr std::string_view name = "ot-ode", meaning = "adds to the velocity the measurement's score, from a start between noise and measurement",
                                      source = "Pokle et al. 2024, Training-free Linear Image Inverses via Flows, algorithm 1";
    double steps = 100, gamma = 1, start = 0.2;
    static constexpr std::array<Parameter<OtOde>, 3> parameters{{
        {"steps", &OtOde::steps, "Euler steps from 0 to 1", {}, {}, true},
        {"gamma", &OtOde::gamma, "how much of it is added", {0.5, 1, 1.5, 2}},
        {"start", &OtOde::start, "where in time it begins", {0.1, 0.2, 0.3, 0.4}},
    }};

    template <class T>
    std::optional<std::string> refuses(const Objective<T>& objective, const FlowModel<T>& model) const {
        if (static_cast<T>(start) >= model.t1()) return "it would begin at or after the end of the flow; give a start below it";
        return lacks_measurement(objective);
    }

    template <class T>
    GuidanceResult<T> operator()(GuidanceProblem<T>& problem) const {
        if (const auto why = refuses(problem.objective, problem.model)) throw std::invalid_argument(std::string(name) + ": " + *why);
        const Measurement<T>& measurement = *problem.objective.measurement();
        const T t0 = std::max(problem.model.t0(), static_cast<T>(start));
        const PathPoint<T> p = at<T>(problem.model.path(), t0);
        std::vector<T> x = measured_estimate(measurement), u(problem.model.dim());
        problem.random.fill(Draw::start, 0, std::span<T>(u));
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = p.alpha * x[i] + p.sigma() * u[i];

        MeasurementScore<T> score(problem.model, measurement);
        const double whole = static_cast<double>(steps_of(problem, steps)), part = whole * static_cast<double>(problem.model.t1() - t0);
        const auto count = static_cast<std::size_t>(std::max(1.0, std::round(part)));
        GuidanceResult<T> result = march(problem, t0, count, std::move(x), [&](const T& t, const T& h, std::span<T> at_t) {
            ot_ode_velocity(score, static_cast<T>(gamma), t, std::span<const T>(at_t), std::span<T>(u));
            for (std::size_t i = 0; i < at_t.size(); ++i) at_t[i] += h * u[i];
        });
        result.peak_bytes += score.bytes() + u.size() * sizeof(T);
        return result;
    }
};

}  // namespace

GuidanceMethod methods::ot_ode() { return GuidanceMethod::of<OtOde>(); }

}  // namespace costate::guidance
