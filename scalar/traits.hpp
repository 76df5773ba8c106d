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

// q rounded to odd at 50 digits: truncated, and where that lost something the last bit is set. A later rounding to nearest with
// at least two bits less then sees on which side of a tie q lies, so the two roundings together are one correct rounding
// (Boldo & Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008).
inline Mpfr50 round_to_odd(const Rational& q) {
    Mpfr50 x;
    auto* data = x.backend().data();
    const int side = mpfr_set_q(data, q.backend().data(), MPFR_RNDZ);
    const bool last_bit = mpfr_min_prec(data) == mpfr_get_prec(data);
    if (side != 0 && !last_bit) {
        if (side < 0) mpfr_nextabove(data);
        else mpfr_nextbelow(data);
    }
    return x;
}
}  // namespace detail

template <std::floating_point T>
struct ScalarTraits<T> : detail::FloatingTraits {
    static constexpr int digits10 = std::numeric_limits<T>::digits10;
    static constexpr std::string_view name = sizeof(T) == 4 ? "f32" : sizeof(T) == 8 ? "f64" : "f80";
    /// The nearest value, ties to even, subnormal and overflowing results included.
    static T from_rational(const Rational& q) {
        const Mpfr50 x = detail::round_to_odd(q);
        if constexpr (std::same_as<T, float>) return mpfr_get_flt(x.backend().data(), MPFR_RNDN);
        else if constexpr (std::same_as<T, double>) return mpfr_get_d(x.backend().data(), MPFR_RNDN);
        else return mpfr_get_ld(x.backend().data(), MPFR_RNDN);
    }
    static double to_double(T x) { return static_cast<double>(x); }
};

template <unsigned Digits>
struct ScalarTraits<Mpfr<Digits>> : detail::FloatingTraits {
    static constexpr int digits10 = static_cast<int>(Digits);
    static constexpr std::string_view name = Digits == 50 ? "mpfr50" : Digits == 100 ? "mpfr100" : "mpfr";
    static Mpfr<Digits> from_rational(const Rational& q) {
        Mpfr<Digits> x;
        mpfr_set_q(x.backend().data(), q.backend().data(), MPFR_RNDN);
        return x;
    }
    static double to_double(const Mpfr<Digits>& x) { return static_cast<double>(x); }
};

template <>
struct ScalarTraits<Rational> : detail::ExactTraits {
    static constexpr bool ordered = true;
    static constexpr std::string_view name = "rational";
    static Rational from_rational(const Rational& q) { return q; }
    static double to_double(const Rational& q) { return ScalarTraits<double>::from_rational(q); }
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

/// The one message for a transcendental function of a scalar that has none; the compiler names T beside it.
template <class T>
constexpr void require_transcendental() {
    static_assert(TranscendentalScalar<T>,
                  "this scalar is exact (Rational, PrimeField or built on them) and has no exp, log, sqrt, sin, cos, tanh, erf "
                  "or activation made of them: compute in float, double, long double or Mpfr<Digits>, or expand about 0 in "
                  "Series<Rational, N>");
}

/// The one message for a comparison in a scalar that has no order.
template <class T>
constexpr void require_ordered() {
    static_assert(OrderedScalar<T>,
                  "this scalar (PrimeField or built on it) has no order, so it has no relu and no comparison: compute in "
                  "Rational or in a floating-point scalar");
}

namespace detail {
template <class T>
T unsupported(const T& x) {
    require_transcendental<T>();
    return x;
}
template <boost::multiprecision::expression_template_option E>
using AnyRational = boost::multiprecision::number<boost::multiprecision::gmp_rational, E>;
}  // namespace detail

// `using std::exp; exp(x)` in an exact scalar ends here, in the message above. Templates, so that only a call is an error.
// clang-format off
template <std::same_as<PrimeField> T> T exp(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T log(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T log1p(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T sqrt(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T sin(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T cos(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T tanh(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T erf(const T& x) { return detail::unsupported(x); }
template <std::same_as<PrimeField> T> T erfc(const T& x) { return detail::unsupported(x); }
// clang-format on

}  // namespace costate

// For ℚ lookup goes to the namespace of the number; a fixed backend is more special than Boost's templates and wins over them.
namespace boost::multiprecision {
template <expression_template_option E>
costate::detail::AnyRational<E> exp(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> log(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> log1p(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> sqrt(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> sin(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> cos(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> tanh(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> erf(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
template <expression_template_option E>
costate::detail::AnyRational<E> erfc(const costate::detail::AnyRational<E>& x) {
    return costate::detail::unsupported(x);
}
}  // namespace boost::multiprecision
