// One try at a step: the stages after the first, the state it would end at and the error estimates.
#pragma once

#include "kernels/reduce.hpp"
#include "ode/adaptive/pair.hpp"
#include "ode/step_workspace.hpp"
#include "ode/vector_field.hpp"

#include <concepts>
#include <cstddef>
#include <span>

namespace costate::ode {

/// Where a try reads and writes: x and k_1, the first row of k, are given; the other rows of k, x', e and e₂ are assigned, e₂ where it is not empty.
template <Scalar T>
struct Attempt {
    std::span<const T> x;
    std::span<T> k, x_next, e, second;
    std::span<const T> zeros;  ///< as many as x has
};

/// A field that tries whole steps of a pair by itself: the evaluations that took, 0 where it did not. The results are those of detail::attempt.
template <class F, class T>
concept AttemptingField = VectorField<F, T> && requires(F& f, std::size_t fingerprint, const T& t, const Attempt<T>& place) {
    { f.attempt(fingerprint, t, t, place) } -> std::convertible_to<std::size_t>;
};

namespace detail {

/// k_i = f(t + c_i h, x + h Σ_{j<i} a_ij k_j) for i = 2 … S,  x' = x + h Σ b_i k_i,  e = h Σ (b_i − b̂_i) k_i, and e₂ likewise. The last slope is left
/// out where the estimate does not read it. Returns how many evaluations it were.
template <Scalar T, class F>
    requires VectorField<F, T>
std::size_t attempt(const PairCoefficients<T>& pair, F& f, const T& t, const T& h, const Attempt<T>& at, StepWorkspace<T>& ws) {
    const std::size_t n = at.x.size(), last = pair.stages - 1;
    const auto combine = [&](const Terms<T>& terms, std::span<const T> base, std::span<T> out) {
        kernels::rk_combine<T>(base, h, terms.coefficient, ws.gather(terms.index, at.k, n), out);
    };
    for (std::size_t i = 1; i < last; ++i) {
        combine(pair.rows[i], at.x, ws.y);
        f(t + pair.c[i] * h, std::span<const T>(ws.y), at.k.subspan(i * n, n));
    }
    combine(pair.weights, at.x, at.x_next);
    if (!pair.late_end) f(t + pair.c[last] * h, std::span<const T>(at.x_next), at.k.subspan(last * n, n));
    combine(pair.error, at.zeros, at.e);
    if (!at.second.empty()) combine(pair.second, at.zeros, at.second);
    return pair.late_end ? last - 1 : last;
}

}  // namespace detail
}  // namespace costate::ode
