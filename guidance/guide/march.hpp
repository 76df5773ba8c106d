// From noise to data by equal steps, with something done on the way: what most methods share.
#pragma once

#include "guidance/guide/method.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::guidance {

/// The sample that x(t₁) = x stands for: x itself, or x̂₁(t₁, x) where the model ends earlier than 1.
template <class T>
void finish(FlowModel<T>& model, std::vector<T>& x) {
    if (!model.ends_with_estimate()) return;
    std::vector<T> end(x.size());
    model.denoise(model.t1(), std::span<const T>(x), std::span<T>(end));
    x = std::move(end);
}

/// x ← step(t, h, x) for t = t_start + n h, n = 0 … steps - 1, h = (t₁ - t_start)/steps: of an x that stands for a sample all the time. `step`
/// changes x in place.
/// Of peak_bytes it counts x; what the step holds is its own to add.
template <class T, class Step>
GuidanceResult<T> sweep(GuidanceProblem<T>& problem, const T& t_start, std::size_t steps, std::vector<T> x, Step&& step) {
    GuidanceResult<T> result;
    result.peak_bytes = x.size() * sizeof(T);
    const T h = (problem.model.t1() - t_start) / static_cast<T>(steps);
    for (std::size_t n = 0; n < steps; ++n) {
        problem.watch(static_cast<double>(n) / static_cast<double>(steps));
        if (problem.options.keep_trajectory) result.trajectory.push_back(x);
        step(t_start + static_cast<T>(n) * h, h, std::span<T>(x));
    }
    if (problem.options.keep_trajectory) result.trajectory.push_back(x);
    result.x = std::move(x);
    return result;
}

/// The same of a state x(t) of the flow: what it stands for in the end is found by finish.
template <class T, class Step>
GuidanceResult<T> march(GuidanceProblem<T>& problem, const T& t_start, std::size_t steps, std::vector<T> x, Step&& step) {
    GuidanceResult<T> result = sweep(problem, t_start, steps, std::move(x), std::forward<Step>(step));
    finish(problem.model, result.x);
    if (problem.options.keep_trajectory) result.trajectory.back() = result.x;
    return result;
}

/// From the model's own start.
template <class T, class Step>
GuidanceResult<T> march(GuidanceProblem<T>& problem, std::size_t steps, Step&& step) {
    return march(problem, problem.model.t0(), steps, problem.start(), std::forward<Step>(step));
}

/// x ← x + h u, u = (σ'/σ) x + (α' - ασ'/σ) x̂₁: Euler's step where x̂₁(t, x) is known.
template <class T>
void euler_to(const FlowModel<T>& model, const T& t, const T& h, std::span<const T> x1hat, std::span<T> x) {
    const Affine<T> u = velocity_from_x1<T>(model.path(), t);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * (u.on_x * x[i] + u.on_n * x1hat[i]);
}

/// Hᵀ(HHᵀ + σ_y²I)⁻¹y: H⁺y without noise, with it the mean of x ~ N(0, I) given y, where H⁺ would amplify the noise.
template <class T>
std::vector<T> measured_estimate(const Measurement<T>& measurement) {
    const double sigma_y = static_cast<double>(measurement.sigma_y);
    std::vector<T> solved(measurement.y.size()), x(measurement.H.columns());
    measurement.H.solve(1, sigma_y * sigma_y, std::span<const T>(measurement.y), std::span<T>(solved));
    measurement.H.transposed(std::span<const T>(solved), std::span<T>(x));
    return x;
}

/// Where an iteration on samples begins: that of the first measurement, x̂₁(t₀, ·) of the model's start where there is none.
template <class T>
std::vector<T> first_estimate(GuidanceProblem<T>& problem) {
    if (const Measurement<T>* measurement = problem.objective.any_measurement()) return measured_estimate(*measurement);
    std::vector<T> x(problem.model.dim());
    problem.model.denoise(problem.model.t0(), std::span<const T>(problem.start()), std::span<T>(x));
    return x;
}

/// The steps that were asked for, else the method's own number.
template <class T>
std::size_t steps_of(const GuidanceProblem<T>& problem, double own) {
    return problem.options.steps > 0 ? problem.options.steps : static_cast<std::size_t>(own);
}

}  // namespace costate::guidance
