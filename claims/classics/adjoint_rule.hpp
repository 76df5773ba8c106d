// The adjoint equation by a Runge–Kutta rule of its own on the stages of the forward step, written down once more and plainly.
#pragma once

#include "claims/engine.hpp"
#include "ode/tableau.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace costate::claims::classical {

/// From λ₁ to λ₀ over one step of length h, m_j = J(t_j, Y_j)ᵀ Λ_j:
///   Λ_i = start_i λ₁ + h Σ_j r_ij m_j,   λ₀ = λ₁ + h Σ_i weight_i m_i.
/// r is strictly upper triangular where the rule is explicit backwards in time.
template <class T>
struct AdjointRule {
    std::size_t stages = 0;
    std::vector<T> r, weight, start;
};

/// The partner as it stands in the tableau: λ_n + h Σ_j Â_ij (-m_j) = λ₁ + h Σ_j (b_j - Â_ij) m_j.
template <class T>
AdjointRule<T> rule_of(const ode::Tableau& partner) {
    const std::size_t s = partner.stages();
    AdjointRule<T> rule{s, {}, {}, std::vector<T>(s, T(1))};
    for (std::size_t i = 0; i < s; ++i) {
        rule.weight.push_back(from_rational<T>(partner.b[i]));
        for (std::size_t j = 0; j < s; ++j) rule.r.push_back(from_rational<T>(Rational(partner.b[j] - partner.A(i, j))));
    }
    return rule;
}

/// Matsubara, Miyatake, Yaguchi 2021: a weight 0 is replaced by the step length h,
///   b̃_i = b_i or h,   Λ_i = λ₁ + h Σ_j b̃_j a_ji/b_i m_j  where b_i ≠ 0,   Λ_i = Σ_j b̃_j a_ji m_j  where b_i = 0.
/// `share` multiplies the h that replaces a weight in λ₀: 1 is the rule, 0 leaves those stages out.
template <class T>
AdjointRule<T> matsubara_rule(const ode::Tableau& forward, const T& h, const T& share) {
    const std::size_t s = forward.stages();
    AdjointRule<T> rule{s, {}, {}, {}};
    for (std::size_t i = 0; i < s; ++i) {
        const bool zero = forward.b[i] == 0;
        rule.weight.push_back(zero ? T(share * h) : from_rational<T>(forward.b[i]));
        rule.start.push_back(zero ? T(0) : T(1));
        for (std::size_t j = 0; j < s; ++j) {
            const T weight = forward.b[j] == 0 ? T(share * h) : from_rational<T>(forward.b[j]), a = weight * from_rational<T>(forward.A(j, i));
            rule.r.push_back(zero ? T(a / h) : T(a / from_rational<T>(forward.b[i])));
        }
    }
    return rule;
}

/// ∂L/∂x₀, ∂L/∂θ, ∂L/∂t₀, ∂L/∂t₁.
template <class T>
struct Bars {
    std::vector<T> x, theta;
    T t0{}, t1{};
};

namespace detail {

// One forward step by the definition: stages Y_i and slopes k_i.
template <class T>
std::vector<T> stages(const ode::Tableau& forward, Field<T>& f, const T& t, const T& h, const std::vector<T>& x,
                      std::vector<std::vector<T>>& y, std::vector<std::vector<T>>& k) {
    const std::size_t s = forward.stages();
    y.assign(s, x);
    k.assign(s, x);
    std::vector<T> next = x;
    for (std::size_t i = 0; i < s; ++i) {
        for (std::size_t j = 0; j < i; ++j)
            for (std::size_t m = 0; m < x.size(); ++m) y[i][m] += h * from_rational<T>(forward.A(i, j)) * k[j][m];
        f(t + from_rational<T>(forward.c[i]) * h, y[i], k[i]);
        for (std::size_t m = 0; m < x.size(); ++m) next[m] += h * from_rational<T>(forward.b[i]) * k[i][m];
    }
    return next;
}

// λ of `bars` from the end of a step to its start; θ̄ is added up. Gives t̄ and h̄ of the step.
template <class T>
std::pair<T, T> reverse_step(const ode::Tableau& forward, const AdjointRule<T>& rule, Field<T>& f, const T& t, const T& h, const std::vector<T>& x,
                             Bars<T>& bars) {
    const std::size_t s = rule.stages, n = x.size();
    std::vector<std::vector<T>> y, k, m(s, std::vector<T>(n));
    stages<T>(forward, f, t, h, x, y, k);
    T t_bar(0), h_bar(0);
    std::vector<T> next = bars.x;
    for (std::size_t i = s; i-- > 0;) {
        std::vector<T> capital(n, T(0)), theta(bars.theta.size(), T(0));
        T tau(0), along_slope(0);
        for (std::size_t q = 0; q < n; ++q) {
            capital[q] = rule.start[i] * bars.x[q];
            for (std::size_t j = i + 1; j < s; ++j) capital[q] += h * rule.r[i * s + j] * m[j][q];
            along_slope += capital[q] * k[i][q];
        }
        m[i].assign(n, T(0));
        const T c = from_rational<T>(forward.c[i]), weight = h * rule.weight[i];
        f.vjp(t + c * h, y[i], capital, m[i], theta, tau);
        for (std::size_t q = 0; q < n; ++q) next[q] += weight * m[i][q];
        for (std::size_t p = 0; p < theta.size(); ++p) bars.theta[p] += weight * theta[p];
        t_bar += weight * tau;
        h_bar += rule.weight[i] * along_slope + c * weight * tau;
    }
    bars.x = std::move(next);
    return {t_bar, h_bar};
}

}  // namespace detail

/// ∇⟨v, x_N⟩ of `steps` equal steps by the rule for that step length, for explicit `forward` without idle stages.
/// With μ_i = h weight_i Λ_i: θ̄ += μ_iᵀ∂f/∂θ, t̄_n += μ_iᵀ∂f/∂t, h̄_n += μ_i·k_i/h + c_i μ_iᵀ∂f/∂t.
template <class T>
Bars<T> gradient_by_rule(const ode::Tableau& forward, const std::function<AdjointRule<T>(const T&)>& rule_for, Field<T>& f, const T& t0, const T& t1,
                         std::size_t steps, const std::vector<T>& x0, const std::vector<T>& v) {
    const T count = T(static_cast<int>(steps)), h = (t1 - t0) / count;
    const AdjointRule<T> rule = rule_for(h);
    const auto at = [&](std::size_t step) { return T(static_cast<int>(step)); };
    std::vector<std::vector<T>> states{x0}, y, k;
    for (std::size_t n = 0; n + 1 < steps; ++n) states.push_back(detail::stages<T>(forward, f, t0 + at(n) * h, h, states.back(), y, k));
    Bars<T> bars{v, std::vector<T>(f.parameter_count(), T(0)), T(0), T(0)};
    for (std::size_t n = steps; n-- > 0;) {
        const auto [t_bar, h_bar] = detail::reverse_step<T>(forward, rule, f, t0 + at(n) * h, h, states[n], bars);
        const T at_end = (h_bar + at(n) * t_bar) / count;
        bars.t1 += at_end;
        bars.t0 += t_bar - at_end;
    }
    return bars;
}

}  // namespace costate::claims::classical
