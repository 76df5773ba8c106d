// ∇ₓ L(x̂₁(t, x)) = Jᵀ∇L, J = ∂x̂₁/∂x: the greedy gradient, one evaluation and one pullback (Blasingame & Liu, "Greed is Good", 2025).
#pragma once

#include "guidance/fields/velocity_of.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace costate::guidance {

/// An exact model: it knows x̂₁ and λᵀJ without dividing by what vanishes at the end.
template <class M, class T>
concept Denoiser = requires(M& model, const T& t, std::span<const T> in, std::span<T> out) {
    { model.dim() } -> std::convertible_to<std::size_t>;
    model.denoiser(t, in, out);
    model.denoiser_vjp(t, in, in, out);
};

/// L(x̂₁(t, x)) and Jᵀ∇L of an exact model, sample by sample of a batch. x1 of the result is x̂₁; no derivative in t (0), no θ.
template <class M, class L, class T>
    requires Denoiser<M, T> && ode::TerminalLoss<L, T>
ode::GradientResult<T> greedy_gradient(M& model, const L& loss, const T& t, std::span<const std::type_identity_t<T>> x) {
    ode::GradientResult<T> result;
    result.x1.resize(x.size());
    model.denoiser(t, x, std::span<T>(result.x1));
    const std::span<const T> x1 = result.x1;
    result.loss = loss(x1);
    std::vector<T> lambda(x.size());
    loss.gradient(x1, lambda);
    result.x_bar.assign(x.size(), T(0));
    model.denoiser_vjp(t, x, std::span<const T>(lambda), std::span<T>(result.x_bar));
    result.cost = {1, 1, 0, ode::detail::bytes_of(lambda)};
    return result;
}

/// The same for a DifferentiableField n of a known parametrisation, with θ̄ and ∂/∂t (as t0_bar).
/// Throws std::domain_error where n does not determine x̂₁, see DenoiserMap.
template <class F, class L, class T>
    requires ode::DifferentiableField<F, T> && ode::TerminalLoss<L, T>
ode::GradientResult<T> greedy_gradient(F& field, Parametrisation given, const AnyPath& path, const L& loss, const T& t,
                                       std::span<const std::type_identity_t<T>> x, const ode::GradientOptions& options = {}) {
    DenoiserOf<F&, T> x1hat(field, given, path);
    auto record = x1hat.make_record();
    ode::GradientResult<T> result;
    result.x1.resize(x.size());
    x1hat.forward(t, x, std::span<T>(result.x1), record);
    const std::span<const T> x1 = result.x1;
    result.loss = loss(x1);
    std::vector<T> lambda(x.size());
    loss.gradient(x1, lambda);
    result.x_bar.assign(x.size(), T(0));
    result.theta_bar.assign(options.want_theta ? field.parameter_count() : 0, T(0));
    T t_bar(0);
    x1hat.pullback(record, std::span<const T>(lambda), std::span<T>(result.x_bar), std::span<T>(result.theta_bar), t_bar);
    if (options.want_time) result.t0_bar = t_bar;
    result.cost = {1, 1, 0, record.bytes() + ode::detail::bytes_of(lambda)};
    return result;
}

}  // namespace costate::guidance
