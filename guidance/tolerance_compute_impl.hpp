// The template behind tolerance_compute.hpp; included by the source file of each scalar.
#pragma once

#include "guidance/study_compute_impl.hpp"
#include "guidance/tolerance_compute.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/adaptive_otd.hpp"
#include "ode/gradient/controlled_steps.hpp"
#include "ode/gradient/sensitive_steps.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace costate::guidance::detail {

inline constexpr std::size_t most_watched = 32;  // inputs, a direction each; beyond them the direction of the gradient stands for all

/// Its methods take one sample at a time: rows do not depend on who else is in a study.
template <class T>
class ToleranceComputer {
public:
    ToleranceComputer(const Study::Parts& parts, const Watch& watch)
        : parts_(parts), field_(study_model<T>(parts).field(parts.problem.regular, watch)), ends_(study_ends<T>(parts, parts.problem.regular)) {}

    ToleranceOutcome operator()(const ToleranceTask& task) {
        begin(task);
        ToleranceOutcome outcome;
        if (task.method.kind == ToleranceMethod::Kind::discrete) discrete(task, outcome);
        else if (task.method.kind == ToleranceMethod::Kind::continuous) continuous(task, outcome);
        else if (task.method.kind == ToleranceMethod::Kind::controlled) controlled(task, outcome);
        else sensitive(task, outcome);
        if (outcome.status.outcome == ode::Outcome::non_finite && !outcome.way_back) outcome.op = op_of_failure(*task.tableau);
        if (!outcome.status.ok()) return outcome;
        scale(result_.x_bar, ends_.start);
        scale(state_, ends_.end);
        for (const T& value : result_.x_bar) outcome.gradient.push_back(widened(value));
        for (const T& value : state_) outcome.state.push_back(widened(value));
        return outcome;
    }

private:
    using Field = StudyField<T>;
    static constexpr ode::GradientOptions options{false, false};

    void begin(const ToleranceTask& task) {
        x0_ = in_precision<T>(parts_.start(task.sample, 1));
        scale(x0_, ends_.start);
        loss_.emplace(study_loss<T>(parts_, task.sample, 1, ends_.end));
        steps_ = {};
        steps_.tolerance = tolerance(task.tolerance, 1);
        steps_.max_steps = 2'000'000;
        knots_.assign(1, ends_.s1);
    }

    [[nodiscard]] ode::Tolerances<T> tolerance(double relative, double factor) const {
        ode::Tolerances<T> both;
        both.rtol = static_cast<T>(relative * factor);
        both.atol = static_cast<T>(parts_.problem.atol.value_or(relative) * factor);
        return both;
    }

    /// Runs compute() some times and keeps the median time without the first, which warms the memory; once where it is long.
    template <class F>
    static double median_seconds(const ToleranceTask& task, F&& compute) {
        using Clock = std::chrono::steady_clock;
        std::vector<double> seconds;
        double total = 0;
        while (seconds.size() < std::max<std::size_t>(task.repetitions, 1) && total < 0.2) {
            const auto start = Clock::now();
            compute();
            seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
            total += seconds.back();
        }
        if (seconds.size() > 1) seconds.erase(seconds.begin());
        std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
        return seconds[seconds.size() / 2];
    }

    /// f, and where its value first was not finite.
    struct Witness {
        Field& f;
        T t{};
        std::vector<T> x{};

        [[nodiscard]] std::size_t dim() const { return f.dim(); }
        void operator()(const T& time, std::span<const T> state, std::span<T> slope) {
            f(time, state, slope);
            const bool finite = std::all_of(slope.begin(), slope.end(), [](const T& k) { return k - k == T(0); });
            if (finite || !x.empty()) return;
            t = time;
            x.assign(state.begin(), state.end());
        }
    };

    /// The op behind the first slope that was not finite after the last accepted step of the solve, which is run again.
    std::string op_of_failure(const ode::Tableau& tableau) {
        Witness witness{field_};
        const auto failed =
            ode::solve_adaptive<T>(tableau, witness, ends_.s0, ends_.s1, ode::View<T>(x0_), steps_, [&](const ode::AcceptedStep<T>&) { witness.x.clear(); });
        const std::string op = failed.status.ok() || witness.x.empty() ? "" : non_finite_op<T>(field_, witness.t, std::span<const T>(witness.x));
        return op.empty() ? "" : "first made by " + op;
    }

    void discrete(const ToleranceTask& task, ToleranceOutcome& outcome) {
        const ode::dto::Adaptive method{task.method.schedule};
        ode::dto::AdaptiveDtoWorkspace<Field, T> ws(*task.tableau);
        outcome.seconds =
            median_seconds(task, [&] { outcome.status = method(field_, *loss_, ends_.s0, ode::View<T>(knots_), x0_, steps_, options, ws, result_); });
        outcome.there = ws.forward.counts;
        outcome.cost = result_.cost;
        state_ = ws.forward.x;
        if (task.watch && outcome.status.ok())
            outcome.watch = ode::watch_sensitivities<Field, T>(ws.forward.pair, field_, ws.forward.grid, x0_, watched(), steps_.tolerance);
    }

    [[nodiscard]] ode::Directions<T> watched() const {
        if (x0_.size() <= most_watched) return ode::Directions<T>::every(x0_.size(), 0);
        return ode::Directions<T>::along(result_.x_bar, {});
    }

    void continuous(const ToleranceTask& task, ToleranceOutcome& outcome) {
        const ode::otd::Adaptive method{task.method.state, task.method.norm};
        ode::otd::AdaptiveOtdWorkspace<Field, T> ws(*task.tableau, *task.tableau);
        ode::AdaptiveOptions<T> back = steps_;
        back.tolerance = tolerance(task.tolerance, task.method.factor);
        outcome.seconds =
            median_seconds(task, [&] { outcome.status = method(field_, *loss_, ends_.s0, ode::View<T>(knots_), x0_, steps_, back, options, ws, result_); });
        outcome.way_back = ws.forward.status.ok() && !outcome.status.ok();
        outcome.there = ws.forward.counts;
        outcome.back = ws.counts;
        outcome.cost = result_.cost;
        state_ = ws.forward.x;
    }

    /// The first step is not differentiated; it is the first that the frozen solve takes.
    void controlled(const ToleranceTask& task, ToleranceOutcome& outcome) {
        ode::AdaptiveForward<T> forward(*task.tableau);
        const auto follow = [&] { return outcome.status = forward.follow(field_, ends_.s0, ode::View<T>(knots_), x0_, steps_); };
        if (!follow().ok()) return;
        steps_.first_step = forward.grid.step(0) < T(0) ? T(-forward.grid.step(0)) : forward.grid.step(0);
        const auto directions = ode::Directions<T>::every(x0_.size(), 0);
        std::vector<T> tangents, times;
        outcome.seconds = median_seconds(task, [&] {
            if (!follow().ok()) return;
            tangents = ode::controlled_tangents<Field, T>(forward.pair, field_, ends_.s0, ends_.s1, x0_, directions, steps_, times);
        });
        outcome.there = forward.counts;
        if (!outcome.status.ok()) return;
        state_ = forward.x;
        const std::size_t n = x0_.size(), tried = forward.counts.accepted + forward.counts.rejected;
        std::vector<T> lambda(n, T(0));
        loss_->gradient(state_, lambda);
        result_.x_bar.assign(n, T(0));
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) result_.x_bar[i] += lambda[j] * tangents[i * n + j];
        outcome.cost = {forward.counts.evaluations, 0, tried * forward.pair.stages * n, forward.bytes() + (tangents.capacity() + times.capacity()) * sizeof(T)};
    }

    /// Steps by a control of [x | ∂x/∂x₀], then DTO on them.
    void sensitive(const ToleranceTask& task, ToleranceOutcome& outcome) {
        ode::AdaptiveForward<T> forward(*task.tableau);
        ode::dto::StoreAll::Workspace<Field, T> ws(*task.tableau);
        ode::Directions<T> directions = ode::Directions<T>::every(x0_.size(), 0);
        if (x0_.size() > most_watched) {
            ToleranceTask frozen = task;
            frozen.repetitions = 1;
            discrete(frozen, outcome);
            if (!outcome.status.ok()) return;
            directions = watched();
            outcome.note = "the error control sees one direction, that of the gradient with frozen steps";
        }
        outcome.seconds = median_seconds(task, [&] {
            outcome.status = ode::follow_sensitivities<Field, T>(field_, ends_.s0, ode::View<T>(knots_), x0_, directions, steps_, forward);
            if (outcome.status.ok()) ode::dto::StoreAll{}(field_, *loss_, forward.grid, ode::View<T>(x0_), options, ws, result_);
        });
        outcome.there = forward.counts;
        if (!outcome.status.ok()) return;
        state_ = result_.x1;
        outcome.cost = result_.cost;
        outcome.cost.jvps += forward.counts.evaluations * (directions.x.size() / x0_.size());
        outcome.cost.peak_bytes = forward.bytes() + ws.bytes();
    }

    const Study::Parts& parts_;
    Field field_;
    StudyEnds<T> ends_;
    std::vector<T> x0_, knots_, state_;
    std::optional<StudyLoss<T>> loss_;
    ode::AdaptiveOptions<T> steps_;
    ode::GradientResult<T> result_;
};

template <class T>
ComputeTolerance tolerances_in(const Study::Parts& parts, const Watch& watch) {
    return [computer = std::make_shared<ToleranceComputer<T>>(parts, watch)](const ToleranceTask& task) { return (*computer)(task); };
}

}  // namespace costate::guidance::detail
