// measured = expected: == in exact scalars, to 38 digits at 50.
#pragma once

#include "claims/claim.hpp"
#include "claims/measure/slope.hpp"
#include "scalar/traits.hpp"

#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

/// ‖a - b‖/‖b‖
template <class C>
double relative_difference(const std::vector<C>& a, const std::vector<C>& b) {
    std::vector<Mpfr50> difference, scale;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference.push_back(Mpfr50(C(a[i] - b[i])));
        scale.push_back(Mpfr50(b[i]));
    }
    return ScalarTraits<Mpfr50>::to_double(Mpfr50(norm(difference) / norm(scale)));
}

/// The finding that two vectors of C are equal.
template <class C>
Finding equality(std::string name, std::string predicted, const std::vector<C>& measured, const std::vector<C>& expected) {
    constexpr bool exact = ScalarTraits<C>::exact;
    const double gap = relative_difference(measured, expected);
    const bool equal = exact ? measured == expected : gap < 1e-38;
    return {std::move(name), std::move(predicted), !equal ? "differs by " + number(100 * gap, 4) + " % of it" : exact ? "equal" : "equal, relative difference " + number(gap, 2),
            exact ? "exact" : "error below 1e-38", exact ? Proof::exact : Proof::bound, equal};
}

}  // namespace costate::claims
