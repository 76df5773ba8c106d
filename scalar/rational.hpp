// ℚ, the exact rationals: the scalar in which equalities of methods are tested with ==.
#pragma once

#include <boost/multiprecision/gmp.hpp>

#include <cstdint>

namespace costate {

/// Arbitrary-precision rational number (GMP), expression templates off so that `auto` is safe.
using Rational = boost::multiprecision::number<boost::multiprecision::gmp_rational, boost::multiprecision::et_off>;

/// numerator / denominator in lowest terms; the denominator must not be 0.
inline Rational ratio(std::int64_t numerator, std::int64_t denominator = 1) {
    return Rational(numerator) / Rational(denominator);
}

}  // namespace costate
