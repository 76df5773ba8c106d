// The asynchronous leapfrog: a state and a slope of its own, one evaluation a step.
#pragma once

#include "ode/gradient/reversible.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode::reversible {

/// w = x_n + (h/2) v_n,  u = f(t_n + h/2, w),  v_{n+1} = 2u − v_n,  x_{n+1} = w + (h/2) v_{n+1};   x_0 = x₀, v_0 = f(t₀, x₀);
/// backwards  w = x_{n+1} − (h/2) v_{n+1},  v_n = 2u − v_{n+1},  x_n = w − (h/2) v_n
/// (Mutze 2013; Zhuang, Dvornek, Tatikonda, Duncan, MALI, 2021, Alg. 2). The w are the leapfrog w_{n+1} = w_{n−1} + 2h f(w_n): order 2, with
/// its weak instability. The slope v_0 is a function of x₀, θ and t₀ and is differentiated as such.
template <class F, Scalar T>
class LeapfrogScheme {
public:
    static constexpr std::size_t parts = 2;  // x, v
    Cost cost;

    explicit LeapfrogScheme(const Tableau&) {}

    template <class Rule>
    void prepare(const Rule&, std::size_t n) {
        for (std::vector<T>* v : {&w_, &u_, &mu_, &later_}) v->resize(n);
        cost = {};
    }

    void start(F& f, const T& t0, View<T> x0, std::span<T> state) {
        std::copy(x0.begin(), x0.end(), state.begin());
        first_(f, t0, x0, state.subspan(x0.size()));
        ++cost.evaluations;
    }

    void advance(F& f, const T& t, const T& h, std::span<T> state) {
        const std::size_t n = w_.size();
        const T half = h / T(2);
        for (std::size_t i = 0; i < n; ++i) w_[i] = state[i] + half * state[n + i];
        f(t + half, w_, u_);
        for (std::size_t i = 0; i < n; ++i) {
            state[n + i] = T(2) * u_[i] - state[n + i];
            state[i] = w_[i] + half * state[n + i];
        }
        ++cost.evaluations;
    }

    void turn(F&, const T&, std::span<const T>) {}

    void retreat(F& f, const T& t, const T& h, std::span<T> state, std::span<const T> kept) {
        const std::size_t n = w_.size();
        const T half = h / T(2);
        for (std::size_t i = 0; i < n; ++i)
            w_[i] = kept.empty() ? state[i] - half * state[n + i] : kept[i] + half * kept[n + i];
        middle_(f, t + half, w_, u_);
        std::copy(state.begin() + static_cast<std::ptrdiff_t>(n), state.end(), later_.begin());
        for (std::size_t i = 0; i < n; ++i) {
            state[n + i] = T(2) * u_[i] - state[n + i];
            state[i] = w_[i] - half * state[n + i];
        }
        if (!kept.empty()) std::copy(kept.begin(), kept.end(), state.begin());
        ++cost.evaluations;
    }

    /// v̄ += (h/2) x̄,  w̄ = x̄ + (∂f/∂x)ᵀ 2v̄;   x̄ ← w̄,  v̄ ← (h/2) w̄ − v̄.
    void pull(F& f, const T&, const T& h, std::span<const T> state, std::span<T> bars, std::span<T> theta_bar, TimeBars<T>* time) {
        const std::size_t n = w_.size();
        const std::span<T> x_bar = bars.first(n), v_bar = bars.subspan(n);
        const T half = h / T(2);
        if (time) time->h += kernels::dot<T>(x_bar, later_) / T(2);
        for (std::size_t i = 0; i < n; ++i) {
            v_bar[i] += half * x_bar[i];
            mu_[i] = T(2) * v_bar[i];
        }
        const T tau = middle_.pull(f, mu_, x_bar, theta_bar);
        for (std::size_t i = 0; i < n; ++i) v_bar[i] = half * x_bar[i] - v_bar[i];
        ++cost.vjps;
        if (!time) return;
        time->t += tau;
        time->h += (tau + kernels::dot<T>(x_bar, state.subspan(n))) / T(2);
    }

    T pull_start(F& f, std::span<const T> bars, std::span<T> theta_bar, std::span<T> x_bar) {
        std::copy_n(bars.begin(), x_bar.size(), x_bar.begin());
        ++cost.vjps;
        return first_.pull(f, bars.subspan(x_bar.size()), x_bar, theta_bar);
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = first_.bytes() + middle_.bytes();
        for (const std::vector<T>* v : {&w_, &u_, &mu_, &later_}) total += ode::detail::bytes_of(*v);
        return total;
    }

private:
    Evaluation<F, T> first_, middle_;  // at (t₀, x₀) and in the middle of the step at hand
    std::vector<T> w_, u_, mu_, later_;
};

struct LeapfrogRule {
    static constexpr std::string_view name = "alf";
    static constexpr std::string_view meaning = "asynchronous leapfrog, order 2 whatever the tableau (Zhuang et al. 2021, MALI); reversible, nothing stored";

    static constexpr std::string_view only_tableau = "euler";  ///< no tableau changes it; where one is named, this is it

    template <class F, Scalar T>
    using Scheme = LeapfrogScheme<F, T>;

    static std::size_t predicted_order(const Tableau&) { return 2; }
};

using AsynchronousLeapfrog = Reversible<LeapfrogRule>;

}  // namespace costate::ode::reversible
