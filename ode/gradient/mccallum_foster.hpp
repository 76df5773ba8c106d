// A reversible method of any order made of any explicit Runge–Kutta method.
#pragma once

#include "ode/gradient/method_name.hpp"
#include "ode/gradient/reversible.hpp"
#include "ode/rooted_trees.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::ode::reversible {

/// With Ψ_h(t, x) = Φ_h(t, x) − x, the increment of the base method's step:
///   y_{n+1} = ℓ y_n + (1 − ℓ) z_n + Ψ_h(t_n, z_n),   z_{n+1} = z_n − Ψ_{−h}(t_{n+1}, y_{n+1}),   y_0 = z_0 = x₀,   x₁ = y_N;
///   z_n = z_{n+1} + Ψ_{−h}(t_{n+1}, y_{n+1}),   y_n = (y_{n+1} − (1 − ℓ) z_n − Ψ_h(t_n, z_n)) / ℓ
/// (McCallum, Foster, Efficient, accurate and stable gradients for neural ODEs, 2024, eqs. 2–3). Two base steps a step. The
/// reconstruction amplifies rounding at least like ℓ^(−N).
template <class F, Scalar T>
class McCallumFosterScheme {
public:
    static constexpr std::size_t parts = 2;  // y, z
    Cost cost;

    explicit McCallumFosterScheme(const Tableau& tableau) : method_(tableau) {}

    template <class Rule>
    void prepare(const Rule& rule, std::size_t n) {
        if (given_ != rule.coupling) {
            given_ = rule.coupling;
            l_ = from_rational<T>(given_);
        }
        end_.resize(n);
        later_.resize(n);
        mu_.resize(n);
        cost = {};
    }

    void start(F&, const T&, View<T> x0, std::span<T> state) {
        std::copy(x0.begin(), x0.end(), state.begin());
        std::copy(x0.begin(), x0.end(), state.begin() + static_cast<std::ptrdiff_t>(x0.size()));
    }

    void advance(F& f, const T& t, const T& h, std::span<T> state) {
        const std::size_t n = end_.size();
        const std::span<T> y = state.first(n), z = state.subspan(n);
        const T rest = T(1) - l_;
        step<T>(method_, f, t, h, z, end_, step_);
        for (std::size_t i = 0; i < n; ++i) y[i] = l_ * y[i] + rest * z[i] + (end_[i] - z[i]);
        step<T>(method_, f, t + h, -h, y, end_, step_);
        for (std::size_t i = 0; i < n; ++i) z[i] -= end_[i] - y[i];
        cost.evaluations += 2 * method_.stages;
    }

    void turn(F&, const T&, std::span<const T>) {}

    void retreat(F& f, const T& t, const T& h, std::span<T> state, std::span<const T> kept) {
        const std::size_t n = end_.size();
        const std::span<T> y = state.first(n), z = state.subspan(n);
        const T rest = T(1) - l_;
        std::copy(y.begin(), y.end(), later_.begin());
        step<T>(method_, f, t + h, -h, later_, end_, back_, step_);
        for (std::size_t i = 0; i < n; ++i) z[i] += end_[i] - later_[i];
        if (!kept.empty()) std::copy(kept.begin() + static_cast<std::ptrdiff_t>(n), kept.end(), z.begin());
        step<T>(method_, f, t, h, z, end_, there_, step_);
        for (std::size_t i = 0; i < n; ++i) y[i] = (y[i] - rest * z[i] - (end_[i] - z[i])) / l_;
        if (!kept.empty()) std::copy_n(kept.begin(), n, y.begin());
        cost.evaluations += 2 * method_.stages;
    }

    /// μ = −z̄: step_vjp(μ) = μ − (∂Ψ_{−h})ᵀz̄, so ȳ += step_vjp(μ) + z̄;  then  z̄ += step_vjp(ȳ) − ℓ ȳ and ȳ ← ℓ ȳ.
    void pull(F& f, const T& t, const T& h, std::span<const T> state, std::span<T> bars, std::span<T> theta_bar, TimeBars<T>* time) {
        const std::size_t n = end_.size();
        const std::span<T> y_bar = bars.first(n), z_bar = bars.subspan(n);
        TimeBars<T> back{T(0), T(0)};
        for (std::size_t i = 0; i < n; ++i) mu_[i] = -z_bar[i];
        step_vjp<T>(method_, f, t + h, -h, later_, back_, mu_, mu_, theta_bar, time ? &back : nullptr, step_);
        for (std::size_t i = 0; i < n; ++i) y_bar[i] += mu_[i] + z_bar[i];
        step_vjp<T>(method_, f, t, h, state.subspan(n), there_, y_bar, mu_, theta_bar, time, step_);
        for (std::size_t i = 0; i < n; ++i) {
            z_bar[i] += mu_[i] - l_ * y_bar[i];
            y_bar[i] *= l_;
        }
        cost.vjps += 2 * method_.stages;
        if (!time) return;
        time->t += back.t;
        time->h += back.t - back.h;
    }

    T pull_start(F&, std::span<const T> bars, std::span<T>, std::span<T> x_bar) {
        for (std::size_t i = 0; i < x_bar.size(); ++i) x_bar[i] = bars[i] + bars[x_bar.size() + i];
        return T(0);
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = step_.bytes() + there_.bytes() + back_.bytes();
        for (const std::vector<T>* v : {&end_, &later_, &mu_}) total += ode::detail::bytes_of(*v);
        return total;
    }

private:
    Coefficients<T> method_;
    StepWorkspace<T> step_;
    StepRecord<F, T> there_, back_;  // of the step h from z_n and of the step −h from y_{n+1}
    Rational given_ = 1;
    T l_ = T(1);
    std::vector<T> end_, later_, mu_;
};

/// A pair coupled by ℓ, spelled "mccallum-foster:L" with L a decimal or a fraction; 0.999 where it is left out, as its authors do.
struct McCallumFosterRule {
    static constexpr std::string_view base = "mccallum-foster";
    static constexpr std::string_view meaning =
        "reversible pair of steps of any explicit tableau, coupled by L (0.999) (McCallum, Foster 2024); nothing stored";
    static constexpr std::array names = {MethodName{base, "L", meaning}};

    std::string name = "mccallum-foster:0.999";
    Rational coupling = ratio(999, 1000);  ///< ℓ, 0 < ℓ ≤ 1

    McCallumFosterRule() = default;

    /// Throws std::invalid_argument unless the text is a number with 0 < ℓ ≤ 1.
    explicit McCallumFosterRule(std::string_view text);

    static std::optional<McCallumFosterRule> named(std::string_view given, std::span<const std::string_view> parameters);

    template <class F, Scalar T>
    using Scheme = McCallumFosterScheme<F, T>;

    /// That of the base method.
    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }
};

using McCallumFoster = Reversible<McCallumFosterRule>;

}  // namespace costate::ode::reversible
