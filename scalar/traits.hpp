// What a scalar can do. Generic code asks these traits; it never names a scalar type.
#pragma once

#include "scalar/multiprecision.hpp"
#include "scalar/prime_field.hpp"
#include "scalar/rational.hpp"

#include <concepts>
#include <limits>
#include <string_view>

namespace costate {

/// Specialised once a scalar:
///   exact           == is meaningful (ℚ, ℤ/p, and what is built on them)
///   ordered         <, <=, >, >= exist
///   transcendental  exp, log, sqrt, sin, cos, tanh, erf exist
///   digits10        decimal digits carried (0 for exact scalars)
///   name            for messages
///   from_rational   the nearest (or the exact) value of a rational number
///   to_double       nearest double, for reports (only where that has a meaning)
template <class T>
struct ScalarTraits;  // no general definition: an unknown scalar is a compile-time error here

namespace detail {
struct FloatingTraits {
    static constexpr bool exact = false, ordered = true, transcendental = true;
};
struct ExactTraits {
    static constexpr bool exact = true, transcendental = false;
    static constexpr int digits10 = 0;
};
}  // namespace detail

template <std::floating_point T>
struct ScalarTraits<T> : detail::FloatingTraits {
    static constexpr int digits10 = std::numeric_limits<T>::digits10;
    static constexpr std::string_view name = sizeof(T) == 4 ? "f32" : sizeof(T) == 8 ? "f64" : "f80";
    // through 50 digits: gmp's own conversion truncates
    static T from_rational(const Rational& q) { return static_cast<T>(static_cast<Mpfr50>(q)); }
    static double to_double(T x) { return static_cast<double>(x); }
};

template <unsigned Digits>
struct ScalarTraits<Mpfr<Digits>> : detail::FloatingTraits {
    static constexpr int digits10 = static_cast<int>(Digits);
    static constexpr std::string_view name = Digits == 50 ? "mpfr50" : Digits == 100 ? "mpfr100" : "mpfr";
    static Mpfr<Digits> from_rational(const Rational& q) { return static_cast<Mpfr<Digits>>(q); }
    static double to_double(const Mpfr<Digits>& x) { return static_cast<double>(x); }
};

template <>
struct ScalarTraits<Rational> : detail::ExactTraits {
    static constexpr bool ordered = true;
    static constexpr std::string_view name = "rational";
    static Rational from_rational(const Rational& q) { return q; }
    static double to_double(const Rational& q) { return static_cast<double>(static_cast<Mpfr50>(q)); }
};

template <>
struct ScalarTraits<PrimeField> : detail::ExactTraits {
    static constexpr bool ordered = false;
    static constexpr std::string_view name = "prime-field";
    /// Throws std::domain_error when the denominator is a multiple of 2⁶¹ - 1.
    static PrimeField from_rational(const Rational& q) {
        using Integer = boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;
        const auto reduce = [](Integer n) {
            const Integer p = PrimeField::modulus;
            n %= p;
            if (n < 0) n += p;
            return PrimeField::from_residue(static_cast<std::uint64_t>(n));
        };
        return reduce(static_cast<Integer>(numerator(q))) / reduce(static_cast<Integer>(denominator(q)));
    }
};

/// A commutative ring with division that the engine computes in.
template <class T>
concept Scalar = requires(T a, const T b) {
    { ScalarTraits<T>::exact } -> std::convertible_to<bool>;
    { a + b } -> std::convertible_to<T>;
    { a - b } -> std::convertible_to<T>;
    { a * b } -> std::convertible_to<T>;
    { a / b } -> std::convertible_to<T>;
    { -b } -> std::convertible_to<T>;
    a += b;
    T(0);
};
template <class T>
concept ExactScalar = Scalar<T> && ScalarTraits<T>::exact;
template <class T>
concept OrderedScalar = Scalar<T> && ScalarTraits<T>::ordered;
template <class T>
concept TranscendentalScalar = Scalar<T> && ScalarTraits<T>::transcendental;

/// The value of q in the scalar T: exact where T can hold it, nearest otherwise.
template <Scalar T>
T from_rational(const Rational& q) {
    return ScalarTraits<T>::from_rational(q);
}

}  // namespace costate
