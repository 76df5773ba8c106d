// The template behind study_compute.hpp; included by the source file of each scalar.
#pragma once

#include "autodiff/program_field.hpp"
#include "guidance/study_compute.hpp"
#include "ode/fields/named_fields.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/gradient/methods.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

namespace costate::guidance::detail {

/// A field that asks whether to go on: at every call where calls are slow, at every 256th where they are quick.
template <class T>
class WatchedField {
public:
    using Record = typename autodiff::ProgramField<T>::Record;

    WatchedField(autodiff::ProgramField<T> field, Watch watch) : field_(std::move(field)), watch_(std::move(watch)) {}

    [[nodiscard]] std::size_t dim() const { return field_.dim(); }
    [[nodiscard]] std::size_t parameter_count() const { return field_.parameter_count(); }
    [[nodiscard]] Record make_record() const { return field_.make_record(); }
    void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        ask();
        field_(t, x, dx);
    }
    void forward(const T& t, std::span<const T> x, std::span<T> dx, Record& record) {
        ask();
        field_.forward(t, x, dx, record);
    }
    void pullback(const Record& record, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        ask();
        field_.pullback(record, lambda, x_bar, theta_bar, t_bar);
    }
    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) {
        ask();
        field_.vjp(t, x, lambda, x_bar, theta_bar, t_bar);
    }
    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) {
        ask();
        field_.jvp(t, x, t_dot, x_dot, theta_dot, dx, dx_dot);
    }

private:
    void ask() {
        if (!std::is_floating_point_v<T> || (++calls_ & 255) == 0) watch_();
    }

    autodiff::ProgramField<T> field_;
    Watch watch_;
    std::size_t calls_ = 0;
};

/// The subject's field in T, its parameters frozen: a study differentiates with respect to x alone.
template <class T>
autodiff::ProgramField<T> subject_field(const Study::Parts& parts) {
    if (parts.network) return nn::field<T>(*parts.network, {.frozen_parameters = true});
    std::shared_ptr<const autodiff::Program<T>> program;
    ode::with_field(parts.problem.subject, [&]<class Field>(const Field& field) {
        autodiff::Tape<T> tape;
        const autodiff::Var<T> t = tape.input(1, autodiff::Sharing::shared, "t");
        const auto x = elements(tape.input(Field::dim, autodiff::Sharing::per_sample, "x"));
        std::vector<autodiff::Var<T>> p, dx(Field::dim);
        for (const Rational& value : Field::parameters()) p.emplace_back(from_rational<T>(value));
        field(t, std::span<const autodiff::Var<T>>(x), std::span<const autodiff::Var<T>>(p), std::span<autodiff::Var<T>>(dx));
        tape.output(stack(tape, std::span<const autodiff::Var<T>>(dx)), "dx");
        program = std::make_shared<const autodiff::Program<T>>(freeze(tape));
    });
    return autodiff::ProgramField<T>(std::move(program));
}

template <class T>
std::vector<T> in_precision(std::span<const double> values) {
    std::vector<T> result;
    for (const double value : values) result.push_back(static_cast<T>(value));
    return result;
}

template <class T>
Mpfr50 widened(const T& value) {
    if constexpr (std::is_same_v<T, Mpfr50>) return value;
    else return Mpfr50(value);
}

/// Runs the task; the first run warms the workspace and counts only where it is the only one.
template <class T, class Field>
GradientOutcome compute_gradient(const Study::Parts& parts, Field& field, const GradientTask& task) {
    using Clock = std::chrono::steady_clock;
    const ode::SquaredDistance<T> loss(in_precision<T>(parts.target(task.first, task.count)));
    const std::vector<T> x0 = in_precision<T>(parts.start(task.first, task.count));
    const T t0 = static_cast<T>(parts.problem.t0), t1 = static_cast<T>(parts.problem.t1);
    GradientOutcome outcome;
    ode::with_gradient_method(task.method, [&]<class Method>(const Method& method) {
        typename Method::template Workspace<Field, T> workspace(*task.tableau);
        ode::GradientResult<T> result;
        std::vector<double> seconds;
        double total = 0;
        while (seconds.size() < std::max<std::size_t>(task.repetitions, 1) && (seconds.size() < 2 || total < 0.02)) {
            const auto begin = Clock::now();
            method(field, loss, t0, t1, task.steps, x0, ode::GradientOptions{false, false}, workspace, result);
            seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
            total += seconds.back();
            if (total > 0.5) break;
        }
        if (seconds.size() > 1) seconds.erase(seconds.begin());
        std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
        outcome.seconds = seconds[seconds.size() / 2];
        outcome.cost = result.cost;
        for (const T& value : result.x_bar) outcome.gradient.push_back(widened(value));
    });
    return outcome;
}

template <class T>
ComputeFactory compute_in(const Study::Parts& parts, const Watch& watch) {
    return [&parts, shared = WatchedField<T>(subject_field<T>(parts), watch)]() -> Compute {
        auto field = std::make_shared<WatchedField<T>>(shared);
        return [&parts, field](const GradientTask& task) { return compute_gradient<T>(parts, *field, task); };
    };
}

}  // namespace costate::guidance::detail
