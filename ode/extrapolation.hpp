// x(t + H) = lim_{n→∞} S_n,  S_n = x(t+H) + e₁ (H/n)² + e₂ (H/n)⁴ + …: the modified midpoint rule with n = 2, 4, 6, … substeps, extrapolated.
// Arbitrary order 2k in k columns; step and number of columns are adapted. Gragg 1965; Bulirsch and Stoer 1966; Deuflhard 1983.
#pragma once

#include "ode/detail/extrapolation_control.hpp"
#include "ode/detail/extrapolation_scheme.hpp"
#include "ode/vector_field.hpp"
#include "scalar/traits.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace costate::ode {

/// What an adaptive solve is asked for.
struct ExtrapolationOptions {
    int digits = 30;                          ///< the local error of a step stays below 10^-digits of the state's size
    std::size_t max_columns = 0;              ///< 0: chosen from digits
    std::size_t max_evaluations = 2'000'000;  ///< of f, then the solve ends with a failure
    double first_step = 0;                    ///< |H| of the first attempt; 0: chosen
    double min_step = 1e-9;                   ///< relative to |t₁ - t₀|, then the solve ends with a failure
    std::vector<std::size_t> groups = {};     ///< consecutive parts of the state whose errors are measured apart, by size; empty: one group
};

/// How an adaptive solve ended. failure is empty or one sentence; then the state is the last accepted one.
struct ExtrapolationStatus {
    std::string failure = {};
    std::size_t evaluations = 0, steps = 0, rejected = 0;
    double local_errors = 0;  ///< Σ over steps of the relative local error estimate
    [[nodiscard]] bool ok() const { return failure.empty(); }
};

/// x₁ = T_kk at t + H with k = columns: a one-step method of order 2k, exact arithmetic included; H may be negative.
/// x and x1 do not overlap. columns² + 1 - (1 if reuse_start) evaluations; reuse_start: ws.start already holds f(t, x).
template <Scalar T, VectorField<T> F>
void extrapolation_step(F& f, const T& t, const T& H, std::size_t columns, std::span<const T> x, std::span<T> x1,
                        ExtrapolationWorkspace<T>& ws, bool reuse_start = false) {
    ws.reserve(x.size(), columns);
    if (!reuse_start) f(t, x, std::span<T>(ws.start));
    for (std::size_t j = 1; j <= columns; ++j) {
        detail::modified_midpoint(f, t, H, 2 * j, x, ws);
        detail::neville(j, ws);
    }
    std::copy(ws.table[0].begin(), ws.table[0].end(), x1.begin());
}

namespace detail {

/// max over the groups of ‖T_kk - T_k,k-1‖ / max(‖x‖, ‖T_kk‖, ‖H f‖).
template <Scalar T>
double relative_error(std::span<const T> x, double H, std::span<const std::size_t> groups, ExtrapolationWorkspace<T>& ws) {
    double worst = 0;
    std::size_t begin = 0;
    const std::size_t whole = x.size();
    const auto measure = [&](std::size_t size) {
        const std::span<const T> best = std::span<const T>(ws.table[0]).subspan(begin, size);
        for (std::size_t i = 0; i < size; ++i) ws.slope[begin + i] = best[i] - ws.table[1][begin + i];
        const double difference = max_norm(std::span<const T>(ws.slope).subspan(begin, size));
        const double scale = std::max({max_norm(x.subspan(begin, size)), max_norm(best),
                                       std::abs(H) * max_norm(std::span<const T>(ws.start).subspan(begin, size))});
        if (!std::isfinite(difference) || !std::isfinite(scale)) worst = HUGE_VAL;
        else if (difference > 0) worst = std::max(worst, difference / scale);
        begin += size;
    };
    for (const std::size_t size : groups) measure(size);
    if (begin < whole) measure(whole - begin);
    return worst;
}

/// One attempt with step H: rows until one is accurate enough or none will be. Returns the row it ended with; error is relative to the tolerance.
template <Scalar T, VectorField<T> F>
std::size_t attempt(F& f, const T& t, const T& H, std::span<const T> x, const ExtrapolationOptions& options, ExtrapolationControl& control,
                    ExtrapolationWorkspace<T>& ws, ExtrapolationStatus& status, double& error) {
    const std::size_t last = std::min(control.target + 1, control.max_columns);
    for (std::size_t k = 1;; ++k) {
        modified_midpoint(f, t, H, 2 * k, x, ws);
        status.evaluations += 2 * k - 1;
        neville(k, ws);
        if (k == 1) continue;
        error = relative_error(x, ScalarTraits<T>::to_double(H), options.groups, ws) / control.tolerance;
        control.note(k, error);
        // not before the row expected: a kink behind the last midpoint of a coarse row is invisible to it
        if ((error <= 1 && k + 1 >= control.target) || k >= last || control.hopeless(k)) return k;
    }
}

/// |H| of the first attempt: 0.3 ‖x‖/‖f‖, at most the interval.
template <Scalar T>
double first_step(std::span<const T> x, const ExtrapolationWorkspace<T>& ws, double length) {
    const double size = max_norm(x), speed = max_norm(std::span<const T>(ws.start));
    return speed > 0 && size > 0 ? std::min(length, 0.3 * size / speed) : 0.1 * length;
}

/// The next step as a part of what remains; no sliver is left at the end.
inline double part_of_rest(double step, double remaining) {
    if (step >= 0.999 * remaining) return 1;
    return step > 0.5 * remaining ? 0.5 : step / remaining;
}

/// Why the solve cannot go on, or nothing.
inline std::string obstacle(const ExtrapolationOptions& options, const ExtrapolationStatus& status, double t, double step, double length) {
    if (status.evaluations > options.max_evaluations)
        return "extrapolation: more than " + std::to_string(options.max_evaluations) + " evaluations at t = " + std::to_string(t) +
               "; ask for fewer digits or a shorter interval";
    if (!(step > options.min_step * length))
        return "extrapolation: the step became too small at t = " + std::to_string(t) +
               ", where the field is not smooth or not finite; end the interval before it or smooth the field";
    return {};
}

}  // namespace detail

/// x(t₀) in, x(t₁) out, in place; forward (t₁ > t₀) or backward. on_step(t, x) is called at t₀ and after every accepted step.
/// Whatever the field does, it neither throws nor hangs: a step that becomes too small, a value that is not finite and too many
/// evaluations end the solve with status.failure, a sentence.
template <OrderedScalar T, VectorField<T> F, class OnStep>
ExtrapolationStatus extrapolate(F& f, const T& t0, const T& t1, std::span<T> x, const ExtrapolationOptions& options,
                                ExtrapolationWorkspace<T>& ws, OnStep&& on_step) {
    const auto number = [](const T& v) { return ScalarTraits<T>::to_double(v); };
    const std::span<const T> state = x;
    const double length = std::abs(number(T(t1 - t0)));
    detail::ExtrapolationControl control(options.digits, options.max_columns);
    ExtrapolationStatus status;
    ws.reserve(x.size(), control.max_columns + 1);
    T t = t0;
    double step = 0;
    bool accepted = true;
    on_step(t, state);
    while (!(t == t1)) {
        if (accepted) {
            f(t, state, std::span<T>(ws.start));
            ++status.evaluations;
        }
        if (status.steps + status.rejected == 0) step = options.first_step > 0 ? options.first_step : detail::first_step(state, ws, length);
        const T rest = t1 - t;
        const double remaining = std::abs(number(rest)), part = detail::part_of_rest(step, remaining);
        const T H = part == 1 ? rest : T(rest * T(part));
        double error = HUGE_VAL;
        const std::size_t k = detail::attempt(f, t, H, state, options, control, ws, status, error);
        accepted = error <= 1;
        step = remaining * part * control.conclude(k, accepted);
        if (accepted) {
            t = part == 1 ? t1 : T(t + H);
            ++status.steps;
            status.local_errors += error * control.tolerance;
            std::copy_n(ws.table[0].begin(), x.size(), x.begin());
            on_step(t, state);
            if (t == t1) break;
        } else {
            ++status.rejected;
        }
        status.failure = detail::obstacle(options, status, number(t), step, length);
        if (!status.ok()) break;
    }
    return status;
}

/// The same without watching the steps.
template <OrderedScalar T, VectorField<T> F>
ExtrapolationStatus extrapolate(F& f, const T& t0, const T& t1, std::span<T> x, const ExtrapolationOptions& options = {}) {
    ExtrapolationWorkspace<T> ws;
    return extrapolate(f, t0, t1, x, options, ws, [](const T&, std::span<const T>) {});
}

}  // namespace costate::ode
