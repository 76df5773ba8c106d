// One solve of the continuous problem, by either route of ode/truth.hpp.
#pragma once

#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/vector_field.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode::detail {

/// What a solve is asked for.
struct SolveGoal {
    double digits;       ///< of the local errors
    std::size_t nodes;   ///< of a collocation step
    bool want_theta;
    double first_step;   ///< relative to t₁ - t₀
    std::size_t max_evaluations;
};

/// L, ∇ℓ(x₁) and what both routes owe to t₀ and t₁. f is evaluated at both ends.
template <Scalar T, DifferentiableField<T> F, TerminalLoss<T> L>
void loss_at_end(F& f, const L& loss, const T& t1, GradientResult<T>& result) {
    result.loss = loss(std::span<const T>(result.x1));
    result.x_bar.assign(result.x1.size(), T(0));
    loss.gradient(std::span<const T>(result.x1), std::span<T>(result.x_bar));
    std::vector<T> dx(result.x1.size());
    f(t1, std::span<const T>(result.x1), std::span<T>(dx));
    ++result.cost.evaluations;
    result.t1_bar = T(0);
    for (std::size_t i = 0; i < dx.size(); ++i) result.t1_bar += result.x_bar[i] * dx[i];
}

/// ∂L/∂t₀ = -λ(t₀)ᵀ f(t₀, x₀).
template <Scalar T, DifferentiableField<T> F>
void time_at_start(F& f, const T& t0, std::span<const T> x0, GradientResult<T>& result) {
    std::vector<T> dx(x0.size());
    f(t0, x0, std::span<T>(dx));
    ++result.cost.evaluations;
    result.t0_bar = T(0);
    for (std::size_t i = 0; i < dx.size(); ++i) result.t0_bar -= result.x_bar[i] * dx[i];
}

}  // namespace costate::ode::detail
