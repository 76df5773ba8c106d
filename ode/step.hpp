// One explicit Runge–Kutta step: forward, reverse (division free) and tangent, on every scalar.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"
#include "ode/coefficients.hpp"
#include "ode/step_workspace.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace costate::ode {

/// t̄ and h̄ of steps: derivatives of the loss with respect to a step's start and length.
template <Scalar T>
struct TimeBars {
    T t{}, h{};
};

/// ṫ and ḣ of a step.
template <Scalar T>
struct TimeTangent {
    T t{}, h{};
};

namespace detail {

/// Y_i = x₀ + h Σ_{j<i} a_ij k_j: x₀ itself where the row is empty, else formed in ws.y.
template <Scalar T>
std::span<const T> stage_state(const Coefficients<T>& method, std::size_t i, const T& h, std::span<const T> x0,
                               std::span<const T> k, StepWorkspace<T>& ws) {
    const Terms<T>& row = method.rows[i];
    if (row.empty()) return x0;
    kernels::rk_combine<T>(x0, h, row.coefficient, ws.gather(row.index, k, x0.size()), ws.y);
    return ws.y;
}

/// x₁ = x₀ + h Σ b_i k_i. x₁ may be x₀.
template <Scalar T>
void finish(const Coefficients<T>& method, const T& h, std::span<const T> x0, std::span<const T> k, std::span<T> x1,
            StepWorkspace<T>& ws) {
    kernels::rk_combine<T>(x0, h, method.weights.coefficient, ws.gather(method.weights.index, k, x0.size()), x1);
}

}  // namespace detail

/// x₁ = x₀ + h Σ b_i k_i,  k_i = f(t + c_i h, x₀ + h Σ_{j<i} a_ij k_j).
/// States are batch-major and of one size; x₁ may be the same span as x₀. h < 0 steps backwards. Stages that do not reach b are
/// left out.
template <Scalar T, class F>
    requires VectorField<F, T>
void step(const Coefficients<T>& method, F& f, const std::type_identity_t<T>& t, const std::type_identity_t<T>& h, View<T> x0,
          MutableView<T> x1, StepWorkspace<T>& ws) {
    if constexpr (SteppingField<F, T>)
        if (f.take_step(method.fingerprint, t, h, x0, x1)) return;
    const std::size_t n = x0.size();
    ws.forward(method.stages, n);
    const std::span<T> k = ws.k;
    for (std::size_t i = 0; i < method.stages; ++i)
        f(t + method.c[i] * h, detail::stage_state<T>(method, i, h, x0, k, ws), k.subspan(i * n, n));
    detail::finish<T>(method, h, x0, k, x1, ws);
}

/// The same step, keeping in `record` what step_vjp needs.
template <Scalar T, class F>
    requires VectorField<F, T>
void step(const Coefficients<T>& method, F& f, const std::type_identity_t<T>& t, const std::type_identity_t<T>& h, View<T> x0,
          MutableView<T> x1, StepRecord<F, T>& record, StepWorkspace<T>& ws) {
    if constexpr (SteppingField<F, T>) {
        record.whole = f.take_step(method.fingerprint, t, h, x0, x1, record.kept);
        if (record.whole) return;
    }
    const std::size_t n = x0.size();
    ws.stage(method.stages, n);
    record.prepare(f, method.stages, n);
    const std::span<T> k = record.k;
    for (std::size_t i = 0; i < method.stages; ++i) {
        const T ti = t + method.c[i] * h;
        const std::span<const T> y = detail::stage_state<T>(method, i, h, x0, k, ws);
        if constexpr (RecordingField<F, T>)
            f.forward(ti, y, k.subspan(i * n, n), record.stages[i]);
        else
            f(ti, y, k.subspan(i * n, n));
    }
    detail::finish<T>(method, h, x0, k, x1, ws);
}

namespace detail {

/// ℓ += (∂f/∂x)ᵀμ, θ̄ += (∂f/∂θ)ᵀμ at stage i of a recorded step; returns μᵀ∂f/∂t.
template <Scalar T, class F>
T stage_vjp(const Coefficients<T>& method, std::size_t i, F& f, const T& t, const T& h, std::span<const T> x0,
            const StepRecord<F, T>& record, std::span<const T> mu, std::span<T> ell, std::span<T> theta_bar,
            StepWorkspace<T>& ws) {
    T tau = T(0);
    if constexpr (RecordingField<F, T>)
        f.pullback(record.stages[i], mu, ell, theta_bar, tau);
    else
        f.vjp(t + method.c[i] * h, stage_state<T>(method, i, h, x0, record.k, ws), mu, ell, theta_bar, tau);
    return tau;
}

}  // namespace detail

/// The exact transpose of the step, for i = s … 1:
///   ν_i = b_i λ₁ + Σ_{j>i} a_ji ℓ_j,  μ_i = h ν_i,  ℓ_i = (∂f/∂x)ᵀμ_i;   λ₀ = λ₁ + Σ ℓ_i,  θ̄ += Σ (∂f/∂θ)ᵀμ_i,
///   t̄ += Σ μ_iᵀ∂f/∂t,  h̄ += Σ ν_i·k_i + c_i μ_iᵀ∂f/∂t.
/// No division, so b_i = 0 is no special case. (t, h, x₀) are those of the recorded step; λ₀ may be the same span as λ₁; θ̄
/// (summed over the batch) is accumulated and may be empty; time may be null: then h̄ and t̄ are not formed. One pullback a
/// stage.
template <Scalar T, class F>
    requires DifferentiableField<F, T>
void step_vjp(const Coefficients<T>& method, F& f, const std::type_identity_t<T>& t, const std::type_identity_t<T>& h, View<T> x0,
              const StepRecord<F, T>& record, View<T> lambda1, MutableView<T> lambda0, MutableView<T> theta_bar,
              TimeBars<std::type_identity_t<T>>* time, StepWorkspace<T>& ws) {
    if constexpr (SteppingField<F, T>) {
        T* const bars[] = {time ? &time->t : nullptr, time ? &time->h : nullptr};
        if (record.whole) return f.reverse_step(t, h, x0, record.kept, lambda1, lambda0, theta_bar, bars[0], bars[1]);
    }
    const std::size_t n = x0.size(), s = method.stages;
    ws.reverse(s, n);
    const std::span<T> all_ell = ws.ell;
    std::fill(all_ell.begin(), all_ell.end(), T(0));
    const T one = T(1);
    for (std::size_t i = s; i-- > 0;) {
        const Terms<T>& column = method.columns[i];
        const auto terms = ws.gather(column.index, all_ell, n, s, lambda1.data());
        if (time) {
            kernels::rk_combine<T>(ws.zeros, one, column.coefficient, terms, ws.nu);
            time->h += kernels::dot<T>(ws.nu, std::span<const T>(record.k).subspan(i * n, n));
            kernels::scale<T>(h, ws.nu, ws.mu);
        } else {
            kernels::rk_combine<T>(ws.zeros, h, column.coefficient, terms, ws.mu);
        }
        const T tau = detail::stage_vjp<T>(method, i, f, t, h, x0, record, ws.mu, all_ell.subspan(i * n, n), theta_bar, ws);
        if (time) {
            time->t += tau;
            time->h += method.c[i] * tau;
        }
    }
    ws.pointers.clear();
    for (std::size_t i = 0; i < s; ++i) ws.pointers.push_back(all_ell.data() + i * n);
    kernels::rk_combine<T>(lambda1, one, method.ones, ws.pointers, lambda0);
}

/// The tangent of the step:
///   Ẏ_i = ẋ₀ + h Σ a_ij k̇_j + ḣ Σ a_ij k_j,  k̇_i = ∂f/∂x Ẏ_i + ∂f/∂t (ṫ + c_i ḣ) + ∂f/∂θ θ̇,
///   ẋ₁ = ẋ₀ + h Σ b_i k̇_i + ḣ Σ b_i k_i.
/// x₁ is formed as well (s jvps, no other evaluation). x₁ may be x₀ and ẋ₁ may be ẋ₀; θ̇ may be empty and time null: zero.
template <Scalar T, class F>
    requires DifferentiableField<F, T>
void step_jvp(const Coefficients<T>& method, F& f, const std::type_identity_t<T>& t, const std::type_identity_t<T>& h, View<T> x0,
              const TimeTangent<std::type_identity_t<T>>* time, View<T> x0_dot, View<T> theta_dot, MutableView<T> x1,
              MutableView<T> x1_dot, StepWorkspace<T>& ws) {
    const std::size_t n = x0.size();
    ws.tangent(method.stages, n);
    const std::span<T> k = ws.k, k_dot = ws.k_dot;
    const auto combine_dot = [&](const Terms<T>& terms, std::span<T> out) {
        kernels::rk_combine<T>(x0_dot, h, terms.coefficient, ws.gather(terms.index, k_dot, n), out);
        if (time) kernels::rk_combine<T>(out, time->h, terms.coefficient, ws.gather(terms.index, k, n), out);
    };
    for (std::size_t i = 0; i < method.stages; ++i) {
        std::span<const T> y_dot = x0_dot;
        if (!method.rows[i].empty()) {
            combine_dot(method.rows[i], ws.y_dot);
            y_dot = ws.y_dot;
        }
        const std::span<const T> y = detail::stage_state<T>(method, i, h, x0, k, ws);
        const T t_dot = time ? time->t + method.c[i] * time->h : T(0);
        f.jvp(t + method.c[i] * h, y, t_dot, y_dot, theta_dot, k.subspan(i * n, n), k_dot.subspan(i * n, n));
    }
    combine_dot(method.weights, x1_dot);
    detail::finish<T>(method, h, x0, k, x1, ws);
}

}  // namespace costate::ode
