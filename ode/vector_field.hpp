// ẋ = f(t, x; θ): what a field has to offer to be solved, differentiated, and differentiated without re-evaluation.
#pragma once

#include "scalar/traits.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode {

/// f(t, x, dx): dx = f(t, x).
/// x and dx are batch-major: x.size() = batch · f.dim(), one row a sample; t is common to the batch. dx is assigned and never
/// overlaps x. f is not const: it may own scratch, so a field belongs to one thread (copy it for another).
template <class F, class T>
concept VectorField = Scalar<T> && requires(F& f, const T& t, std::span<const T> x, std::span<T> dx) {
    { f.dim() } -> std::convertible_to<std::size_t>;
    f(t, x, dx);
};

/// f.vjp(t, x, λ, x̄, θ̄, t̄):  x̄ += λᵀ∂f/∂x (row by row),  θ̄ += λᵀ∂f/∂θ and t̄ += λᵀ∂f/∂t (both summed over the batch).
/// f.jvp(t, x, ṫ, ẋ, θ̇, dx, dẋ):  dx = f(t, x),  dẋ = ∂f/∂x ẋ + ∂f/∂t ṫ + ∂f/∂θ θ̇ (both assigned).
/// θ has f.parameter_count() values, shared by the batch. An empty x̄ or θ̄ is not wanted; an empty θ̇ is zero. No output
/// overlaps an input.
template <class F, class T>
concept DifferentiableField = VectorField<F, T> && requires(F& f, const T& t, T& t_bar, std::span<const T> in, std::span<T> out) {
    { f.parameter_count() } -> std::convertible_to<std::size_t>;
    f.vjp(t, in, in, out, out, t_bar);
    f.jvp(t, in, t, in, in, out, out);
};

/// f.forward(t, x, dx, record) keeps in the caller's record what f.pullback(record, λ, x̄, θ̄, t̄) needs, so that a reverse sweep
/// costs one pullback a stage and no re-evaluation. pullback accumulates like vjp at the (t, x) of the forward call and may be
/// called repeatedly. A record serves any number of forward calls and allocates nothing once warm; `record.bytes()`, where
/// offered, is counted as the method's memory.
template <class F, class T>
concept RecordingField = DifferentiableField<F, T> &&
    requires(F& f, const T& t, T& t_bar, std::span<const T> in, std::span<T> out, typename F::Record& record,
             const typename F::Record& kept) {
    { f.make_record() } -> std::convertible_to<typename F::Record>;
    f.forward(t, in, out, record);
    f.pullback(kept, in, out, out, t_bar);
};

/// A field that takes whole Runge–Kutta steps by itself, for the method that it was made for. Each says whether it did; if not,
/// the steppers take the step stage by stage. The results are those of the stages. `kept` holds, between a step and its
/// reverse, what the field wants; time_bars is null or {t̄, h̄}, θ̄ may be empty: not wanted; what is accumulated is as in step_vjp.
template <class F, class T>
concept SteppingField = DifferentiableField<F, T> &&
    requires(F& f, std::size_t fingerprint, const T& t, std::span<const T> in, std::span<T> out, std::vector<T>& kept,
             const std::vector<T>& still_kept, T* bar) {
    { f.take_step(fingerprint, t, t, in, out) } -> std::same_as<bool>;
    { f.take_step(fingerprint, t, t, in, out, kept) } -> std::same_as<bool>;
    f.reverse_step(t, t, in, still_kept, in, out, out, bar, bar);
};

}  // namespace costate::ode
