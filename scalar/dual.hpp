// Dual numbers a + bε with ε² = 0: one directional derivative beside the value, exactly; nested once more, second derivatives.
#pragma once

#include "scalar/expansion_point.hpp"

#include <compare>
#include <concepts>
#include <ostream>
#include <stdexcept>

namespace costate {

/// f(a + bε) = f(a) + f'(a) b ε. Equality compares both parts. Order compares the values alone, so that a program on dual numbers
/// takes the branches of the same program on its values; a ≤ b ≤ a therefore does not imply a == b.
template <class T>
struct Dual {
    T value = T(0);
    T tangent = T(0);

    Dual() = default;
    Dual(int a) : value(T(a)) {}
    Dual(const T& a) : value(a) {}
    Dual(const T& a, const T& b) : value(a), tangent(b) {}

    /// a + ε
    static Dual variable(const T& a) { return {a, T(1)}; }

    Dual& operator+=(const Dual& o) { return *this = *this + o; }
    Dual& operator-=(const Dual& o) { return *this = *this - o; }
    Dual& operator*=(const Dual& o) { return *this = *this * o; }
    Dual& operator/=(const Dual& o) { return *this = *this / o; }
    Dual operator-() const { return {-value, -tangent}; }
    [[nodiscard]] Dual scaled(const T& factor) const { return {value * factor, tangent * factor}; }
    [[nodiscard]] Dual over(const T& divisor) const { return {value / divisor, tangent / divisor}; }

    friend Dual operator+(const Dual& a, const Dual& b) { return {a.value + b.value, a.tangent + b.tangent}; }
    friend Dual operator-(const Dual& a, const Dual& b) { return {a.value - b.value, a.tangent - b.tangent}; }
    friend Dual operator*(const Dual& a, const Dual& b) { return {a.value * b.value, a.value * b.tangent + a.tangent * b.value}; }
    /// A divisor with value 0 is treated as T treats a division by 0.
    friend Dual operator/(const Dual& a, const Dual& b) {
        const T q = a.value / b.value;
        return {q, (a.tangent - q * b.tangent) / b.value};
    }

    // beside a dual number: constants, whatever T takes without a cast
    template <class U>
    static constexpr bool constant = std::convertible_to<U, T> && !std::same_as<U, Dual>;
    template <class U> requires constant<U> friend Dual operator+(Dual a, const U& b) { return a.value += T(b), a; }
    template <class U> requires constant<U> friend Dual operator+(const U& a, const Dual& b) { return {T(a) + b.value, b.tangent}; }
    template <class U> requires constant<U> friend Dual operator-(Dual a, const U& b) { return a.value -= T(b), a; }
    template <class U> requires constant<U> friend Dual operator-(const U& a, const Dual& b) { return T(a) + -b; }
    template <class U> requires constant<U> friend Dual operator*(const Dual& a, const U& b) { return a.scaled(T(b)); }
    template <class U> requires constant<U> friend Dual operator*(const U& a, const Dual& b) { return b.scaled(T(a)); }
    template <class U> requires constant<U> friend Dual operator/(const Dual& a, const U& b) { return a.over(T(b)); }
    template <class U> requires constant<U> friend Dual operator/(const U& a, const Dual& b) { return Dual(T(a)) / b; }

    friend bool operator==(const Dual& a, const Dual& b) { return a.value == b.value && a.tangent == b.tangent; }
    friend bool operator<(const Dual& a, const Dual& b) requires OrderedScalar<T> { return a.value < b.value; }
    friend bool operator>(const Dual& a, const Dual& b) requires OrderedScalar<T> { return a.value > b.value; }
    friend bool operator<=(const Dual& a, const Dual& b) requires OrderedScalar<T> { return a.value <= b.value; }
    friend bool operator>=(const Dual& a, const Dual& b) requires OrderedScalar<T> { return a.value >= b.value; }

    friend std::ostream& operator<<(std::ostream& out, const Dual& a) { return out << a.value << " + (" << a.tangent << ")e"; }
};

template <class T>
inline constexpr bool is_expansion<Dual<T>> = true;

/// 1/x exists when that of the value does.
template <class T>
bool is_unit(const Dual<T>& x) {
    return is_unit(x.value);
}

/// to_double is the value. `transcendental` is that of T: over an exact T the functions exist, but only at the point where they are
/// rational (as in Series).
template <class T>
struct ScalarTraits<Dual<T>> {
    static constexpr bool exact = ScalarTraits<T>::exact;
    static constexpr bool ordered = ScalarTraits<T>::ordered;
    static constexpr bool transcendental = ScalarTraits<T>::transcendental;
    static constexpr int digits10 = ScalarTraits<T>::digits10;
    static constexpr std::string_view name = "dual";
    static Dual<T> from_rational(const Rational& q) { return Dual<T>(ScalarTraits<T>::from_rational(q)); }
    static double to_double(const Dual<T>& x) requires requires { ScalarTraits<T>::to_double(x.value); } {
        return ScalarTraits<T>::to_double(x.value);
    }
};

namespace detail {
template <class T>
struct Constants<Dual<T>> : Constants<T> {};
}  // namespace detail

template <class T>
Dual<T> exp(const Dual<T>& x) {
    const T e = detail::point::exp(x.value);
    return {e, e * x.tangent};
}

template <class T>
Dual<T> log(const Dual<T>& x) {
    return {detail::point::log(x.value), x.tangent / x.value};
}

template <class T>
Dual<T> log1p(const Dual<T>& x) {
    return {detail::point::log1p(x.value), x.tangent / (T(1) + x.value)};
}

template <class T>
Dual<T> sqrt(const Dual<T>& x) {
    const T root = detail::point::sqrt(x.value);
    return {root, x.tangent / (root + root)};
}

template <class T>
Dual<T> sin(const Dual<T>& x) {
    return {detail::point::sin(x.value), detail::point::cos(x.value) * x.tangent};
}

template <class T>
Dual<T> cos(const Dual<T>& x) {
    return {detail::point::cos(x.value), -detail::point::sin(x.value) * x.tangent};
}

template <class T>
Dual<T> tanh(const Dual<T>& x) {
    return {detail::point::tanh(x.value), detail::point::tanh_slope(x.value) * x.tangent};
}

template <class T>
Dual<T> sigmoid(const Dual<T>& x) {
    const T s = detail::point::sigmoid(x.value);
    return {s, s * detail::point::sigmoid(T(-x.value)) * x.tangent};
}

/// erf'(a) = 2/√π e^(-a²), irrational everywhere: not for exact scalars.
template <class T>
Dual<T> erf(const Dual<T>& x) {
    require_transcendental<Dual<T>>();
    if constexpr (TranscendentalScalar<T>) {
        using std::erf;
        return {T(erf(x.value)), T(erf_slope(x.value) * x.tangent)};
    } else {
        return x;
    }
}

template <class T>
Dual<T> erfc(const Dual<T>& x) {
    require_transcendental<Dual<T>>();
    if constexpr (TranscendentalScalar<T>) {
        using std::erfc;
        return {T(erfc(x.value)), T(-erf_slope(x.value) * x.tangent)};
    } else {
        return x;
    }
}

/// relu' at the kink is relu_slope's choice, 0, whatever the direction.
template <class T>
Dual<T> relu(const Dual<T>& x) {
    require_ordered<Dual<T>>();
    if constexpr (OrderedScalar<T>) {
        return {relu(x.value), relu_slope(x.value) * x.tangent};
    } else {
        return x;
    }
}

}  // namespace costate
