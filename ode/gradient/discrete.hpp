// The reverse sweep that discretize-then-optimize methods share; how one step is reversed is their own.
#pragma once

#include "ode/gradient/grid_bars.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/path_loss.hpp"
#include "ode/solve.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
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

/// x_{n+1} = Φ_h(x_n), every step recorded.
template <Scalar T, class F, class G>
void record_steps(F& f, const G& grid, View<T> x0, SweepWorkspace<F, T>& ws) {
    const std::size_t size = x0.size(), steps = step_count(grid);
    ws.states.resize((steps + 1) * size);
    if (ws.records.size() > steps) ws.records.resize(steps);
    ws.records.reserve(steps);  // filled as steps are taken: many millions of them can be stopped at once
    std::copy(x0.begin(), x0.end(), ws.states.begin());
    const std::span<T> states = ws.states;
    for (std::size_t n = 0; n < steps; ++n) {
        if (n == ws.records.size()) ws.records.emplace_back();
        step<T>(ws.method, f, grid.at(n), grid.step(n), states.subspan(n * size, size), states.subspan((n + 1) * size, size),
                ws.records[n], ws.step);
    }
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

/// λ += ∇ℓ_k(x_n) and L += ℓ_k(x_n) where node n < N is knot k and the loss has a term there; says whether it has.
/// Throws std::invalid_argument for a loss with another number of knots than the grid.
template <Scalar T, class L, class G>
bool jump(const L& loss, const G& grid, std::size_t n, View<T> x, MutableView<T> lambda, StepWorkspace<T>& ws, GradientResult<T>& result) {
    if constexpr (PathLoss<L, T>) {
        const std::optional<std::size_t> knot = grid.knot_at(n);
        if (!knot) return false;
        if (loss.knots() != grid.knots())
            throw std::invalid_argument("loss along the way: it has terms for " + std::to_string(loss.knots()) + " knots and the grid has " +
                                        std::to_string(grid.knots()) + "; mark as many");
        ws.scratch.resize(x.size());
        const std::optional<T> value = loss.at_knot(*knot, x, ws.scratch);
        if (!value) return false;
        result.loss += *value;
        kernels::axpy<T>(T(1), ws.scratch, lambda);
        return true;
    } else {
        return false;
    }
}

/// Forward, loss, and back with reverse_step(t, h, x_n, record, λ, θ̄, time bars or null), which turns λ_{n+1} into λ_n in place.
/// A loss along the way is added where the sweep meets its knots.
template <Scalar T, class F, class L, class G, class Reverse>
void sweep(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, SweepWorkspace<F, T>& ws,
           GradientResult<T>& result, Reverse&& reverse_step) {
    const std::size_t size = x0.size();
    ode::detail::check_state(f, size);
    record_steps<T>(f, grid, x0, ws);
    const std::span<const T> states = ws.states;
    start_reverse<T>(f, loss, states.last(size), options, ws.lambda, result);
    GridBars<G, T> times(grid, options, result);
    for (std::size_t n = step_count(grid); n-- > 0;) {
        TimeBars<T> bars{T(0), T(0)};
        reverse_step(grid.at(n), grid.step(n), states.subspan(n * size, size), ws.records[n], std::span<T>(ws.lambda),
                     std::span<T>(result.theta_bar), options.want_time ? &bars : nullptr);
        times.add(n, bars);
        jump<T>(loss, grid, n, states.subspan(n * size, size), ws.lambda, ws.step, result);
    }
    result.x_bar.assign(ws.lambda.begin(), ws.lambda.end());
    times.finish();
    const std::size_t stages = step_count(grid) * ws.method.stages;
    result.cost = {stages, stages, 0, 0};
}

}  // namespace detail
}  // namespace costate::ode::dto
