// What an adaptive solve is asked for and what it returns.
#pragma once

#include "ode/adaptive/controller.hpp"
#include "ode/adaptive/status.hpp"
#include "ode/adaptive/tolerance.hpp"
#include "ode/step_workspace.hpp"

#include <cstddef>
#include <limits>
#include <vector>

namespace costate::ode {

template <Scalar T>
struct AdaptiveOptions {
    Tolerances<T> tolerance = {};
    Controller controller = {};
    T first_step = T(0);  ///< |h₀|; 0: chosen from f (Hairer, Nørsett, Wanner I, II.4, at the cost of one evaluation)
    T max_step = T(0);    ///< 0: the interval
    T min_step = T(0);    ///< below it, and below what t can resolve, the solve fails; the last step may be shorter
    std::size_t max_steps = 100'000;  ///< accepted and rejected together
    std::size_t max_evaluations = std::numeric_limits<std::size_t>::max();
    std::vector<T> save_at = {};  ///< times from t₀ to t₁, in the direction of time: states there from the interpolant, steps not shortened
};

/// Evaluations of f on the whole batch, those of the first step's choice and of the interpolant's own stages included.
struct AdaptiveCounts {
    std::size_t evaluations = 0, accepted = 0, rejected = 0;
    friend bool operator==(const AdaptiveCounts&, const AdaptiveCounts&) = default;
};

/// Of a solve that failed: all that holds up to times.back().
template <Scalar T>
struct AdaptiveResult {
    Status status;
    std::vector<T> times;  ///< t₀ and the ends of the accepted steps; the step between two was taken with h = their difference, as rounded in T
    std::vector<T> x1;     ///< the state at times.back()
    std::vector<T> saved;  ///< the states at the save times reached, one after the other
    AdaptiveCounts counts;
};

/// Scratch of solve_adaptive: nothing is allocated once it is warm.
template <Scalar T>
struct AdaptiveWorkspace {
    StepWorkspace<T> step;                       ///< stage state, pointers
    std::vector<T> k, x, x_next, e, second, zeros, weights;

    void prepare(std::size_t stages, std::size_t extra, std::size_t n, bool two_estimates) {
        step.stage(stages + extra, n);
        k.resize((stages + extra) * n);
        for (std::vector<T>* v : {&x, &x_next, &e}) v->resize(n);
        second.resize(two_estimates ? n : 0);
        zeros.assign(n, T(0));
        weights.resize(stages + extra);
    }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = step.bytes();
        for (const std::vector<T>* v : {&k, &x, &x_next, &e, &second, &zeros, &weights}) total += detail::bytes_of(*v);
        return total;
    }
};

}  // namespace costate::ode
