// Discretize-then-optimize through an adaptive solve: the exact gradient of the computed solution on the steps that it took.
#pragma once

#include "ode/checkpoint/online.hpp"
#include "ode/gradient/adaptive_forward.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/discrete.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace costate::ode::dto {

/// Serves one field.
template <class F, Scalar T>
struct AdaptiveDtoWorkspace {
    AdaptiveForward<T> forward;
    CheckpointWorkspace<F, T> run;
    std::vector<T> states, slopes;  ///< of store-all: x_n, and the slopes of its step where the field has no records
    StepRecord<F, T> record;
    std::optional<checkpoint::Online> online;

    explicit AdaptiveDtoWorkspace(const Tableau& pair) : forward(pair), run(pair) {}
    [[nodiscard]] std::size_t bytes() const {
        return forward.bytes() + run.bytes() + ode::detail::bytes_of(states) + ode::detail::bytes_of(slopes) + record.bytes() + (online ? online->bytes() : 0);
    }
};

/// ∇L of x(s_1), …, x(s_K) as the adaptive solve computed them, its steps frozen (see TimeGrid for what moves with t₀ and the s_k):
/// λ_n = (∂Φ_{h_n}/∂x)ᵀ λ_{n+1} by step_vjp over the accepted steps, rejected ones leaving no trace. The result is bitwise that of StoreAll on
/// the grid, whatever the schedule, and the grid is left in ws.forward.grid. What is kept:
///   store_all   x_n and slopes of every step, on the way: no step is taken twice; a field with records takes each step once more
///   online      s states on the way, the number of steps being unknown until the end (checkpoint::Online)
///   the others  times alone on the way; then the schedule on a grid that is known, one forward pass more
struct Adaptive {
    checkpoint::Spec schedule{checkpoint::Rule::store_all, 0, 0};

    template <class F, Scalar T>
    using Workspace = AdaptiveDtoWorkspace<F, T>;

    /// A loss of the end s_K, or one with a term or none for t₀, s_1, …, s_K. Allocates nothing once ws and result have met a call of this
    /// size and as many steps. Where the solve fails the status says so, and result is as it was but for its cost.
    /// Throws std::invalid_argument as AdaptiveForward::follow and Checkpointed.
    template <class F, class L, OrderedScalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    const Status& operator()(F& f, const L& loss, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& steps, const GradientOptions& options,
                             Workspace<F, T>& ws, GradientResult<T>& result) const {
        const Status& status = schedule.rule == checkpoint::Rule::store_all ? stored(f, loss, t0, knots, x0, steps, options, ws, result)
                               : schedule.rule == checkpoint::Rule::online  ? online(f, loss, t0, knots, x0, steps, options, ws, result)
                                                                            : again(f, loss, t0, knots, x0, steps, options, ws, result);
        result.cost.evaluations += ws.forward.counts.evaluations;
        result.cost.peak_bytes = ws.bytes();
        return status;
    }

private:
    /// Whether the slopes of a step are all that its reverse needs.
    template <class F, class T>
    static constexpr bool by_slopes = !RecordingField<F, T> && !SteppingField<F, T>;

    template <class F, class L, Scalar T>
    static const Status& stored(F& f, const L& loss, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& steps,
                                const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) {
        const std::size_t kept = ws.run.method.stages * x0.size();
        ws.states.clear();
        ws.slopes.clear();
        result.cost = {};
        ws.forward.follow(f, t0, knots, x0, steps, [&](const AcceptedStep<T>& step) {
            ws.states.insert(ws.states.end(), step.x.begin(), step.x.end());
            if constexpr (by_slopes<F, T>) ws.slopes.insert(ws.slopes.end(), step.k.begin(), step.k.begin() + static_cast<std::ptrdiff_t>(kept));
        });
        if (ws.forward.status.ok()) sweep_back(f, loss, options, ws, result);
        return ws.forward.status;
    }

    template <class F, class L, Scalar T>
    static void sweep_back(F& f, const L& loss, const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) {
        const TimeGrid<T>& grid = ws.forward.grid;
        const std::size_t size = ws.forward.x.size(), stages = ws.run.method.stages;
        std::vector<T>&lambda = ws.run.lambda, &end = ws.run.x;
        detail::start_reverse<T>(f, loss, ws.forward.x, options, lambda, result);
        detail::GridBars<TimeGrid<T>, T> times(grid, options, result);
        end.resize(size);
        for (std::size_t n = grid.steps(); n-- > 0;) {
            const std::span<const T> x = std::span<const T>(ws.states).subspan(n * size, size);
            if constexpr (by_slopes<F, T>) ws.record.k.assign(ws.slopes.begin() + at(n * stages * size), ws.slopes.begin() + at((n + 1) * stages * size));
            else step<T>(ws.run.method, f, grid.at(n), grid.step(n), x, end, ws.record, ws.run.step);
            TimeBars<T> bars{T(0), T(0)};
            step_vjp<T>(ws.run.method, f, grid.at(n), grid.step(n), x, ws.record, lambda, lambda, result.theta_bar, options.want_time ? &bars : nullptr,
                        ws.run.step);
            times.add(n, bars);
            detail::jump<T>(loss, grid, n, x, lambda, ws.run.step, result);
        }
        result.x_bar.assign(lambda.begin(), lambda.end());
        times.finish();
        const std::size_t calls = grid.steps() * stages;
        result.cost = {by_slopes<F, T> ? 0 : calls, calls, 0, 0};
    }
    static std::ptrdiff_t at(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

    template <class F, class L, Scalar T>
    const Status& online(F& f, const L& loss, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& steps, const GradientOptions& options,
                         Workspace<F, T>& ws, GradientResult<T>& result) const {
        if (ws.online && ws.online->slots() == schedule.slots) ws.online->rewind();
        else ws.online.emplace(schedule.slots);
        checkpoint::Online& rule = *ws.online;
        result.cost = {};
        detail::ScheduleRun<F, L, TimeGrid<T>, T> work(f, loss, ws.forward.grid, x0, schedule.slots, 0, options, ws.run, result);
        ws.forward.follow(f, t0, knots, x0, steps, [&](const AcceptedStep<T>& step) {
            rule.step(false);
            work.stand_at(step.x);
            while (const checkpoint::Action* action = rule.next())
                if (action->kind != checkpoint::Kind::advance) work.perform(*action);  // the solver has advanced
        });
        if (!ws.forward.status.ok()) return ws.forward.status;
        rule.end();
        while (const checkpoint::Action* action = rule.next()) work.perform(*action);
        work.finish();
        return ws.forward.status;
    }

    template <class F, class L, Scalar T>
    const Status& again(F& f, const L& loss, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& steps, const GradientOptions& options,
                        Workspace<F, T>& ws, GradientResult<T>& result) const {
        result.cost = {};
        if (!ws.forward.follow(f, t0, knots, x0, steps).ok()) return ws.forward.status;
        const Checkpointed method(schedule);
        method(f, loss, ws.forward.grid, x0, options, ws.run, result);
        return ws.forward.status;
    }
};

}  // namespace costate::ode::dto
