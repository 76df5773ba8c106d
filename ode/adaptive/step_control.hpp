// When the next step begins and how long it is: limits, acceptance and rejection.
#pragma once

#include "ode/adaptive/check.hpp"
#include "ode/adaptive/options.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

namespace costate::ode::detail {

template <OrderedScalar T>
bool all_finite(std::span<const T> v) {
    return std::all_of(v.begin(), v.end(), [](const T& x) { return is_finite(x); });
}
/// The first component that is not finite.
template <OrderedScalar T>
std::size_t first_bad(std::span<const T> v) {
    return static_cast<std::size_t>(std::find_if(v.begin(), v.end(), [](const T& x) { return !is_finite(x); }) - v.begin());
}

/// The rules by which AdaptiveRun takes the steps of a whole state and BatchRun those of each sample, apart from the state.
template <OrderedScalar T>
struct StepControl {
    T t{}, t1{}, t_next{}, h{};
    T length{};              ///< |t₁ − t₀|
    std::size_t needed = 0;  ///< evaluations that a step may take
    double order = 0;        ///< k of the estimate
    ControllerMemory memory = {};
    std::optional<NonFinite> bad = {};  ///< since the last accepted step
    bool last_bad = false;

    static T size_of(const T& x) { return x < T(0) ? T(-x) : x; }
    [[nodiscard]] bool arrived() const { return t == t1; }
    [[nodiscard]] T direction() const { return t1 < t ? T(-1) : T(1); }

    /// What t can resolve here: ten units of its last digit, and not nothing at t = 0.
    [[nodiscard]] T least_step(const AdaptiveOptions<T>& options) const {
        const T eps = std::numeric_limits<T>::epsilon();
        return std::max({T(T(10) * eps * size_of(t)), T(eps * eps * length), options.min_step});
    }

    /// h and t_next from the h wanted; false, with a status, where a limit is reached.
    bool propose(const AdaptiveOptions<T>& options, const AdaptiveCounts& counts, Status& status) {
        T size = size_of(h);
        if (options.max_step > T(0)) size = std::min(size, options.max_step);
        const T rest = t1 - t;
        const bool last = size_of(rest) <= size * (T(101) / T(100));
        if (!last && !(size >= least_step(options))) {
            status.non_finite = bad;
            return fail(status, last_bad && bad ? Outcome::non_finite : Outcome::step_too_small, 0);
        }
        if (counts.accepted + counts.rejected >= options.max_steps) return fail(status, Outcome::too_many_steps, options.max_steps);
        if (counts.evaluations + needed > options.max_evaluations) return fail(status, Outcome::too_many_evaluations, options.max_evaluations);
        t_next = last ? t1 : T(t + (rest < T(0) ? T(-size) : size));
        h = t_next - t;
        return true;
    }

    /// The length of the next step after this one.
    [[nodiscard]] T after(double error, const Controller& controller) {
        return h * T(after_acceptance(controller, error, order, ScalarTraits<T>::to_double(size_of(h)), memory));
    }
    void reject(double error, const Controller& controller) { h *= T(after_rejection(controller, error, order, memory)); }

    bool fail(Status& status, Outcome outcome, std::size_t limit) const {
        status.outcome = outcome;
        status.h = ScalarTraits<T>::to_double(h);
        status.limit = limit;
        return false;
    }
};

}  // namespace costate::ode::detail
