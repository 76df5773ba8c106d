// What the elementwise kernels mean: one loop each, any scalar.
#pragma once

#include "kernels/function.hpp"
#include "scalar/functions.hpp"

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>

namespace costate::kernels::reference {

namespace detail {

template <class T>
[[noreturn]] void throw_unsupported(Function f) {
    throw std::invalid_argument("kernels::apply: the scalar '" + std::string(ScalarTraits<T>::name) + "' has no function '" +
                                std::string(name(f)) + "'; compute in a floating-point scalar");
}

template <TranscendentalScalar T>
T transcendental_value(Function f, const T& x) {
    using std::cos, std::erf, std::exp, std::log, std::sin, std::sqrt, std::tanh;
    switch (f) {
    case Function::exp: return exp(x);
    case Function::log: return log(x);
    case Function::sqrt: return sqrt(x);
    case Function::sin: return sin(x);
    case Function::cos: return cos(x);
    case Function::tanh: return tanh(x);
    case Function::sigmoid: return sigmoid(x);
    case Function::silu: return silu(x);
    case Function::gelu: return gelu(x);
    case Function::softplus: return softplus(x);
    case Function::erf: return erf(x);
    default: throw_unsupported<T>(f);
    }
}

template <TranscendentalScalar T>
T transcendental_slope(Function f, const T& x) {
    using std::cos, std::exp, std::sin, std::sqrt;
    switch (f) {
    case Function::exp: return exp(x);
    case Function::log: return T(1) / x;
    case Function::sqrt: return T(1) / (T(2) * sqrt(x));
    case Function::sin: return cos(x);
    case Function::cos: return -sin(x);
    case Function::tanh: return tanh_slope(x);
    case Function::sigmoid: return sigmoid_slope(x);
    case Function::silu: return silu_slope(x);
    case Function::gelu: return gelu_slope(x);
    case Function::softplus: return softplus_slope(x);
    case Function::erf: return erf_slope(x);
    default: throw_unsupported<T>(f);
    }
}

}  // namespace detail

/// f(x). Throws std::invalid_argument when the scalar has no such function (exact: all but identity and, if ordered, relu).
template <Scalar T>
T value(Function f, const T& x) {
    if (f == Function::identity) return x;
    if constexpr (OrderedScalar<T>)
        if (f == Function::relu) return relu(x);
    if constexpr (TranscendentalScalar<T>) return detail::transcendental_value(f, x);
    else detail::throw_unsupported<T>(f);
}

/// f'(x); relu'(0) = 0. Throws like value.
template <Scalar T>
T slope(Function f, const T& x) {
    if (f == Function::identity) return T(1);
    if constexpr (OrderedScalar<T>)
        if (f == Function::relu) return relu_slope(x);
    if constexpr (TranscendentalScalar<T>) return detail::transcendental_slope(f, x);
    else detail::throw_unsupported<T>(f);
}

/// y = f(x) and slope = f'(x); x may be either. Throws like value.
template <Scalar T>
void value_and_slope(Function f, const T& x, T& y, T& slope_out) {
    if constexpr (TranscendentalScalar<T>) {
        if (f == Function::silu) {  // the activation that networks spend their time in
            std::tie(y, slope_out) = silu_with_slope(x);
            return;
        }
    }
    const T argument = x;
    y = value(f, argument);
    slope_out = slope(f, argument);
}

/// y_i = f(x_i)
template <Scalar T>
void apply(Function f, std::size_t n, const T* x, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = value(f, x[i]);
}

/// y_i = f(x_i), slope_i = f'(x_i); y or slope may be x.
template <Scalar T>
void apply_with_slope(Function f, std::size_t n, const T* x, T* y, T* slope_out) {
    for (std::size_t i = 0; i < n; ++i) value_and_slope(f, x[i], y[i], slope_out[i]);
}

// y_i = a_i ∘ b_i, and the accumulating forms of reverse sweeps.
template <Scalar T>
void add(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}
template <Scalar T>
void sub(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = a[i] - b[i];
}
template <Scalar T>
void mul(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = a[i] * b[i];
}
template <Scalar T>
void div(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = a[i] / b[i];
}
template <Scalar T>
void mul_accumulate(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = y[i] + a[i] * b[i];
}
template <Scalar T>
void mul_subtract(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = y[i] - a[i] * b[i];
}
template <Scalar T>
void div_accumulate(std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = y[i] + a[i] / b[i];
}

// y = -x, y = c x, y += c x, y += x
template <Scalar T>
void negate(std::size_t n, const T* x, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = -x[i];
}
template <Scalar T>
void scale(std::size_t n, const T& c, const T* x, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = c * x[i];
}
template <Scalar T>
void axpy(std::size_t n, const T& c, const T* x, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = y[i] + c * x[i];
}
template <Scalar T>
void accumulate(std::size_t n, const T* x, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = y[i] + x[i];
}

/// y_bj = x_bj + row_j
template <Scalar T>
void add_row(std::size_t batch, std::size_t cols, const T* x, const T* row, T* y) {
    for (std::size_t b = 0; b < batch; ++b) add(cols, x + b * cols, row, y + b * cols);
}

/// y = a x + b
template <Scalar T>
void affine(std::size_t n, const T& a, const T* x, const T& b, T* y) {
    for (std::size_t i = 0; i < n; ++i) y[i] = a * x[i] + b;
}

/// y (+)= (a u + b v) + c
template <Scalar T>
void affine_pair(std::size_t n, const T& a, const T* u, const T& b, const T* v, const T& c, T* y, bool accumulate) {
    for (std::size_t i = 0; i < n; ++i) {
        const T term = (a * u[i] + b * v[i]) + c;
        y[i] = accumulate ? y[i] + term : term;
    }
}

}  // namespace costate::kernels::reference
