// What reductions and the Runge–Kutta combination mean, any scalar.
#pragma once

#include "scalar/traits.hpp"

#include <array>
#include <cstddef>

namespace costate::kernels::reference {

/// Partial sums of a reduction: element i goes to lane i mod 32; a fixed tree joins the lanes. The same on every instruction set.
inline constexpr std::size_t reduction_lanes = 32;

/// lanes_0 after lanes_j += lanes_(j + s) for s = 16, 8, 4, 2, 1
template <Scalar T>
T join_lanes(std::array<T, reduction_lanes>& lanes) {
    for (std::size_t half = reduction_lanes / 2; half > 0; half /= 2)
        for (std::size_t j = 0; j < half; ++j) lanes[j] = lanes[j] + lanes[j + half];
    return lanes[0];
}

/// Σ x_i in the order of the lanes.
template <Scalar T>
T sum(std::size_t n, const T* x) {
    std::array<T, reduction_lanes> lanes;
    lanes.fill(T(0));
    for (std::size_t i = 0; i < n; ++i) lanes[i % reduction_lanes] = lanes[i % reduction_lanes] + x[i];
    return join_lanes(lanes);
}

/// Σ a_i b_i in the order of the lanes, products rounded before they are added (never fused).
template <Scalar T>
T dot(std::size_t n, const T* a, const T* b) {
    std::array<T, reduction_lanes> lanes;
    lanes.fill(T(0));
    for (std::size_t i = 0; i < n; ++i) lanes[i % reduction_lanes] = lanes[i % reduction_lanes] + a[i] * b[i];
    return join_lanes(lanes);
}

/// y = x + h (c₀ k₀ + c₁ k₁ + …), terms added in that order, products rounded before they are added; y may be x or one of the k.
template <Scalar T>
void rk_combine(std::size_t n, const T* x, const T& h, std::size_t terms, const T* c, const T* const* k, T* y) {
    for (std::size_t i = 0; i < n; ++i) {
        if (terms == 0) {
            y[i] = x[i];
            continue;
        }
        T increment = c[0] * k[0][i];
        for (std::size_t j = 1; j < terms; ++j) increment = increment + c[j] * k[j][i];
        y[i] = x[i] + h * increment;
    }
}

}  // namespace costate::kernels::reference
