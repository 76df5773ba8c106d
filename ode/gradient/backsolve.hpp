// Optimize-then-discretize without memory: x, λ and ∇_θ integrated backwards together from t₁.
#pragma once

#include "ode/gradient/continuous.hpp"
#include "ode/rooted_trees.hpp"

#include <cstddef>
#include <string_view>

namespace costate::ode::otd {

/// [x | λ | g] from (x₁, ∇L(x₁), 0) at t₁ to t₀ on the forward grid, x re-integrated backwards (Chen, Rubanova, Bettencourt,
/// Duvenaud 2018, Alg. 1). Memory independent of N. The x that it meets is not the forward one: it returns to x₀ only up to
/// O(h^p), and not at all where f contracts fast. ∂L/∂t₁ = λ₁ᵀf(t₁, x₁) and ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀).
struct Backsolve {
    static constexpr std::string_view name = "backsolve";
    static constexpr std::string_view meaning = "optimize-then-discretize: state and adjoint integrated backwards from the end, nothing stored";
    static constexpr bool discrete = false;  ///< the derivative of the discrete map, == in exact arithmetic

    template <class F, Scalar T>
    using Workspace = otd::Workspace<F, T>;

    /// Both the forward solution and the augmented one have the order p of the tableau.
    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }

    /// Allocates nothing once ws and result have met a call of this size.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    void operator()(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, View<T> x0,
                    const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) const {
        const Grid<T> grid(t0, t1, steps);
        ws.states.resize(x0.size());
        solve<T>(ws.method, f, grid, x0, ws.states, ws.step);
        detail::start<T>(f, loss, t1, ws.states, options, ws, result);
        AdjointField<F, T>& adjoint = ws.adjoint_of(f, x0.size(), options.want_theta);
        solve<T>(ws.method, adjoint, Grid<T>(t1, t0, steps), ws.augmented, ws.augmented, ws.step);
        detail::finish<T>(f, grid, x0, options, ws, result);
    }

    /// Throws std::invalid_argument for an implicit tableau, steps = 0, or an x₀ that is not a whole number of samples.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    GradientResult<T> operator()(F& f, const L& loss, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1,
                                 std::size_t steps, View<T> x0, const GradientOptions& options = {}) const {
        Workspace<F, T> ws(tableau);
        GradientResult<T> result;
        (*this)(f, loss, t0, t1, steps, x0, options, ws, result);
        return result;
    }
};

}  // namespace costate::ode::otd
