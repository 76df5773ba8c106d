// What optimize-then-discretize methods share: the augmented state [x | λ | g] at t₁, and what is read off at t₀.
#pragma once

#include "ode/adjoint.hpp"
#include "ode/gradient/discrete.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode::otd {

/// The forward states that the method keeps, the augmented state, λ at t₁, and the step's scratch. Serves one field.
template <class F, Scalar T>
struct Workspace {
    Coefficients<T> method;
    StepWorkspace<T> step;
    std::vector<T> states, augmented, lambda;
    std::vector<AdjointField<F, T>> adjoint;  // at most one; kept so that its record stays warm
    const F* field = nullptr;

    explicit Workspace(const Tableau& tableau) : method(tableau) {}

    /// The adjoint field of f, made anew only when f or the sizes change.
    AdjointField<F, T>& adjoint_of(F& f, std::size_t n, bool want_theta) {
        const std::size_t dim = 2 * n + (want_theta ? f.parameter_count() : 0);
        if (adjoint.empty() || field != &f || adjoint.front().dim() != dim) {
            adjoint.clear();
            adjoint.emplace_back(f, n, want_theta);
            field = &f;
        }
        return adjoint.front();
    }

    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = step.bytes();
        for (const std::vector<T>* v : {&states, &augmented, &lambda}) total += ode::detail::bytes_of(*v);
        for (const AdjointField<F, T>& a : adjoint) total += a.bytes();
        return total;
    }
};

namespace detail {

/// λᵀf(t, x), summed over the batch.
template <Scalar T, class F>
T pairing(F& f, const T& t, std::span<const T> x, std::span<const T> lambda, StepWorkspace<T>& ws) {
    ws.y.resize(x.size());
    f(t, x, ws.y);
    return kernels::dot<T>(lambda, std::span<const T>(ws.y).first(x.size()));
}

/// L, x₁, ∂L/∂t₁ = λ₁ᵀf(t₁, x₁), and [x₁ | ∇L(x₁) | 0] in ws.augmented.
template <Scalar T, class F, class L>
void start(F& f, const L& loss, const T& t1, std::span<const T> x1, const GradientOptions& options, Workspace<F, T>& ws,
           GradientResult<T>& result) {
    dto::detail::start_reverse<T>(f, loss, x1, options, ws.lambda, result);
    ws.augmented.assign(x1.begin(), x1.end());
    ws.augmented.insert(ws.augmented.end(), ws.lambda.begin(), ws.lambda.end());
    ws.augmented.resize(2 * x1.size() + result.theta_bar.size(), T(0));
    if (options.want_time) result.t1_bar = pairing<T>(f, t1, x1, ws.lambda, ws.step);
}

/// ∇ₓL = λ(t₀), ∇_θL = g(t₀), ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀), and the cost of N · s stages forward and N · s augmented ones.
template <Scalar T, class F>
void finish(F& f, const Grid<T>& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
            GradientResult<T>& result) {
    const std::span<const T> augmented = ws.augmented, lambda = augmented.subspan(x0.size(), x0.size()),
                             g = augmented.subspan(2 * x0.size());
    result.x_bar.assign(lambda.begin(), lambda.end());
    std::copy(g.begin(), g.end(), result.theta_bar.begin());
    if (options.want_time) result.t0_bar = -pairing<T>(f, grid.t0, x0, lambda, ws.step);
    const std::size_t stages = grid.steps * ws.method.stages;
    result.cost = {2 * stages + (options.want_time ? 2u : 0u), stages, 0, ws.bytes()};
}

}  // namespace detail
}  // namespace costate::ode::otd
