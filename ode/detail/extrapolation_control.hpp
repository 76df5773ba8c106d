// Step length and number of columns of the adaptive solve of ode/extrapolation.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace costate::ode::detail {

/// Field evaluations of the first k rows with n = 2, 4, …, 2k: 1 + Σ (n_j - 1) = k² + 1, f(t, x) counted once.
constexpr std::size_t row_cost(std::size_t k) { return k * k + 1; }

/// Step and column control of the adaptive solve: the work a unit of time, row_cost(k) / H_k, is minimised (Deuflhard 1983).
struct ExtrapolationControl {
    double tolerance;
    std::size_t max_columns;
    std::size_t target;               ///< the column at which the next step is expected to converge
    std::vector<double> factor = {};  ///< factor[k] = H_k / H of the present attempt
    double predicted = 0;             ///< error of row target + 1 as row k lets expect it, relative to the tolerance
    double last_error = 0;

    ExtrapolationControl(int digits, std::size_t columns)
        : tolerance(std::pow(10.0, -digits)),
          max_columns(columns != 0 ? std::max<std::size_t>(columns, 3) : static_cast<std::size_t>(4 + 0.7 * digits)),
          // the error is about (H/ρ)^2K for a field analytic in a radius ρ: K² 10^(digits/2K) is least at K = digits · ln 10 / 4
          target(std::clamp<std::size_t>(static_cast<std::size_t>(0.576 * digits), 2, max_columns - 1)),
          factor(max_columns + 2, 0.0) {}

    /// Notes the error of row k; errors fall geometrically from row to row.
    void note(std::size_t k, double error) {
        const double order = 2.0 * static_cast<double>(k) - 1;
        factor[k] = error == 0 ? 4.0 : std::clamp(0.94 * std::pow(0.5 / error, 1 / order), 0.02, 4.0);
        if (!std::isfinite(error)) factor[k] = 0.1;
        const double ratio = k > 2 && last_error > 0 ? error / last_error : 1e-3;
        predicted = error * std::pow(ratio, static_cast<double>(target + 1) - static_cast<double>(k));
        last_error = error;
    }
    /// Whether row k says that not even row target + 1 will converge.
    [[nodiscard]] bool hopeless(std::size_t k) const { return !std::isfinite(last_error) || (k >= 5 && k < target && predicted > 1e4); }
    [[nodiscard]] double work(std::size_t k) const { return static_cast<double>(row_cost(k)) / factor[k]; }

    /// The factor of the next step after an attempt ended at row k; sets target.
    double conclude(std::size_t k, bool accepted) {
        if (!accepted && k < target)
            return std::isfinite(predicted) ? std::clamp(std::pow(0.1 / predicted, 0.5 / static_cast<double>(target + 1)), 0.05, 0.8) : 0.1;
        std::size_t best = k;
        while (best > 2 && work(best - 1) < work(best)) --best;
        target = std::clamp<std::size_t>(best, 2, max_columns - 1);
        if (!accepted) return std::min(factor[best], 0.7);
        if (best != k || k + 1 >= max_columns) return factor[best];
        target = k + 1;  // one column more, at the step length that it would allow
        return std::min(4.0, factor[k] * static_cast<double>(row_cost(k + 1)) / static_cast<double>(row_cost(k)));
    }
};

}  // namespace costate::ode::detail
