// ẋ_b = f(t_b, x_b; θ): a field whose samples stand at times of their own.
#pragma once

#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

namespace costate::ode {

/// f.at_times(t, x, dx): dx_b = f(t_b, x_b), t with one time a row of x. A row's result does not depend on the other rows.
template <class F, class T>
concept SampleTimeField = VectorField<F, T> && requires(F& f, std::span<const T> in, std::span<T> out) { f.at_times(in, in, out); };

/// f.vjp_at_times(t, x, λ, x̄, θ̄, t̄): as vjp, but that t̄ has one value a row, accumulated. An empty x̄ or θ̄ is not wanted.
template <class F, class T>
concept DifferentiableSampleTimeField = SampleTimeField<F, T> && DifferentiableField<F, T> &&
    requires(F& f, std::span<const T> in, std::span<T> out) { f.vjp_at_times(in, in, in, out, out, out); };

/// dx_b = f(t_b, x_b) of any field: in one call where the field can or all times are the same, else one call a row.
template <Scalar T, class F>
    requires VectorField<F, T>
void evaluate_at_times(F& f, std::span<const T> t, std::span<const T> x, std::span<T> dx) {
    if constexpr (SampleTimeField<F, T>) return f.at_times(t, x, dx);
    if (std::all_of(t.begin(), t.end(), [&](const T& time) { return time == t.front(); })) return f(t.front(), x, dx);
    const std::size_t dim = f.dim();
    for (std::size_t b = 0; b < t.size(); ++b) f(t[b], x.subspan(b * dim, dim), dx.subspan(b * dim, dim));
}

/// x̄_b += λ_bᵀ∂f/∂x, θ̄ += Σ_b λ_bᵀ∂f/∂θ, t̄_b += λ_bᵀ∂f/∂t at (t_b, x_b) of any field: in one call where the field can, else one a row.
template <Scalar T, class F>
    requires DifferentiableField<F, T>
void vjp_at_times(F& f, std::span<const T> t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar,
                  std::span<T> t_bar) {
    if constexpr (DifferentiableSampleTimeField<F, T>) return f.vjp_at_times(t, x, lambda, x_bar, theta_bar, t_bar);
    const std::size_t dim = f.dim();
    for (std::size_t b = 0; b < t.size(); ++b)
        f.vjp(t[b], x.subspan(b * dim, dim), lambda.subspan(b * dim, dim), x_bar.subspan(b * dim, dim), theta_bar, t_bar[b]);
}

}  // namespace costate::ode
