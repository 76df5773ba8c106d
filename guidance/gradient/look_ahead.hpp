// ∇ₓ L(Φ(x)) with Φ = k steps of a tableau from t to the end: between greedy (k = 1, Euler, regular variables) and D-Flow (k → ∞).
#pragma once

#include "guidance/fields/regular_field.hpp"
#include "ode/gradient/store_all.hpp"

#include <cstddef>
#include <span>

namespace costate::guidance {

/// The discrete gradient of k equal steps, in time or in the regular variables.
/// in_regular with euler, k = 1, σ₁ = 0 and α₁ = 1 is the greedy gradient exactly: x̃ - r ε̂ = (x - σε̂)/α = x̂₁.
struct LookAhead {
    ode::Tableau tableau;
    std::size_t k = 1;

    /// k steps of ẋ = f from t to t₁. Throws as dto::StoreAll does.
    template <class F, class L, class T>
    ode::GradientResult<T> in_time(F& f, const L& loss, const T& t, const std::type_identity_t<T>& t1, ode::View<T> x,
                                   const ode::GradientOptions& options = {}) const {
        return ode::dto::StoreAll{}(f, loss, tableau, t, t1, k, x, options);
    }

    /// k steps of dx̃/dr = ε̂ from r(t) to r(t₁); x and the result are in the original variables. `regular` is a RegularField.
    template <class F, class L, class T>
    ode::GradientResult<T> in_regular(F& regular, const L& loss, const T& t, const std::type_identity_t<T>& t1, ode::View<T> x,
                                      const ode::GradientOptions& options = {}) const {
        return regular_gradient(ode::dto::StoreAll{}, regular, loss, tableau, t, t1, k, x, options);
    }
};

}  // namespace costate::guidance
