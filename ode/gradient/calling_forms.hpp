// The short ways to call a gradient method, which follow from its long one.
#pragma once

#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/solve.hpp"
#include "ode/vector_field.hpp"

#include <cstddef>
#include <type_traits>

namespace costate::ode {

/// method(f, loss, tableau, t₀, t₁, steps, x₀, options) → its result, with a workspace of its own; for a Method that has
/// method(f, loss, t₀, t₁, steps, x₀, options, ws, result). To be brought in by a using-declaration beside the method's own operator().
template <class Method>
struct CalledWithTableau {
    /// Throws std::invalid_argument for an implicit tableau, steps = 0, or an x₀ that is not a whole number of samples, and as the method says.
    template <class F, class L, Scalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    GradientResult<T> operator()(F& f, const L& loss, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1,
                                 std::size_t steps, View<T> x0, const GradientOptions& options = {}) const {
        typename Method::template Workspace<F, T> ws(tableau);
        GradientResult<T> result;
        static_cast<const Method&>(*this)(f, loss, t0, t1, steps, x0, options, ws, result);
        return result;
    }
};

/// That, and N equal steps from t₀ to t₁; for a Method that has method(f, loss, grid, x₀, options, ws, result).
template <class Method>
struct CalledOnEqualSteps : CalledWithTableau<Method> {
    using CalledWithTableau<Method>::operator();

    template <class F, class L, Scalar T, class Workspace>  // Method's
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    void operator()(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, View<T> x0,
                    const GradientOptions& options, Workspace& ws, GradientResult<T>& result) const {
        static_cast<const Method&>(*this)(f, loss, Grid<T>(t0, t1, steps), x0, options, ws, result);
    }
};

}  // namespace costate::ode
