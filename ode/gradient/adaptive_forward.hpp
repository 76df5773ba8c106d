// An adaptive solve that stops at given times and leaves its grid behind: the way forward of every gradient on steps of its own.
#pragma once

#include "ode/adaptive/solve.hpp"
#include "ode/time_grid.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::ode {

/// The grid that a solve found, the state at its end and how it went; scratch. Allocates nothing once warm.
template <Scalar T>
struct AdaptiveForward {
    PairCoefficients<T> pair;
    AdaptiveWorkspace<T> ws;
    TimeGrid<T> grid;       ///< its knots: t₀ and the times given
    std::vector<T> x;       ///< at the end of the grid
    std::vector<T> saved;   ///< the states at the save times reached, one after the other, as of solve_adaptive
    AdaptiveCounts counts;
    Status status;

    explicit AdaptiveForward(const Tableau& tableau) : pair(tableau) {}
    [[nodiscard]] std::size_t bytes() const {
        return ws.bytes() + grid.bytes() + detail::bytes_of(x) + detail::bytes_of(saved) + detail::bytes_of(part_.x1) + detail::bytes_of(part_.times) +
               detail::bytes_of(part_.saved);
    }

    /// From x₀ at t₀ to the knots s_1, s_2, …, s_K, at each of which a step ends: at its last step before it a solve takes what is left.
    /// hook(step) with step.n counted from t₀. Limits on steps and evaluations are of the whole. A solve that fails ends there, and status
    /// says why. Throws std::invalid_argument without knots, for knots that coincide or turn back, and as solve_adaptive.
    template <class F, class Hook = NoHook>
        requires VectorField<F, T> && StepHook<Hook, T>
    const Status& follow(F& f, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& options, Hook&& hook = {}) {
        if (knots.empty()) throw std::invalid_argument("adaptive solve through knots: there are none; give at least the end t1");
        detail::check_save_times<T>(t0, knots.back(), options.save_at);
        options_ = options;
        saved.clear();
        std::size_t waiting = 0;  // the first save time that is not reached
        grid.begin(t0);
        x.assign(x0.begin(), x0.end());
        counts = {};
        const T* from = &t0;
        for (const T& to : knots) {
            if (to == *from) throw std::invalid_argument("adaptive solve through knots: one of them is where the one before it is; give each once");
            T longest(0);
            waiting = save_until(to, knots.back() < t0, options.save_at, waiting);
            solve_adaptive<T>(pair, f, *from, to, x, options_, ws, part_, [&](AcceptedStep<T>& step) {
                step.n = grid.steps();
                longest = std::max(longest, step.h < T(0) ? T(-step.h) : step.h);
                const bool go_on = detail::call_hook(hook, step);
                grid.push(step.t_next, step.h);
                return go_on;
            });
            x.swap(part_.x1);
            account(longest);
            if (!status.ok()) return status;
            grid.mark();
            from = &to;
        }
        return status;
    }

private:
    /// Leaves to the interval that ends at `to` the save times on its way; the first of the others.
    std::size_t save_until(const T& to, bool backwards, const std::vector<T>& times, std::size_t waiting) {
        options_.save_at.clear();
        for (; waiting < times.size() && (backwards ? times[waiting] >= to : times[waiting] <= to); ++waiting) options_.save_at.push_back(times[waiting]);
        return waiting;
    }
    /// The next interval begins with the longest step of this one: its last was cut to fit.
    void account(const T& longest) {
        counts.evaluations += part_.counts.evaluations;
        counts.accepted += part_.counts.accepted;
        counts.rejected += part_.counts.rejected;
        saved.insert(saved.end(), part_.saved.begin(), part_.saved.end());
        status = part_.status;
        options_.first_step = longest;
        options_.max_steps -= std::min(options_.max_steps, part_.counts.accepted + part_.counts.rejected);
        options_.max_evaluations -= std::min(options_.max_evaluations, part_.counts.evaluations);
    }

    AdaptiveOptions<T> options_;  // of the interval at hand
    AdaptiveResult<T> part_;
};

}  // namespace costate::ode
