// The truth by extrapolation: x forwards, then (x, λ, θ̄) backwards with x restarted at the stored step ends.
#pragma once

#include "ode/detail/truth_common.hpp"
#include "ode/extrapolation.hpp"

#include <utility>

namespace costate::ode::detail {

/// (x, λ, θ̄)' = (f, -λᵀ∂f/∂x, -λᵀ∂f/∂θ) as one field on a state of 2n + p values; a batch is one state.
template <class F, class T>
struct AugmentedAdjoint {
    F& f;
    std::size_t n, p;
    Cost& cost;

    [[nodiscard]] std::size_t dim() const { return 2 * n + p; }
    void operator()(const T& t, std::span<const T> y, std::span<T> dy) {
        const std::span<const T> x = y.first(n), lambda = y.subspan(n, n);
        f(t, x, dy.first(n));
        std::fill(dy.begin() + static_cast<std::ptrdiff_t>(n), dy.end(), T(0));
        T t_bar = T(0);
        f.vjp(t, x, lambda, dy.subspan(n, n), dy.subspan(2 * n, p), t_bar);
        for (T& v : dy.subspan(n)) v = -v;
        ++cost.evaluations;
        ++cost.vjps;
    }
};

/// Throws std::runtime_error with the sentence of a solve that failed.
template <Scalar T, DifferentiableField<T> F, TerminalLoss<T> L>
GradientResult<T> solve_by_extrapolation(F& f, const L& loss, const T& t0, const T& t1, std::span<const T> x0, const SolveGoal& goal) {
    const std::size_t n = x0.size(), p = goal.want_theta ? f.parameter_count() : 0;
    GradientResult<T> result;
    result.x1.assign(x0.begin(), x0.end());
    ExtrapolationOptions options;
    options.digits = static_cast<int>(std::ceil(goal.digits));
    options.max_evaluations = goal.max_evaluations;
    const double length = std::abs(ScalarTraits<T>::to_double(T(t1 - t0)));
    options.first_step = goal.first_step * length;
    ExtrapolationWorkspace<T> ws;
    std::vector<std::pair<T, std::vector<T>>> ends;
    const auto succeed = [](const ExtrapolationStatus& status) {
        if (!status.ok()) throw std::runtime_error("truth: " + status.failure);
    };
    const auto keep = [&](const T& t, std::span<const T> x) { ends.emplace_back(t, std::vector<T>(x.begin(), x.end())); };
    const ExtrapolationStatus forward = extrapolate(f, t0, t1, std::span<T>(result.x1), options, ws, keep);
    succeed(forward);
    result.cost.evaluations = forward.evaluations;
    loss_at_end(f, loss, t1, result);

    options.first_step = length;  // all of a stored step at once
    options.groups = {n, n, p};
    if (p == 0) options.groups.pop_back();
    std::vector<T> y(2 * n + p, T(0));
    std::copy(result.x_bar.begin(), result.x_bar.end(), y.begin() + static_cast<std::ptrdiff_t>(n));
    AugmentedAdjoint<F, T> adjoint{f, n, p, result.cost};
    for (std::size_t k = ends.size() - 1; k > 0; --k) {
        std::copy(ends[k].second.begin(), ends[k].second.end(), y.begin());
        succeed(extrapolate(adjoint, ends[k].first, ends[k - 1].first, std::span<T>(y), options, ws, [](const T&, std::span<const T>) {}));
    }
    std::copy_n(y.begin() + static_cast<std::ptrdiff_t>(n), n, result.x_bar.begin());
    result.theta_bar.assign(y.begin() + static_cast<std::ptrdiff_t>(2 * n), y.end());
    time_at_start(f, t0, x0, result);
    return result;
}

}  // namespace costate::ode::detail
