// L = ∫ c(t, x) dt + ℓ(x(t₁)): a running cost is one more component of every sample.
#pragma once

#include "ode/loss.hpp"
#include "ode/vector_field.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::ode {

/// c(t, x) of one sample;  c.gradient(t, x, w, x̄, t̄): x̄ += w ∂c/∂x, t̄ += w ∂c/∂t.
template <class C, class T>
concept RunningCost = Scalar<T> && requires(const C& c, const T& t, std::span<const T> x, std::span<T> x_bar, T& t_bar) {
    { c(t, x) } -> std::convertible_to<T>;
    c.gradient(t, x, t, x_bar, t_bar);
};

/// (x, q)' = (f(t, x; θ), c(t, x)), q(t₀) = 0: rows [x | q] of f.dim() + 1 values. Every gradient method then sees the cost as it sees the
/// state, with the same order, and q is under error control like it (weigh it out by Tolerances::weights if that is not wanted).
/// A copy of f and of c lives here.
template <class F, class C, Scalar T>
    requires DifferentiableField<F, T> && RunningCost<C, T>
class WithRunningCost {
public:
    WithRunningCost(F field, C cost) : f_(std::move(field)), c_(std::move(cost)), d_(f_.dim()) {}

    [[nodiscard]] std::size_t dim() const { return d_ + 1; }
    [[nodiscard]] std::size_t parameter_count() const { return f_.parameter_count(); }
    [[nodiscard]] F& field() { return f_; }

    void operator()(const T& t, std::span<const T> state, std::span<T> slope) {
        unpack(state, x_);
        out_.resize(x_.size());
        f_(t, std::span<const T>(x_), std::span<T>(out_));
        pack(out_, slope);
        for (std::size_t b = 0; b < samples(state); ++b) slope[b * (d_ + 1) + d_] = c_(t, row(x_, b));
    }

    void vjp(const T& t, std::span<const T> state, std::span<const T> lambda, std::span<T> state_bar, std::span<T> theta_bar, T& t_bar) {
        unpack(state, x_);
        unpack(lambda, in_);
        out_.assign(x_.size(), T(0));
        f_.vjp(t, std::span<const T>(x_), std::span<const T>(in_), std::span<T>(out_), theta_bar, t_bar);
        for (std::size_t b = 0; b < samples(state); ++b)
            c_.gradient(t, row(x_, b), lambda[b * (d_ + 1) + d_], std::span<T>(out_).subspan(b * d_, d_), t_bar);
        for (std::size_t b = 0; !state_bar.empty() && b < samples(state); ++b)
            for (std::size_t i = 0; i < d_; ++i) state_bar[b * (d_ + 1) + i] += out_[b * d_ + i];
    }

    void jvp(const T& t, std::span<const T> state, const T& t_dot, std::span<const T> state_dot, std::span<const T> theta_dot, std::span<T> slope,
             std::span<T> slope_dot) {
        unpack(state, x_);
        unpack(state_dot, in_);
        out_.resize(x_.size());
        bar_.resize(x_.size());
        f_.jvp(t, std::span<const T>(x_), t_dot, std::span<const T>(in_), theta_dot, std::span<T>(out_), std::span<T>(bar_));
        pack(out_, slope);
        pack(bar_, slope_dot);
        for (std::size_t b = 0; b < samples(state); ++b) {
            slope[b * (d_ + 1) + d_] = c_(t, row(x_, b));
            row_bar_.assign(d_, T(0));
            T t_bar = T(0), sum = T(0);
            c_.gradient(t, row(x_, b), T(1), std::span<T>(row_bar_), t_bar);
            for (std::size_t i = 0; i < d_; ++i) sum += row_bar_[i] * in_[b * d_ + i];
            slope_dot[b * (d_ + 1) + d_] = sum + t_bar * t_dot;
        }
    }

    /// Rows x₀ with q = 0 after each.
    [[nodiscard]] std::vector<T> start(std::span<const T> x0) const {
        std::vector<T> state(x0.size() / d_ * (d_ + 1), T(0));
        pack(x0, state);
        return state;
    }

private:
    [[nodiscard]] std::size_t samples(std::span<const T> state) const { return state.size() / (d_ + 1); }
    [[nodiscard]] std::span<const T> row(const std::vector<T>& x, std::size_t b) const { return std::span<const T>(x).subspan(b * d_, d_); }
    void unpack(std::span<const T> state, std::vector<T>& x) const {
        x.resize(samples(state) * d_);
        for (std::size_t b = 0; b < samples(state); ++b)
            for (std::size_t i = 0; i < d_; ++i) x[b * d_ + i] = state[b * (d_ + 1) + i];
    }
    void pack(std::span<const T> x, std::span<T> state) const {
        for (std::size_t b = 0; b < x.size() / d_; ++b)
            for (std::size_t i = 0; i < d_; ++i) state[b * (d_ + 1) + i] = x[b * d_ + i];
    }

    F f_;
    C c_;
    std::size_t d_;
    std::vector<T> x_, in_, out_, bar_, row_bar_;
};

/// ℓ(x(t₁)) + Σ_b q_b on rows [x | q], ℓ a terminal loss on the rows x.
template <Scalar T, class L>
    requires TerminalLoss<L, T>
class WithCostOf {
public:
    /// d: values of x in a row.
    WithCostOf(L loss, std::size_t d) : loss_(std::move(loss)), d_(d) {}

    [[nodiscard]] T operator()(std::span<const T> state) const {
        T sum = loss_(std::span<const T>(states(state)));
        for (std::size_t b = d_; b < state.size(); b += d_ + 1) sum += state[b];
        return sum;
    }
    void gradient(std::span<const T> state, std::span<T> bar) const {
        const std::vector<T> x = states(state);
        std::vector<T> x_bar(x.size());
        loss_.gradient(std::span<const T>(x), std::span<T>(x_bar));
        for (std::size_t b = 0; b < state.size() / (d_ + 1); ++b) {
            for (std::size_t i = 0; i < d_; ++i) bar[b * (d_ + 1) + i] = x_bar[b * d_ + i];
            bar[b * (d_ + 1) + d_] = T(1);
        }
    }

private:
    [[nodiscard]] std::vector<T> states(std::span<const T> state) const {
        std::vector<T> x(state.size() / (d_ + 1) * d_);
        for (std::size_t b = 0; b < state.size() / (d_ + 1); ++b)
            for (std::size_t i = 0; i < d_; ++i) x[b * d_ + i] = state[b * (d_ + 1) + i];
        return x;
    }

    L loss_;
    std::size_t d_;
};

}  // namespace costate::ode
