// Sums in one fixed order, and the Runge–Kutta combination. Bitwise the same on every instruction set.
#pragma once

#include "kernels/check.hpp"
#include "kernels/reference/reduce.hpp"
#include "kernels/simd/table.hpp"

#include <span>
#include <type_traits>

namespace costate::kernels {

/// Σ x_i; element i goes to lane i mod 32, a fixed tree joins the lanes: independent of alignment and instruction set.
template <Scalar T>
T sum(std::span<const T> x) {
    if constexpr (simd::Vectorised<T>) return simd::table<T>().sum(x.size(), x.data());
    else return reference::sum(x.size(), x.data());
}

/// Σ a_i b_i in the order of sum, never fused. Throws std::invalid_argument for a wrong size.
template <Scalar T>
T dot(std::span<const T> a, std::span<const T> b) {
    check_size("dot", "b", b.size(), a.size());
    if constexpr (simd::Vectorised<T>) return simd::table<T>().dot(a.size(), a.data(), b.data());
    else return reference::dot(a.size(), a.data(), b.data());
}

/// y = x + h Σ_j c_j k_j in one pass, j ascending; y may be x or one of the k. The callers leave out zero coefficients.
/// Serves the stages of a step, its result, and the λ sums of its reverse. Throws std::invalid_argument for a wrong size.
template <Scalar T>
void rk_combine(std::span<const T> x, const std::type_identity_t<T>& h, std::span<const std::type_identity_t<T>> coefficients,
                std::span<const T* const> k, std::span<T> y) {
    check_size("rk_combine", "x", x.size(), y.size());
    check_size("rk_combine", "k", k.size(), coefficients.size());
    if constexpr (simd::Vectorised<T>)
        simd::table<T>().rk_combine(y.size(), x.data(), h, k.size(), coefficients.data(), k.data(), y.data());
    else reference::rk_combine(y.size(), x.data(), h, k.size(), coefficients.data(), k.data(), y.data());
}

}  // namespace costate::kernels
