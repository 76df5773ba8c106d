// Elementwise kernels on flat arrays. Every span has the size of y; y may be an input itself (same start, no partial overlap).
//
// Float and double, in units of the last place (a subnormal result in units of the smallest one):
//   values  exp, log, tanh, sigmoid, silu, softplus, erf ≤ 4; sin, cos ≤ 4 for |x| ≤ 1e5, beyond 1e6 the C library's
//           gelu ≤ 4 for x ≥ -1, below absolutely 2e-16 (float: 1.2e-7); sqrt, relu exact
//   slopes  ≤ 8 each; silu' and gelu' only where |slope| ≥ 1/2 or x > 0, elsewhere absolutely 8 units of the last place of 1/2.
// A result depends on its own element alone: not on neighbours, position or size. Arithmetic kernels round each operation once
// and never fuse, so they are bitwise the same on every instruction set.
#pragma once

#include "kernels/check.hpp"
#include "kernels/reference/elementwise.hpp"
#include "kernels/simd/table.hpp"

#include <span>
#include <type_traits>

namespace costate::kernels {

/// y = f(x). Throws std::invalid_argument for a wrong size or a function that the scalar does not have.
template <Scalar T>
void apply(Function f, std::span<const T> x, std::span<T> y) {
    check_size("apply", "x", x.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().apply(f, y.size(), x.data(), y.data());
    else reference::apply(f, y.size(), x.data(), y.data());
}

/// y = f(x), slope = f'(x), relu'(0) = 0. y and slope are different arrays. Throws like apply.
template <Scalar T>
void apply_with_slope(Function f, std::span<const T> x, std::span<T> y, std::span<T> slope) {
    check_size("apply_with_slope", "x", x.size(), y.size());
    check_size("apply_with_slope", "slope", slope.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().apply_with_slope(f, y.size(), x.data(), y.data(), slope.data());
    else reference::apply_with_slope(f, y.size(), x.data(), y.data(), slope.data());
}

/// y = a + b
template <Scalar T>
void add(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("add", "a", a.size(), y.size());
    check_size("add", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().add(y.size(), a.data(), b.data(), y.data());
    else reference::add(y.size(), a.data(), b.data(), y.data());
}

/// y = a - b
template <Scalar T>
void sub(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("sub", "a", a.size(), y.size());
    check_size("sub", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().sub(y.size(), a.data(), b.data(), y.data());
    else reference::sub(y.size(), a.data(), b.data(), y.data());
}

/// y = a ⊙ b
template <Scalar T>
void mul(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("mul", "a", a.size(), y.size());
    check_size("mul", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().mul(y.size(), a.data(), b.data(), y.data());
    else reference::mul(y.size(), a.data(), b.data(), y.data());
}

/// y = a ⊘ b
template <Scalar T>
void div(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("div", "a", a.size(), y.size());
    check_size("div", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().div(y.size(), a.data(), b.data(), y.data());
    else reference::div(y.size(), a.data(), b.data(), y.data());
}

/// y += a ⊙ b: x̄ += ȳ ⊙ slope
template <Scalar T>
void mul_accumulate(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("mul_accumulate", "a", a.size(), y.size());
    check_size("mul_accumulate", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().mul_accumulate(y.size(), a.data(), b.data(), y.data());
    else reference::mul_accumulate(y.size(), a.data(), b.data(), y.data());
}

/// y -= a ⊙ b
template <Scalar T>
void mul_subtract(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("mul_subtract", "a", a.size(), y.size());
    check_size("mul_subtract", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().mul_subtract(y.size(), a.data(), b.data(), y.data());
    else reference::mul_subtract(y.size(), a.data(), b.data(), y.data());
}

/// y += a ⊘ b
template <Scalar T>
void div_accumulate(std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("div_accumulate", "a", a.size(), y.size());
    check_size("div_accumulate", "b", b.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().div_accumulate(y.size(), a.data(), b.data(), y.data());
    else reference::div_accumulate(y.size(), a.data(), b.data(), y.data());
}

/// y = -x
template <Scalar T>
void negate(std::span<const T> x, std::span<T> y) {
    check_size("negate", "x", x.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().negate(y.size(), x.data(), y.data());
    else reference::negate(y.size(), x.data(), y.data());
}

/// y = c x
template <Scalar T>
void scale(const std::type_identity_t<T>& c, std::span<const T> x, std::span<T> y) {
    check_size("scale", "x", x.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().scale(y.size(), c, x.data(), y.data());
    else reference::scale(y.size(), c, x.data(), y.data());
}

/// y += c x
template <Scalar T>
void axpy(const std::type_identity_t<T>& c, std::span<const T> x, std::span<T> y) {
    check_size("axpy", "x", x.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().axpy(y.size(), c, x.data(), y.data());
    else reference::axpy(y.size(), c, x.data(), y.data());
}

/// y += x
template <Scalar T>
void accumulate(std::span<const T> x, std::span<T> y) {
    check_size("accumulate", "x", x.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().accumulate(y.size(), x.data(), y.data());
    else reference::accumulate(y.size(), x.data(), y.data());
}

/// y_bj = x_bj + row_j
template <Scalar T>
void add_row(std::size_t batch, std::span<const T> x, std::span<const T> row, std::span<T> y) {
    check_size("add_row", "x", x.size(), y.size());
    check_size("add_row", "y", y.size(), batch * row.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().add_row(batch, row.size(), x.data(), row.data(), y.data());
    else reference::add_row(batch, row.size(), x.data(), row.data(), y.data());
}

/// y = a x + b
template <Scalar T>
void affine(const std::type_identity_t<T>& a, std::span<const T> x, const std::type_identity_t<T>& b, std::span<T> y) {
    check_size("affine", "x", x.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().affine(y.size(), a, x.data(), b, y.data());
    else reference::affine(y.size(), a, x.data(), b, y.data());
}

/// y (+)= (a u + b v) + c
template <Scalar T>
void affine_pair(const std::type_identity_t<T>& a, std::span<const T> u, const std::type_identity_t<T>& b, std::span<const T> v,
                 const std::type_identity_t<T>& c, std::span<T> y, bool accumulate) {
    check_size("affine_pair", "u", u.size(), y.size());
    check_size("affine_pair", "v", v.size(), y.size());
    if constexpr (simd::Vectorised<T>) simd::table<T>().affine_pair(y.size(), a, u.data(), b, v.data(), c, y.data(), accumulate);
    else reference::affine_pair(y.size(), a, u.data(), b, v.data(), c, y.data(), accumulate);
}

}  // namespace costate::kernels
