// Reversible Heun: a second state along which f is evaluated once a step.
#pragma once

#include "ode/gradient/reversible.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::ode::reversible {

/// With k_n = f(t_n, ŷ_n):
///   ŷ_{n+1} = 2y_n − ŷ_n + h k_n,   y_{n+1} = y_n + (h/2)(k_n + k_{n+1}),   y_0 = ŷ_0 = x₀,   x₁ = y_N;
///   ŷ_n = 2y_{n+1} − ŷ_{n+1} − h k_{n+1},   y_n = y_{n+1} − (h/2)(k_n + k_{n+1})
/// (Kidger, Foster, Li, Lyons, Efficient and accurate gradients for neural SDEs, 2021, Algs. 1–2). Order 2, one evaluation a step.
template <class F, Scalar T>
class HeunScheme {
public:
    static constexpr std::size_t parts = 3;  // y, ŷ, k
    Cost cost;

    explicit HeunScheme(const Tableau&) {}

    template <class Rule>
    void prepare(const Rule&, std::size_t n) {
        k_.resize(n);
        cost = {};
    }

    void start(F& f, const T& t0, View<T> x0, std::span<T> state) {
        const std::size_t n = x0.size();
        std::copy(x0.begin(), x0.end(), state.begin());
        std::copy(x0.begin(), x0.end(), state.begin() + static_cast<std::ptrdiff_t>(n));
        f(t0, x0, state.subspan(2 * n));
        ++cost.evaluations;
    }

    void advance(F& f, const T& t, const T& h, std::span<T> state) {
        const std::size_t n = k_.size();
        const std::span<T> y = state.first(n), y_hat = state.subspan(n, n), k = state.subspan(2 * n);
        const T half = h / T(2);
        for (std::size_t i = 0; i < n; ++i) y_hat[i] = T(2) * y[i] - y_hat[i] + h * k[i];
        f(t + h, y_hat, k_);
        for (std::size_t i = 0; i < n; ++i) {
            y[i] += half * (k[i] + k_[i]);
            k[i] = k_[i];
        }
        ++cost.evaluations;
    }

    void turn(F& f, const T& t1, std::span<const T> state) {
        early_(f, t1, state.subspan(k_.size(), k_.size()), k_);
        ++cost.evaluations;
    }

    void retreat(F& f, const T& t, const T& h, std::span<T> state, std::span<const T> kept) {
        const std::size_t n = k_.size();
        const std::span<T> y = state.first(n), y_hat = state.subspan(n, n), k = state.subspan(2 * n);
        const T half = h / T(2);
        std::swap(early_, late_);
        for (std::size_t i = 0; i < n; ++i) y_hat[i] = T(2) * y[i] - y_hat[i] - h * k[i];
        if (!kept.empty()) std::copy_n(kept.begin() + static_cast<std::ptrdiff_t>(n), n, y_hat.begin());
        std::copy(k.begin(), k.end(), k_.begin());
        early_(f, t, y_hat, k);
        for (std::size_t i = 0; i < n; ++i) y[i] -= half * (k[i] + k_[i]);
        if (!kept.empty()) std::copy_n(kept.begin(), n, y.begin());
        ++cost.evaluations;
    }

    /// k̄_{n+1} += (h/2) ȳ,  ŷ̄ += (∂f/∂x)ᵀk̄_{n+1};   k̄_n = (h/2) ȳ + h ŷ̄,  ȳ ← ȳ + 2ŷ̄,  ŷ̄ ← −ŷ̄.   k̄ is the third part of bars.
    void pull(F& f, const T&, const T& h, std::span<const T> state, std::span<T> bars, std::span<T> theta_bar, TimeBars<T>* time) {
        const std::size_t n = k_.size();
        const std::span<T> y_bar = bars.first(n), hat_bar = bars.subspan(n, n), k_bar = bars.subspan(2 * n);
        const std::span<const T> k = state.subspan(2 * n);
        const T half = h / T(2);
        for (std::size_t i = 0; i < n; ++i) k_bar[i] += half * y_bar[i];
        const T tau = late_.pull(f, k_bar, hat_bar, theta_bar);
        ++cost.vjps;
        if (time) {
            time->t += tau;
            time->h += tau + kernels::dot<T>(hat_bar, k) + (kernels::dot<T>(y_bar, k) + kernels::dot<T>(y_bar, k_)) / T(2);
        }
        for (std::size_t i = 0; i < n; ++i) {
            k_bar[i] = half * y_bar[i] + h * hat_bar[i];
            y_bar[i] += T(2) * hat_bar[i];
            hat_bar[i] = -hat_bar[i];
        }
    }

    T pull_start(F& f, std::span<const T> bars, std::span<T> theta_bar, std::span<T> x_bar) {
        const std::size_t n = k_.size();
        for (std::size_t i = 0; i < n; ++i) x_bar[i] = bars[i] + bars[n + i];
        ++cost.vjps;
        return early_.pull(f, bars.subspan(2 * n), x_bar, theta_bar);
    }

    [[nodiscard]] std::size_t bytes() const {
        return early_.bytes() + late_.bytes() + ode::detail::bytes_of(k_);
    }

private:
    Evaluation<F, T> early_, late_;  // at (t_n, ŷ_n) and (t_{n+1}, ŷ_{n+1}) of the step at hand
    std::vector<T> k_;
};

struct HeunRule {
    static constexpr std::string_view name = "reversible-heun";
    static constexpr std::string_view meaning = "reversible Heun, order 2 whatever the tableau (Kidger et al. 2021); nothing stored";

    static constexpr std::string_view only_tableau = "euler";  ///< no tableau changes it; where one is named, this is it

    template <class F, Scalar T>
    using Scheme = HeunScheme<F, T>;

    static std::size_t predicted_order(const Tableau&) { return 2; }
};

using ReversibleHeun = Reversible<HeunRule>;

}  // namespace costate::ode::reversible
