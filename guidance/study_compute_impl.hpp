// The template behind study_compute.hpp; included by the source file of each scalar.
#pragma once

#include "guidance/study_compute.hpp"
#include "guidance/study_field.hpp"
#include "guidance/study_loss.hpp"
#include "guidance/study_non_finite.hpp"
#include "ode/fields/named_fields.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/gradient/methods.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <type_traits>
#include <utility>

namespace costate::guidance::detail {

/// A named field in T, its parameters frozen: a study differentiates with respect to x alone.
template <class T>
autodiff::ProgramField<T> named_field(std::string_view name) {
    std::shared_ptr<const autodiff::Program<T>> program;
    ode::with_field(name, [&]<class Field>(const Field& field) {
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

/// The subject in T; what is frozen concerns networks only, a named field has no parameters here.
template <class T>
StudyModel<T> study_model(const Study::Parts& parts, const nn::ProgramOptions& options = {.frozen_parameters = true}) {
    if (!parts.mixture.empty()) return {mixture_in<T>(parts.mixture, *parts.path), Parametrisation::velocity, parts.path};
    if (parts.network) return {autodiff::ProgramField<T>(nn::program<T>(*parts.network, options)), parts.given, parts.path};
    return {named_field<T>(parts.problem.subject)};
}

template <class T>
std::vector<T> in_precision(std::span<const double> values) {
    std::vector<T> result;
    for (const double value : values) result.push_back(static_cast<T>(value));
    return result;
}

/// The ends of the independent variable, and x̃(s₀) = start · x(t₀), x(t₁) = end · x̃(s₁).
template <class T>
struct StudyEnds {
    T s0, s1, start = T(1), end = T(1);
};
template <class T>
StudyEnds<T> study_ends(const Study::Parts& parts, bool regular) {
    const T t0 = static_cast<T>(parts.problem.t0), t1 = static_cast<T>(parts.problem.t1);
    if (!regular) return {t0, t1};
    const PathPoint<T> first = at<T>(*parts.path, t0), last = at<T>(*parts.path, t1);
    return {first.ratio(), last.ratio(), T(1) / first.alpha, last.alpha};
}

/// L of samples first … first + count as a function of what the field ends with: end · it is x(t₁).
template <class T>
StudyLoss<T> study_loss(const Study::Parts& parts, std::size_t first, std::size_t count, const T& end) {
    std::vector<T> y = in_precision<T>(parts.target(first, count)), H = in_precision<T>(parts.problem.observation);
    if (H.empty()) return StudyLoss<T>(ode::SquaredDistance<T>(std::move(y)), end);
    return StudyLoss<T>(LinearObservation<T>({parts.problem.target_size, parts.problem.dimension, std::move(H)}, std::move(y)), end);
}

template <class T>
void scale(std::vector<T>& values, const T& factor) {
    if (factor == T(1)) return;
    for (T& value : values) value *= factor;
}

template <class T>
Mpfr50 widened(const T& value) {
    if constexpr (std::is_same_v<T, Mpfr50>) return value;
    else return Mpfr50(value);
}

/// Calls compute(result) some times and keeps the last result and the median time; the first run warms the workspace and counts only where
/// it is the only one.
template <class T>
GradientOutcome timed(const GradientTask& task, const T& start, const std::function<void(ode::GradientResult<T>&)>& compute) {
    using Clock = std::chrono::steady_clock;
    ode::GradientResult<T> result;
    std::vector<double> seconds;
    double total = 0;
    while (seconds.size() < std::max<std::size_t>(task.repetitions, 1) && (seconds.size() < 2 || total < 0.02)) {
        const auto begin = Clock::now();
        compute(result);
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
        total += seconds.back();
        if (total > 0.5) break;
    }
    if (seconds.size() > 1) seconds.erase(seconds.begin());
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
    GradientOutcome outcome{{}, {}, result.cost, seconds[seconds.size() / 2], result.reconstruction_error};
    scale(result.x_bar, start);
    for (const T& value : result.x_bar) outcome.gradient.push_back(widened(value));
    for (const T& value : result.x1) outcome.state.push_back(widened(value));
    return outcome;
}

/// What one thread computes with: the study's field, and where a method asks for them x̂₁ and the regular variables.
template <class T>
class GradientComputer {
public:
    GradientComputer(const Study::Parts& parts, const StudyModel<T>& model, const Watch& watch)
        : parts_(parts), model_(model), watch_(watch), field_(model.field(parts.problem.regular, watch)) {}

    GradientOutcome operator()(const GradientTask& task) {
        if (task.method == greedy_name) return greedy(task);
        if (task.method == adjoint_deis_name) return adjoint_deis(task);
        if (task.method != look_ahead_name) return by_method(field_, parts_.problem.regular, task.method, task);
        StudyField<T> regular = model_.field(true, watch_);
        return by_method(regular, true, ode::dto::StoreAll::name, task);
    }

private:
    GradientOutcome greedy(const GradientTask& task) {
        const std::vector<T> x0 = in_precision<T>(parts_.start(task.first, task.count));
        const StudyLoss<T> loss = study_loss<T>(parts_, task.first, task.count, T(1));
        const T t0 = static_cast<T>(parts_.problem.t0);
        return timed<T>(task, T(1), [&](ode::GradientResult<T>& result) { result = model_.greedy(loss, t0, std::span<const T>(x0)); });
    }

    GradientOutcome adjoint_deis(const GradientTask& task) {
        const std::vector<T> x0 = in_precision<T>(parts_.start(task.first, task.count));
        const StudyLoss<T> loss = study_loss<T>(parts_, task.first, task.count, T(1));
        const T t0 = static_cast<T>(parts_.problem.t0), t1 = static_cast<T>(parts_.problem.t1);
        return timed<T>(task, T(1), [&](ode::GradientResult<T>& result) { model_.adjoint_deis(loss, t0, t1, task.steps, std::span<const T>(x0), watch_, result); });
    }

    GradientOutcome by_method(StudyField<T>& field, bool regular, std::string_view name, const GradientTask& task) {
        const StudyEnds<T> ends = study_ends<T>(parts_, regular);
        const StudyLoss<T> loss = study_loss<T>(parts_, task.first, task.count, ends.end);
        std::vector<T> x0 = in_precision<T>(parts_.start(task.first, task.count));
        scale(x0, ends.start);
        GradientOutcome outcome;
        ode::with_gradient_method(name, [&]<class Method>(const Method& method) {
            if constexpr (ode::has_own_map<Method>())
                if (task.stored) {
                    outcome = timed<T>(task, ends.start, [&](ode::GradientResult<T>& result) {
                        result = method.store_all(field, loss, *task.tableau, ends.s0, ends.s1, task.steps, x0, ode::GradientOptions{false, false});
                    });
                    return;
                }
            typename Method::template Workspace<StudyField<T>, T> workspace(*task.tableau);
            outcome = timed<T>(task, ends.start, [&](ode::GradientResult<T>& result) {
                method(field, loss, ends.s0, ends.s1, task.steps, x0, ode::GradientOptions{false, false}, workspace, result);
            });
            if constexpr (requires { workspace.sentence(); }) outcome.note = workspace.sentence();
        });
        for (Mpfr50& value : outcome.state) value *= widened(ends.end);
        if (!std::all_of(outcome.gradient.begin(), outcome.gradient.end(), [](const Mpfr50& value) { return isfinite(value); }))
            outcome.not_finite = where_not_finite<T>(field, *task.tableau, ode::Grid<T>(ends.s0, ends.s1, task.steps), x0, name, task.first);
        return outcome;
    }

    const Study::Parts& parts_;
    StudyModel<T> model_;
    Watch watch_;
    StudyField<T> field_;
};

template <class T>
ComputeFactory compute_with(const Study::Parts& parts, const StudyModel<T>& model, const Watch& watch) {
    return [&parts, watch, shared = model]() -> Compute {
        return [computer = std::make_shared<GradientComputer<T>>(parts, shared, watch)](const GradientTask& task) { return (*computer)(task); };
    };
}

template <class T>
ComputeFactory compute_in(const Study::Parts& parts, const Watch& watch) {
    return compute_with<T>(parts, study_model<T>(parts), watch);
}

}  // namespace costate::guidance::detail
