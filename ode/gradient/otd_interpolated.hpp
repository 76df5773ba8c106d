// One step backwards of the adjoint equation along an interpolated x(t), and the three ways to ∇_θL.
#pragma once

#include "ode/gradient/otd_sweep.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace costate::ode::otd::detail {

/// The states x_n and f(t_n, x_n), n = 0 … N, in ws.states (bitwise those of solve) and ws.slopes; a slope is the next step's first stage.
template <Scalar T, class F, class G>
void solve_with_slopes(F& f, const G& grid, View<T> x0, Workspace<F, T>& ws) {
    const std::size_t size = x0.size();
    ws.slopes.resize(ws.states.size());
    const std::span<T> states = ws.states, slopes = ws.slopes;
    std::copy(x0.begin(), x0.end(), states.begin());
    for (std::size_t n = 0; n < step_count(grid); ++n) {
        const std::span<const T> x = states.subspan(n * size, size);
        const std::span<T> next = states.subspan((n + 1) * size, size), slope = slopes.subspan(n * size, size);
        const T t = grid.at(n), h = grid.step(n);
        f(t, x, slope);
        std::copy(x.begin(), x.end(), next.begin());
        stages_from<T>(ws.method, h, next, known_first<T>(ws.method, slope), ws.step,
                       [&](std::size_t i, std::span<const T> y, std::span<T> k) { f(T(t + ws.method.c[i] * h), y, k); });
    }
    f(grid.at(step_count(grid)), states.last(size), slopes.last(size));
}

/// [λ | g] backwards over steps n = N−1 … 0, the tail of ws.augmented; x(t) by the cubic through ws.states and ws.slopes.
template <class F, class G, Scalar T>
class InterpolatedSweep {
public:
    InterpolatedSweep(F& f, const G& grid, std::size_t size, ThetaBy theta, Workspace<F, T>& ws, std::span<T> theta_bar)
        : f_(f), grid_(grid), size_(size), theta_(theta_bar.empty() ? ThetaBy::quadrature : theta), ws_(ws), theta_bar_(theta_bar) {
        ws.stage.resize(size);
        ws.value.resize(size);
        ws.at_stages.clear();
        for (const T& c : ws.method.c) ws.at_stages.emplace_back(T(1) - c);
        if (theta_ != ThetaBy::gauss) return;
        for (std::vector<T>* v : {&ws.gauss.right, &ws.gauss.right_slope, &ws.gauss.left_slope}) v->resize(size);
        slope(grid_.at(step_count(grid_)), state(step_count(grid_)), lambda(), ws_.gauss.left_slope, {});
    }

    void operator()(std::size_t n) {
        if (theta_ == ThetaBy::augmented) return by_augmented_state(n);
        if (theta_ == ThetaBy::gauss) return by_gauss(n);
        stages(n, lambda(), {}, [&](std::size_t i, const T& t, std::span<const T> x, std::span<const T> at, std::span<T> k) {
            at_stage<T>(i, grid_.step(n), !theta_bar_.empty(), ws_, theta_bar_, [&](std::span<T> node) { slope(t, x, at, k, node); });
        });
    }

    /// λ at node n is no longer what the step left there.
    void jumped(std::size_t n) {
        if (theta_ == ThetaBy::gauss) slope(grid_.at(n), state(n), lambda(), ws_.gauss.left_slope, {});
    }

private:
    [[nodiscard]] std::span<T> lambda() { return std::span<T>(ws_.augmented).subspan(size_, size_); }
    [[nodiscard]] std::span<const T> state(std::size_t n) const { return std::span<const T>(ws_.states).subspan(n * size_, size_); }
    [[nodiscard]] std::span<const T> slope_of_state(std::size_t n) const { return std::span<const T>(ws_.slopes).subspan(n * size_, size_); }
    [[nodiscard]] Ends<T> ends(std::size_t n) const { return {state(n), state(n + 1), slope_of_state(n), slope_of_state(n + 1)}; }

    /// −λᵀ∂f/∂x at (t, x), θ̄ += λᵀ∂f/∂θ.
    void slope(const T& t, std::span<const T> x, std::span<const T> at, std::span<T> out, std::span<T> theta_bar) {
        std::fill(out.begin(), out.end(), T(0));
        pull<T>(f_, t, x, at, out, theta_bar, ws_.value, false, ws_);
        kernels::negate<T>(out, out);
    }

    /// One step of y, with visit(i, t, x̃(t), Y_i, k_i) at its stages.
    template <class Visit>
    void stages(std::size_t n, std::span<T> y, std::span<const T> first, Visit&& visit) {
        const T back = -grid_.step(n), right = grid_.at(n + 1);
        stages_from<T>(ws_.method, back, y, first, ws_.step, [&](std::size_t i, std::span<const T> at, std::span<T> k) {
            interpolate<T>(ws_.at_stages[i], grid_.step(n), ends(n), ws_.stage);
            visit(i, T(right + ws_.method.c[i] * back), std::span<const T>(ws_.stage), at, k);
        });
    }

    void by_augmented_state(std::size_t n) {
        const std::span<T> y = std::span<T>(ws_.augmented).subspan(size_);
        stages(n, y, {}, [&](std::size_t, const T& t, std::span<const T> x, std::span<const T> at, std::span<T> k) {
            const std::span<T> g = k.subspan(size_);
            std::fill(g.begin(), g.end(), T(0));
            slope(t, x, at.first(size_), k.first(size_), g);
            kernels::negate<T>(g, g);
        });
    }

    void by_gauss(std::size_t n) {
        GaussScratch<T>& gauss = ws_.gauss;
        std::swap(gauss.left_slope, gauss.right_slope);
        const std::span<T> left = lambda();
        std::copy(left.begin(), left.end(), gauss.right.begin());
        stages(n, left, known_first<T>(ws_.method, gauss.right_slope),
               [&](std::size_t, const T& t, std::span<const T> x, std::span<const T> at, std::span<T> k) { slope(t, x, at, k, {}); });
        slope(grid_.at(n), state(n), left, gauss.left_slope, {});
        gauss_nodes_of_step<T>(f_, grid_.at(n), grid_.step(n), ends(n), {left, gauss.right, gauss.left_slope, gauss.right_slope}, ws_, theta_bar_);
    }

    F& f_;
    const G& grid_;
    std::size_t size_;
    ThetaBy theta_;
    Workspace<F, T>& ws_;
    std::span<T> theta_bar_;
};

}  // namespace costate::ode::otd::detail
