// What every gradient method takes and returns.
#pragma once

#include "scalar/traits.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace costate::ode {

/// What the caller wants beside L and ∇ₓL. What is not wanted costs nothing and is left empty (θ) or zero (t).
struct GradientOptions {
    bool want_theta = true;  ///< ∇_θ L
    bool want_time = true;   ///< ∂L/∂t₀ and ∂L/∂t₁
};

/// What a gradient cost. A call of the field on the whole batch counts once; a jvp counts as a jvp only.
struct Cost {
    std::size_t evaluations = 0;  ///< forward evaluations of f (recorded or not)
    std::size_t vjps = 0;         ///< vjps or pullbacks of f
    std::size_t jvps = 0;         ///< jvps of f
    std::size_t peak_bytes = 0;   ///< the method's own: states, stages, records, scratch; not f's scratch, not the result

    friend bool operator==(const Cost&, const Cost&) = default;
};

/// L(x(t₁)) and its derivatives with respect to x₀ (batch-major), θ (summed over the batch), t₀ and t₁; x₁ is the computed end.
template <Scalar T>
struct GradientResult {
    T loss{};
    std::vector<T> x_bar, theta_bar;
    T t0_bar{}, t1_bar{};
    std::vector<T> knot_bars;  ///< ∂L/∂s_k of the knots of a TimeGrid, t̄₀ and t̄₁ among them; empty on equal steps
    Cost cost;
    std::vector<T> x1;
    std::optional<double> reconstruction_error;  ///< of a reversible method: max |x₀ found again − x₀| / max |x₀|
};

}  // namespace costate::ode
