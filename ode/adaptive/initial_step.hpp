// The first step from the sizes of x₀, f and of f's change along an Euler step (Hairer, Nørsett, Wanner, Solving ODEs I, II.4; Gladwell 1979).
#pragma once

#include "ode/adaptive/tolerance.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace costate::ode::detail {

/// In the norm of the error control, with an estimate of order k.
template <OrderedScalar T>
struct FirstStep {
    const Tolerances<T>& tolerance;
    std::size_t dim;
    double k;

    /// ‖v‖ on the scale of x.
    [[nodiscard]] double size(std::span<const T> x, std::span<const T> v) const { return error_norm<T>(tolerance, dim, v, {}, x, x); }

    /// h₀ = ‖x‖ / (100 ‖f‖), or 1e-6 where one of them is next to nothing.
    [[nodiscard]] T euler_step(std::span<const T> x, std::span<const T> slope) const {
        const double state = size(x, x), speed = size(x, slope);
        return T(state < 1e-5 || speed < 1e-5 ? 1e-6 : 0.01 * (state / speed));
    }

    /// min(100 h₀, h₁) with max(‖f‖, ‖f(x + h₀ f) − f‖/h₀) h₁^k = 1/100. A change that is not finite counts as none: the control will see.
    [[nodiscard]] T from_change(std::span<const T> x, std::span<const T> slope, std::span<const T> change, const T& h0) const {
        const double h = ScalarTraits<T>::to_double(h0), speed = size(x, slope), bend = size(x, change) / h;
        const double most = bend < HUGE_VAL ? std::max(speed, bend) : speed;
        const double h1 = most <= 1e-15 ? std::max(1e-6, h * 1e-3) : std::pow(0.01 / most, 1 / k);
        return T(std::min(100 * h, h1));
    }
};

}  // namespace costate::ode::detail
