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
    AdaptiveCounts counts;
    Status status;

    explicit AdaptiveForward(const Tableau& tableau) : pair(tableau) {}
    [[nodiscard]] std::size_t bytes() const {
        return ws.bytes() + grid.bytes() + detail::bytes_of(x) + detail::bytes_of(part_.x1) + detail::bytes_of(part_.times);
    }

    /// From x₀ at t₀ to the knots s_1, s_2, …, s_K, at each of which a step ends: at its last step before it a solve takes what is left.
    /// hook(step) with step.n counted from t₀. Limits on steps and evaluations are of the whole; options.save_at takes no part. A solve that
    /// fails ends there, and status says why. Throws std::invalid_argument without knots, for knots that coincide or turn back, and as solve_adaptive.
    template <class F, class Hook = NoHook>
        requires VectorField<F, T> && StepHook<Hook, T>
    const Status& follow(F& f, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& options, Hook&& hook = {}) {
        if (knots.empty()) throw std::invalid_argument("adaptive solve through knots: there are none; give at least the end t1");
        options_ = options;
        options_.save_at.clear();
        grid.begin(t0);
        x.assign(x0.begin(), x0.end());
        counts = {};
        const T* from = &t0;
        for (const T& to : knots) {
            if (to == *from) throw std::invalid_argument("adaptive solve through knots: one of them is where the one before it is; give each once");
            T longest(0);
            solve_adaptive<T>(pair, f, *from, to, x, options_, ws, part_, [&](AcceptedStep<T>& step) {
                step.n = grid.steps();
                longest = std::max(longest, step.h < T(0) ? T(-step.h) : step.h);
                const bool go_on = call(hook, step);
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
    template <class Hook>
    static bool call(Hook& hook, AcceptedStep<T>& step) {
        if constexpr (std::convertible_to<decltype(hook(step)), bool>) return hook(step);
        else return hook(step), true;
    }
    /// The next interval begins with the longest step of this one: its last was cut to fit.
    void account(const T& longest) {
        counts.evaluations += part_.counts.evaluations;
        counts.accepted += part_.counts.accepted;
        counts.rejected += part_.counts.rejected;
        status = part_.status;
        options_.first_step = longest;
        options_.max_steps -= std::min(options_.max_steps, part_.counts.accepted + part_.counts.rejected);
        options_.max_evaluations -= std::min(options_.max_evaluations, part_.counts.evaluations);
    }

    AdaptiveOptions<T> options_;  // of the interval at hand
    AdaptiveResult<T> part_;
};

}  // namespace costate::ode
