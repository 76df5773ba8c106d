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
