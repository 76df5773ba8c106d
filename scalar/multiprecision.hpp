// Binary floating point at 50 and 100 decimal digits (MPFR): the scalars of the truth and of certified slopes.
#pragma once

#include <boost/multiprecision/mpfr.hpp>

namespace costate {

// Stack allocation and no expression templates: measured fastest, and safe inside containers and with `auto`.
template <unsigned Digits>
using Mpfr = boost::multiprecision::number<
    boost::multiprecision::mpfr_float_backend<Digits, boost::multiprecision::allocate_stack>,
    boost::multiprecision::et_off>;

using Mpfr50 = Mpfr<50>;
using Mpfr100 = Mpfr<100>;

}  // namespace costate

// Argument-dependent lookup searches the namespace of the number. Boost's own templates of these names go through its generic
// series (a few units in the last place, errno on overflow); MPFR rounds correctly and knows infinities and NaN.
namespace boost::multiprecision {

/// erf x, correctly rounded.
template <unsigned Digits>
costate::Mpfr<Digits> erf(const costate::Mpfr<Digits>& x) {
    costate::Mpfr<Digits> y;
    mpfr_erf(y.backend().data(), x.backend().data(), MPFR_RNDN);
    return y;
}

/// 1 - erf x, correctly rounded: full relative accuracy in the right tail.
template <unsigned Digits>
costate::Mpfr<Digits> erfc(const costate::Mpfr<Digits>& x) {
    costate::Mpfr<Digits> y;
    mpfr_erfc(y.backend().data(), x.backend().data(), MPFR_RNDN);
    return y;
}

/// log(1 + x), correctly rounded.
template <unsigned Digits>
costate::Mpfr<Digits> log1p(const costate::Mpfr<Digits>& x) {
    costate::Mpfr<Digits> y;
    mpfr_log1p(y.backend().data(), x.backend().data(), MPFR_RNDN);
    return y;
}

}  // namespace boost::multiprecision
