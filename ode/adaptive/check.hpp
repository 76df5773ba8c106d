// What solve_adaptive refuses before it begins.
#pragma once

#include "ode/adaptive/options.hpp"
#include "ode/solve.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>

namespace costate::ode::detail {

template <OrderedScalar T>
bool is_finite(const T& x) {
    return x - x == T(0);
}

/// Throws std::invalid_argument unless the save times lie between t₀ and t₁ in the order in which a solve passes them.
template <OrderedScalar T>
void check_save_times(const T& t0, const T& t1, std::span<const T> times) {
    const bool ahead = t1 >= t0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        const T &time = times[i], &before = i == 0 ? t0 : times[i - 1];
        const bool ordered = ahead ? time >= before && time <= t1 : time <= before && time >= t1;
        if (!ordered)
            throw std::invalid_argument("solve_adaptive: save_at[" + std::to_string(i) +
                                        "] is out of order or outside of t0 to t1; give times in the order in which the solve passes them");
    }
}

/// Throws std::invalid_argument, see solve_adaptive.
template <OrderedScalar T, class F>
void check_adaptive(F& f, const T& t0, const T& t1, std::size_t size, const AdaptiveOptions<T>& options) {
    check_state(f, size);
    if (!is_finite(t0) || !is_finite(t1) || !is_finite(T(t1 - t0)))
        throw std::invalid_argument("solve_adaptive: t0, t1 or the interval between them is not finite; give finite times");
    check_tolerances(options.tolerance, f.dim());
    check_controller(options.controller);
    for (const T& step : {options.first_step, options.max_step, options.min_step})
        if (!is_finite(step) || step < T(0))
            throw std::invalid_argument("solve_adaptive: first_step, max_step or min_step is negative or not finite; give lengths, 0 for none");
    check_save_times<T>(t0, t1, options.save_at);
}

}  // namespace costate::ode::detail
