// X_i = x_a + h Σ_j a_ij f(t_j, X_j): one step of Gauss collocation (order 2s), its stages found by Picard's iteration on growing numbers of nodes.
#pragma once

#include "ode/detail/extrapolation_scheme.hpp"
#include "ode/gauss.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::ode::detail {

/// Rules of growing size. An iterate is no better than (hL)^k/k!, so early iterates do not need all nodes.
template <Scalar T>
struct Ladder {
    struct Level {
        GaussRule<T> rule;
        std::vector<T> own;      ///< integration matrix at the level's nodes
        std::vector<T> climb;    ///< from the level below to this one's nodes
        std::vector<T> descend;  ///< from the finest level to this one's nodes
    };
    std::vector<Level> levels;

    explicit Ladder(std::size_t nodes) {
        std::vector<std::size_t> sizes;
        for (std::size_t quarter = 1; quarter <= 4; ++quarter) {
            const std::size_t size = std::max<std::size_t>(2, nodes * quarter / 4);
            if (sizes.empty() || size > sizes.back()) sizes.push_back(size);
        }
        const GaussRule<T> finest = gauss_rule<T>(sizes.back());
        for (const std::size_t size : sizes) {
            Level level{gauss_rule<T>(size), {}, {}, {}};
            const std::span<const T> points = level.rule.nodes;
            level.own = integration_matrix(level.rule, points);
            if (!levels.empty()) level.climb = integration_matrix(levels.back().rule, points);
            level.descend = integration_matrix(finest, points);
            levels.push_back(std::move(level));
        }
    }
    [[nodiscard]] const Level& finest() const { return levels.back(); }
    [[nodiscard]] std::size_t nodes() const { return finest().rule.size(); }
};

/// y_i = x + h Σ_j M_ij F_j, rows of n values.
template <Scalar T>
void integrate(std::span<const T> M, const T& h, std::span<const T> x, std::span<const T> F, std::span<T> y) {
    const std::size_t n = x.size(), columns = F.size() / n;
    std::vector<T> sum(n);
    for (std::size_t i = 0; i < y.size() / n; ++i) {
        std::fill(sum.begin(), sum.end(), T(0));
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t c = 0; c < n; ++c) sum[c] += M[i * columns + j] * F[j * n + c];
        for (std::size_t c = 0; c < n; ++c) y[i * n + c] = x[c] + h * sum[c];
    }
}

/// Stages of a step: rows X_i and F_i = f(t_i, X_i).
template <Scalar T>
struct Stages {
    std::vector<T> X, F, next;
};

enum class StepEnd { converged, rough, slow };
struct StepOutcome {
    StepEnd end = StepEnd::converged;
    double tail = 0;  ///< |h| · (last Legendre coefficients of F) / 2s, relative to the state: the stages' own error, the square root of the step's
};

struct StepGoal {
    double tolerance;          ///< relative, for the fixed point and for the end of the step
    bool check_tail = true;    ///< whether a step whose tail promises less than the tolerance ends as rough
    std::size_t first_level = 0;
};

/// The first guess of a level's stages: x itself, or the integral of the level below.
template <Scalar T>
void begin_level(const typename Ladder<T>::Level& level, bool first, const T& h, std::span<const T> x, Stages<T>& stages) {
    const std::size_t n = x.size(), s = level.rule.size();
    stages.X.resize(s * n);
    if (first)
        for (std::size_t i = 0; i < s * n; ++i) stages.X[i] = x[i % n];
    else integrate<T>(level.climb, h, x, stages.F, stages.X);
    stages.F.resize(s * n);
    stages.next.resize(s * n);
}

/// X ← x + hAF(X); returns the largest change.
template <Scalar T, class Evaluate>
double sweep(const typename Ladder<T>::Level& level, Evaluate&& evaluate, const T& h, std::span<const T> x, Stages<T>& stages) {
    const std::size_t n = x.size();
    for (std::size_t i = 0; i < level.rule.size(); ++i)
        evaluate(i, std::span<const T>(stages.X).subspan(i * n, n), std::span<T>(stages.F).subspan(i * n, n));
    integrate<T>(level.own, h, x, stages.F, stages.next);
    for (std::size_t i = 0; i < stages.X.size(); ++i) stages.X[i] = stages.next[i] - stages.X[i];
    const double change = max_norm(std::span<const T>(stages.X));
    std::swap(stages.X, stages.next);
    return change;
}

/// Solves the stage equations; rhs(level, i, X_i, F_i) evaluates at node i of that level. On success the finest level's stages are in `stages`.
template <Scalar T, class Rhs>
StepOutcome collocation_step(const Ladder<T>& ladder, Rhs&& rhs, const T& h, std::span<const T> x, const StepGoal& goal, Stages<T>& stages) {
    const auto most_sweeps = static_cast<std::size_t>(20 - 2 * std::log10(goal.tolerance));  // (hL)^k/k! is below the tolerance for hL < 8
    const std::size_t finest = ladder.levels.size() - 1;
    const double root = std::sqrt(goal.tolerance), length = std::abs(ScalarTraits<T>::to_double(h));
    double first_scale = 0;
    StepOutcome outcome;
    for (std::size_t l = goal.first_level; l <= finest; ++l) {
        const auto& level = ladder.levels[l];
        const auto s = static_cast<double>(level.rule.size());
        const auto evaluate = [&](std::size_t i, std::span<const T> X, std::span<T> F) { rhs(l, i, X, F); };
        begin_level<T>(level, l == goal.first_level, h, x, stages);
        for (std::size_t k = 0;; ++k) {
            const double change = sweep<T>(level, evaluate, h, x, stages);
            const double scale = std::max({max_norm(x), length * max_norm(std::span<const T>(stages.F)), 1e-300});
            outcome.tail = length * legendre_tail(level.rule, std::span<const T>(stages.F)) / (2 * s) / scale;
            if (first_scale == 0) first_scale = scale;
            if (!(change < 1e6 * first_scale && scale < 1e9 * first_scale) || k == most_sweeps) return {StepEnd::slow, 1};
            if (change <= scale * (l == finest ? goal.tolerance : std::max(goal.tolerance, 0.1 * outcome.tail))) break;
        }
        const double expected = std::pow(outcome.tail, static_cast<double>(ladder.nodes()) / s);
        if (goal.check_tail && l > 0 && expected > (l == finest ? 1 : 30) * root) return {StepEnd::rough, expected};
    }
    return outcome;
}

/// The factor to the next step: the tail falls like r^-s, and r - 1/r = 4ρ/H for a singularity at the distance ρ (Bernstein).
inline double next_step_factor(const StepOutcome& outcome, double tolerance, std::size_t nodes) {
    if (outcome.end == StepEnd::slow) return 0.5;
    const auto width = [&](double tail) {
        const double r = std::pow(std::clamp(tail, 1e-200, 0.9), -1.0 / static_cast<double>(nodes));
        return r - 1 / r;
    };
    const double factor = 0.9 * width(outcome.tail) / width(0.3 * std::sqrt(tolerance));
    return outcome.end == StepEnd::rough ? std::clamp(factor, 0.2, 0.8) : std::clamp(factor, 0.5, 2.5);
}

}  // namespace costate::ode::detail
