// π, 1 - e^(-x), √x and atan x for every scalar a path is evaluated in: floating point, multiprecision, and expansions of them.
#pragma once

#include "scalar/dual.hpp"
#include "scalar/series_functions.hpp"

#include <cmath>
#include <concepts>
#include <numbers>
#include <stdexcept>

namespace costate::guidance::detail {

/// π in the innermost scalar of T. Exact scalars have none: std::domain_error.
template <class T>
struct Pi {
    static T value() {
        throw std::domain_error("pi is irrational: evaluate this path in a floating-point scalar, not in an exact one");
    }
};
template <std::floating_point T>
struct Pi<T> {
    static T value() { return std::numbers::pi_v<T>; }
};
template <unsigned Digits>
struct Pi<Mpfr<Digits>> {
    static Mpfr<Digits> value() {
        Mpfr<Digits> pi;
        mpfr_const_pi(pi.backend().data(), MPFR_RNDN);
        return pi;
    }
};
template <class T>
struct Pi<Dual<T>> {
    static Dual<T> value() { return Dual<T>(Pi<T>::value()); }
};
template <class T, std::size_t N>
struct Pi<Series<T, N>> {
    static Series<T, N> value() { return Series<T, N>(Pi<T>::value()); }
};

/// 1 - e^(-x) = 2τ/(1 + τ) with τ = tanh(x/2): no subtraction, so relative accuracy for every x ≥ 0, and 0 at 0.
template <class T>
T one_minus_exp_minus(const T& x) {
    using std::tanh;
    const T tau = tanh(x / T(2));
    return (tau + tau) / (T(1) + tau);
}

/// √x. A rational has one when numerator and denominator are squares; anything else exact throws std::domain_error.
template <class T>
T root(const T& x) {
    if constexpr (TranscendentalScalar<T>) {
        using std::sqrt;
        return sqrt(x);
    } else {
        throw std::domain_error("sigma is a square root and this scalar has none: use cond-ot or polynomial, or a rational scalar");
    }
}
template <>
inline Rational root(const Rational& x) {
    using Integer = boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;
    const Integer above = numerator(x), below = denominator(x);
    if (above >= 0) {
        const Integer a = sqrt(above), b = sqrt(below);
        if (a * a == above && b * b == below) return Rational(a) / Rational(b);
    }
    throw std::domain_error("sqrt(" + x.str() + ") is irrational: choose a time at which sigma is rational, such as 3/5 on linear-vp");
}
/// √(a + bε) = √a + b/(2√a) ε
template <class T>
Dual<T> root(const Dual<T>& x) {
    const T value = root(x.value);
    return {value, x.tangent / (value + value)};
}
/// √u = √u₀ √(u/u₀): the constant term may be any square. Throws std::domain_error for u₀ = 0.
template <class T, std::size_t N>
Series<T, N> root(const Series<T, N>& u) {
    if (!is_unit(u[0])) return sqrt(u);
    return sqrt(u / u[0]) * root(u[0]);
}

template <class T>
T arc_tangent(const T& x) {
    if constexpr (TranscendentalScalar<T>) {
        using std::atan;
        return atan(x);
    } else {
        throw std::domain_error("atan is irrational: evaluate this path in a floating-point scalar, not in an exact one");
    }
}
template <class T>
Dual<T> arc_tangent(const Dual<T>& x) {
    return {arc_tangent(x.value), x.tangent / (T(1) + x.value * x.value)};
}
/// v' = u'/(1 + u²)
template <class T, std::size_t N>
Series<T, N> arc_tangent(const Series<T, N>& u) {
    return (u.derivative() / (T(1) + u * u)).integral() + arc_tangent(u[0]);
}

/// A root's argument that rounding may have pushed below 0: 0 there, and std::domain_error when it is further below than `slack`.
template <class T>
T not_negative(const T& x, const T& slack, const char* sentence) {
    if constexpr (OrderedScalar<T>) {
        if (x < -slack) throw std::domain_error(sentence);
        if (x < T(0)) return T(0);
    }
    return x;
}

}  // namespace costate::guidance::detail
