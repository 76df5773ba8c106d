// One step backwards of the adjoint equation, with x beside λ, and the three ways to ∇_θL.
#pragma once

#include "ode/gradient/continuous.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace costate::ode::otd::detail {

/// x̄ += λᵀ∂f/∂x, θ̄ += λᵀ∂f/∂θ at (t, x); either may be empty. f(t, x) is assigned to dx where `value` is set. Counted in ws.calls.
template <Scalar T, class F>
void pull(F& f, const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, std::span<T> dx,
          bool value, Workspace<F, T>& ws) {
    T t_bar(0);
    if constexpr (RecordingField<F, T>) {
        if (ws.record.empty()) ws.record.push_back(f.make_record());
        f.forward(t, x, dx, ws.record.front());
        ++ws.calls.evaluations;
        f.pullback(ws.record.front(), lambda, x_bar, theta_bar, t_bar);
    } else {
        if (value) {
            f(t, x, dx);
            ++ws.calls.evaluations;
        }
        f.vjp(t, x, lambda, x_bar, theta_bar, t_bar);
    }
    ++ws.calls.vjps;
}

/// y ← y + h Σ b_i k_i with k_i = slope(i, Y_i), bitwise as step; k_1 = first where that is known (not empty).
template <Scalar T, class Slope>
void stages_from(const Coefficients<T>& method, const T& h, std::span<T> y, std::span<const T> first, StepWorkspace<T>& ws, Slope&& slope) {
    const std::size_t n = y.size();
    ws.forward(method.stages, n);
    const std::span<T> k = ws.k;
    std::copy(first.begin(), first.end(), k.begin());
    for (std::size_t i = first.empty() ? 0 : 1; i < method.stages; ++i)
        slope(i, ode::detail::stage_state<T>(method, i, h, y, k, ws), k.subspan(i * n, n));
    ode::detail::finish<T>(method, h, y, k, y, ws);
}

/// The slope at the right end, where the first stage is there.
template <Scalar T>
std::span<const T> known_first(const Coefficients<T>& method, View<T> slope) {
    return method.c.front() == T(0) ? slope : std::span<const T>();
}

/// b_i, 0 where the weights leave the stage out.
template <Scalar T>
T weight_of(const Coefficients<T>& method, std::size_t i) {
    const auto at = std::find(method.weights.index.begin(), method.weights.index.end(), i);
    return at == method.weights.index.end() ? T(0) : method.weights.coefficient[static_cast<std::size_t>(at - method.weights.index.begin())];
}

/// θ̄ += weight · node.
template <Scalar T>
void accumulate(const T& weight, std::span<const T> node, std::span<T> theta_bar) {
    for (std::size_t i = 0; i < theta_bar.size(); ++i) theta_bar[i] += weight * node[i];
}

/// θ̄ += h b_i Λᵀ∂f/∂θ at the stages where b_i ≠ 0, called with the room for one node's products, or none.
template <Scalar T, class F, class At>
void at_stage(std::size_t i, const T& h, bool wanted, Workspace<F, T>& ws, std::span<T> theta_bar, At&& at) {
    const T weight = wanted ? weight_of(ws.method, i) : T(0);
    if (weight == T(0)) return at(std::span<T>());
    ws.theta.assign(theta_bar.size(), T(0));
    at(std::span<T>(ws.theta));
    accumulate<T>(h * weight, ws.theta, theta_bar);
}

/// The slope (f, −λᵀ∂f/∂x) of [x | λ] at t, θ̄ += λᵀ∂f/∂θ.
template <Scalar T, class F>
void pair_slope(F& f, const T& t, std::span<const T> state, std::span<T> slope, std::span<T> theta_bar, Workspace<F, T>& ws) {
    const std::size_t n = state.size() / 2;
    const std::span<T> bar = slope.last(n);
    std::fill(bar.begin(), bar.end(), T(0));
    pull<T>(f, t, state.first(n), state.last(n), bar, theta_bar, slope.first(n), true, ws);
    kernels::negate<T>(bar, bar);
}

/// θ̄ += h Σ_j w_j λᵀ∂f/∂θ at the Gauss nodes of the step from t; x and λ there by the cubics through their ends.
template <Scalar T, class F>
void gauss_nodes_of_step(F& f, const T& t, const T& h, const Ends<T>& x, const Ends<T>& lambda, Workspace<F, T>& ws, std::span<T> theta_bar) {
    const std::size_t n = x.left.size();
    ws.gauss.node.resize(2 * n);
    ws.value.resize(n);
    const std::span<T> node = ws.gauss.node;
    for (std::size_t j = 0; j < ws.gauss.rule.size(); ++j) {
        interpolate<T>(ws.gauss.at_nodes[j], h, x, node.first(n));
        interpolate<T>(ws.gauss.at_nodes[j], h, lambda, node.last(n));
        ws.theta.assign(theta_bar.size(), T(0));
        pull<T>(f, t + ws.gauss.rule.nodes[j] * h, node.first(n), node.last(n), {}, ws.theta, ws.value, false, ws);
        accumulate<T>(h * ws.gauss.rule.weights[j], ws.theta, theta_bar);
    }
}

/// [x | λ | g] backwards over steps n = N−1 … 0. After step n the state at its left end may be replaced: that is how methods differ.
template <class F, class G, Scalar T>
class PairSweep {
public:
    PairSweep(F& f, const G& grid, std::size_t size, ThetaBy theta, Workspace<F, T>& ws, std::span<T> theta_bar)
        : f_(f), grid_(grid), size_(size), theta_(theta_bar.empty() && theta == ThetaBy::gauss ? ThetaBy::quadrature : theta), ws_(ws), theta_bar_(theta_bar) {
        if (theta_ != ThetaBy::gauss) return;
        for (std::vector<T>* v : {&ws.gauss.right, &ws.gauss.right_slope, &ws.gauss.left_slope}) v->resize(2 * size);
        pair_slope<T>(f_, grid_.at(step_count(grid_)), ws_.augmented, ws_.gauss.left_slope, {}, ws_);
    }

    /// Step n with x at its right end as ws.augmented has it; then replace(x at its left end), and ∇_θL of the step.
    template <class Replace>
    void operator()(std::size_t n, Replace&& replace) {
        const std::span<T> augmented = ws_.augmented;
        if (theta_ == ThetaBy::augmented) by_augmented_state(n, augmented);
        else if (theta_ == ThetaBy::quadrature) by_quadrature(n, augmented);
        else begin_gauss(n, augmented);
        replace(augmented.first(size_));
        if (theta_ == ThetaBy::gauss) end_gauss(n, augmented);
    }

    /// λ at node n is no longer what the step left there.
    void jumped(std::size_t n) {
        if (theta_ == ThetaBy::gauss) pair_slope<T>(f_, grid_.at(n), ws_.augmented, ws_.gauss.left_slope, {}, ws_);
    }

private:
    void by_augmented_state(std::size_t n, std::span<T> augmented) {
        AdjointField<F, T>& adjoint = ws_.adjoint_of(f_, size_, !theta_bar_.empty());
        step<T>(ws_.method, adjoint, grid_.at(n + 1), T(-grid_.step(n)), augmented, augmented, ws_.step);
        ws_.calls.evaluations += ws_.method.stages;
        ws_.calls.vjps += ws_.method.stages;
    }

    void by_quadrature(std::size_t n, std::span<T> augmented) {
        const T back = -grid_.step(n), t = grid_.at(n + 1);
        stages_from<T>(ws_.method, back, augmented, {}, ws_.step, [&](std::size_t i, std::span<const T> state, std::span<T> slope) {
            at_stage<T>(i, grid_.step(n), !theta_bar_.empty(), ws_, theta_bar_,
                        [&](std::span<T> node) { pair_slope<T>(f_, T(t + ws_.method.c[i] * back), state, slope, node, ws_); });
        });
    }

    // The slope at the left end of the last step is that at the right end of this one, and its first stage.
    void begin_gauss(std::size_t n, std::span<T> augmented) {
        const T back = -grid_.step(n), t = grid_.at(n + 1);
        std::swap(ws_.gauss.left_slope, ws_.gauss.right_slope);
        std::copy(augmented.begin(), augmented.end(), ws_.gauss.right.begin());
        stages_from<T>(ws_.method, back, augmented, known_first<T>(ws_.method, ws_.gauss.right_slope), ws_.step,
                       [&](std::size_t i, std::span<const T> state, std::span<T> slope) {
                           pair_slope<T>(f_, T(t + ws_.method.c[i] * back), state, slope, {}, ws_);
                       });
    }
    void end_gauss(std::size_t n, std::span<const T> augmented) {
        const T t = grid_.at(n);
        pair_slope<T>(f_, t, augmented, ws_.gauss.left_slope, {}, ws_);
        const std::span<const T> right = ws_.gauss.right, at_left = ws_.gauss.left_slope, at_right = ws_.gauss.right_slope;
        const Ends<T> x{augmented.first(size_), right.first(size_), at_left.first(size_), at_right.first(size_)};
        const Ends<T> lambda{augmented.last(size_), right.last(size_), at_left.last(size_), at_right.last(size_)};
        gauss_nodes_of_step<T>(f_, t, grid_.step(n), x, lambda, ws_, theta_bar_);
    }

    F& f_;
    const G& grid_;
    std::size_t size_;
    ThetaBy theta_;
    Workspace<F, T>& ws_;
    std::span<T> theta_bar_;
};

}  // namespace costate::ode::otd::detail
