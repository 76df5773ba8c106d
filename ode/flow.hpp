// The two functions that most programs need: where a flow ends, and how a loss on its end depends on where it began.
#pragma once

#include "ode/gradient/methods.hpp"
#include "ode/solve.hpp"

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace costate::ode {

/// From t₀ to t₁; backwards in time where t₁ < t₀.
template <Scalar T>
struct Interval {
    T t0, t1;
};

/// `steps` equal steps of a tableau of the library (costate list tableaus).
struct SolveOptions {
    std::string tableau = "dormand-prince";
    std::size_t steps = 100;
};

/// x(t₁) for ẋ = f(t, x), x(t₀) = x₀; x₀ batch-major, a whole number of samples.
/// Throws std::invalid_argument for an unknown tableau, steps = 0, or an x₀ that does not fit.
template <class F, Scalar T>
    requires VectorField<F, T>
std::vector<T> solve(F& field, const std::vector<T>& x0, const Interval<std::type_identity_t<T>>& times, const SolveOptions& options = {}) {
    std::vector<T> x1(x0.size());
    StepWorkspace<T> workspace;
    solve<T>(Coefficients<T>(find_tableau(options.tableau)), field, Grid<T>(times.t0, times.t1, options.steps), x0, x1, workspace);
    return x1;
}

/// L(x(t₁)), ∇L with respect to x₀, θ, t₀ and t₁, and what that cost. `method` is a gradient method or its name, "dto" or "binomial:8"
/// (costate list methods): by default the solver's own derivative with every step stored.
/// Throws std::invalid_argument as solve, and for an unknown method. A loop over many gradients keeps a workspace instead: see GradientMethod.
template <class F, class L, Scalar T, class Method = dto::StoreAll>
    requires DifferentiableField<F, T> && TerminalLoss<L, T>
GradientResult<T> gradient(F& field, const L& loss, const std::vector<T>& x0, const Interval<std::type_identity_t<T>>& times,
                           const SolveOptions& options = {}, const Method& method = {}, const GradientOptions& wanted = {}) {
    const Tableau& tableau = find_tableau(options.tableau);
    if constexpr (std::convertible_to<const Method&, std::string_view>) {
        GradientResult<T> result;
        with_gradient_method(method, [&](const auto& named) { result = named(field, loss, tableau, times.t0, times.t1, options.steps, x0, wanted); });
        return result;
    } else {
        return method(field, loss, tableau, times.t0, times.t1, options.steps, x0, wanted);
    }
}

}  // namespace costate::ode
