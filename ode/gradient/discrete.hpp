// The reverse sweep that discretize-then-optimize methods share; how one step is reversed is their own.
#pragma once

#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/solve.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode::dto {

/// What a store-all sweep keeps: the states x_0 … x_N, one record a step, λ and the step's scratch. Serves one field.
template <class F, Scalar T>
struct SweepWorkspace {
    Coefficients<T> method;
    StepWorkspace<T> step;
    std::vector<T> states, lambda;
    std::vector<StepRecord<F, T>> records;

    explicit SweepWorkspace(const Tableau& tableau) : method(tableau) {}

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = step.bytes() + ode::detail::bytes_of(states) + ode::detail::bytes_of(lambda);
        for (const StepRecord<F, T>& record : records) total += record.bytes();
        return total;
    }
};

namespace detail {

/// t_n = t₀ + n h and h = (t₁ − t₀)/N:  t̄₁ = (Σ h̄_n + n t̄_n)/N,  t̄₀ = Σ t̄_n − t̄₁.
template <Scalar T>
void grid_bars(std::size_t steps, const T& start_bar, const T& length_bar, GradientResult<T>& result) {
    result.t1_bar = length_bar / Grid<T>::number(steps);
    result.t0_bar = start_bar - result.t1_bar;
}

/// x_{n+1} = Φ_h(x_n), every step recorded.
template <Scalar T, class F>
void record_steps(F& f, const Grid<T>& grid, View<T> x0, SweepWorkspace<F, T>& ws) {
    const std::size_t size = x0.size();
    ws.states.resize((grid.steps + 1) * size);
    if (ws.records.size() != grid.steps) ws.records.resize(grid.steps);
    std::copy(x0.begin(), x0.end(), ws.states.begin());
    const std::span<T> states = ws.states;
    for (std::size_t n = 0; n < grid.steps; ++n)
        step<T>(ws.method, f, grid.at(n), grid.h, states.subspan(n * size, size), states.subspan((n + 1) * size, size),
                ws.records[n], ws.step);
}

/// L, x₁ and λ = ∇L(x₁), and room for the wanted bars.
template <Scalar T, class F, class L>
void start_reverse(F& f, const L& loss, std::span<const T> x1, const GradientOptions& options, std::vector<T>& lambda,
                   GradientResult<T>& result) {
    result.x1.assign(x1.begin(), x1.end());
    result.loss = loss(x1);
    lambda.resize(x1.size());
    loss.gradient(x1, lambda);
    result.theta_bar.assign(options.want_theta ? f.parameter_count() : 0, T(0));
    result.t0_bar = result.t1_bar = T(0);
}

/// Forward, loss, and back with reverse_step(t, h, x_n, record, λ, θ̄, time bars or null), which turns λ_{n+1} into λ_n in place.
template <Scalar T, class F, class L, class Reverse>
void sweep(F& f, const L& loss, const Grid<T>& grid, View<T> x0, const GradientOptions& options, SweepWorkspace<F, T>& ws,
           GradientResult<T>& result, Reverse&& reverse_step) {
    const std::size_t size = x0.size();
    ode::detail::check_state(f, size);
    record_steps<T>(f, grid, x0, ws);
    const std::span<const T> states = ws.states;
    start_reverse<T>(f, loss, states.last(size), options, ws.lambda, result);
    T start_bar = T(0), length_bar = T(0);
    for (std::size_t n = grid.steps; n-- > 0;) {
        TimeBars<T> bars{T(0), T(0)};
        reverse_step(grid.at(n), grid.h, states.subspan(n * size, size), ws.records[n], std::span<T>(ws.lambda),
                     std::span<T>(result.theta_bar), options.want_time ? &bars : nullptr);
        start_bar += bars.t;
        length_bar += bars.h + Grid<T>::number(n) * bars.t;
    }
    result.x_bar.assign(ws.lambda.begin(), ws.lambda.end());
    if (options.want_time) grid_bars<T>(grid.steps, start_bar, length_bar, result);
    const std::size_t stages = grid.steps * ws.method.stages;
    result.cost = {stages, stages, 0, 0};
}

}  // namespace detail
}  // namespace costate::ode::dto
