// Two routes to one vector: equal in ℚ over a few steps and in ℤ/p over many, or at 50 digits.
#pragma once

#include "claims/classics/common.hpp"
#include "scalar/prime_field.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <vector>

namespace costate::claims::classical {

/// In exact arithmetic ==; at 50 digits to 1e-40 of b.
template <class T>
bool equal(const std::vector<T>& a, const std::vector<T>& b) {
    if constexpr (ScalarTraits<T>::exact) return a == b;
    else return a.size() == b.size() && distance(a, b) <= Mpfr50("1e-40") * norm(b);
}

/// In ℚ a finding stays as it is; at 50 digits it is a bound.
template <class T>
Finding in_scalar(Finding finding) {
    if constexpr (!ScalarTraits<T>::exact) {
        finding.uncertainty = "rounding below 1e-40";
        finding.proof = Proof::bound;
    }
    return finding;
}

/// A derivative along ε against the one that values alone give, `where` says of what: in exact arithmetic ==, at 50 digits to 1e-40.
template <class C>
Finding derivative_finding(const std::string& name, const std::string& where, const C& found, const C& expected) {
    const std::string predicted = fmt::format(R"($\frac{{d\ell}}{{d\varepsilon}} = {}$ {})", shown(expected), where);
    return in_scalar<C>(equality(name, predicted, fmt::format("${}$", shown(found)), equal<C>({found}, {expected})));
}

/// What was found in ℚ over `few` steps and in ℤ/p over `many`; `off`, how far the two are apart, relative, where it is known.
Finding in_both(const std::string& name, const std::string& what, bool in_q, std::size_t few, bool in_p, std::size_t many, double off = 0);
/// " by 6.25 % of it", or nothing where nothing is known.
std::string by_how_much(double off);

}  // namespace costate::claims::classical
