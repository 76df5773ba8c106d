// Discretize-then-optimize: the exact gradient of the computed solution, every step's record kept.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/discrete.hpp"
#include "ode/rooted_trees.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace costate::ode::dto {

/// λ_n = (∂Φ_h/∂x)ᵀ λ_{n+1} by step_vjp, n = N−1 … 0. Memory: N + 1 states, N · s slopes and field records. N · s evaluations and
/// pullbacks. t̄₀ and t̄₁ are the derivatives of the discrete solution, through h = (t₁ − t₀)/N and t_n = t₀ + n h.
struct StoreAll : CalledOnEqualSteps<StoreAll> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view name = "dto";
    static constexpr std::string_view meaning = "discretize-then-optimize: the solver's own derivative, every step stored";
    static constexpr bool discrete = true;  ///< the derivative of the discrete map, == in exact arithmetic

    template <class F, Scalar T>
    using Workspace = SweepWorkspace<F, T>;

    /// ∇L_h − ∇L = O(h^p), p the order of the tableau.
    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }

    /// On any grid, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        detail::sweep<T>(f, loss, grid, x0, options, ws, result,
                         [&](const T& t, const T& h, std::span<const T> x, const StepRecord<F, T>& record, std::span<T> lambda,
                             std::span<T> theta_bar, TimeBars<T>* time) {
                             step_vjp<T>(ws.method, f, t, h, x, record, lambda, lambda, theta_bar, time, ws.step);
                         });
        result.cost.peak_bytes = ws.bytes();
    }
};

}  // namespace costate::ode::dto
