// x(t₁) by steps whose length follows an error estimate, forwards or backwards in time.
#pragma once

#include "ode/adaptive/accepted_step.hpp"
#include "ode/adaptive/options.hpp"
#include "ode/adaptive/pair.hpp"
#include "ode/adaptive/run.hpp"
#include "ode/vector_field.hpp"

#include <utility>

namespace costate::ode {

/// Called after every accepted step; returning false ends the solve there (Outcome::stopped). The step's spans live as long as the call.
template <class H, class T>
concept StepHook = requires(H& hook, AcceptedStep<T>& step) { hook(step); };

struct NoHook {
    void operator()(const auto&) const {}
};

/// Every step is that of step(Coefficients(tableau), …) from times[n] with h = times[n+1] − times[n], bitwise.
/// The samples of a batch share their steps; a step is as short as the hardest of them asks. t₁ < t₀ solves backwards.
/// How it ended is in result.status, which never is an exception of numbers; result may be a used one, whose memory then serves again.
/// Throws std::invalid_argument for an x₀ that is no batch, times that are not finite, save times outside of t₀ … t₁ or out of order, and
/// options that make no sense (check_tolerances, check_controller, a negative step).
template <OrderedScalar T, class F, class Hook = NoHook>
    requires VectorField<F, T> && StepHook<Hook, T>
void solve_adaptive(const PairCoefficients<T>& pair, F& f, const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1, View<T> x0,
                    const AdaptiveOptions<std::type_identity_t<T>>& options, AdaptiveWorkspace<T>& ws, AdaptiveResult<T>& result, Hook&& hook = {}) {
    detail::check_adaptive<T>(f, t0, t1, x0.size(), options);
    detail::AdaptiveRun<T, F> run(pair, f, t0, t1, x0, options, ws, result);
    run(hook);
}

/// The same with a workspace of its own.
template <OrderedScalar T, class F, class Hook = NoHook>
    requires VectorField<F, T> && StepHook<Hook, T>
AdaptiveResult<T> solve_adaptive(const Tableau& tableau, F& f, const T& t0, const std::type_identity_t<T>& t1, View<T> x0,
                                 const AdaptiveOptions<std::type_identity_t<T>>& options = {}, Hook&& hook = {}) {
    AdaptiveWorkspace<T> ws;
    AdaptiveResult<T> result;
    solve_adaptive<T>(PairCoefficients<T>(tableau), f, t0, t1, x0, options, ws, result, std::forward<Hook>(hook));
    return result;
}

}  // namespace costate::ode
