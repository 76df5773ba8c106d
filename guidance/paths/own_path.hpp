// A path of one's own from two formulas: α, and σ or σ². Derivatives, expansions and the time of a ratio are computed from them.
#pragma once

#include "guidance/paths/path.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace costate::guidance {

/// π in the scalar T, or in that of an expansion. Throws std::domain_error in exact scalars.
template <class T>
T pi() {
    return detail::Pi<T>::value();
}

namespace detail {

using FormulaScalar = Series<double, 2>;
template <class P>
concept HasName = requires(const P& p) { std::string(std::string_view(p.name)); };
template <class P>
concept HasAlpha = requires(const P& p, const FormulaScalar& t) { static_cast<FormulaScalar>(p.alpha(t)); };
template <class P>
concept HasSigma = requires(const P& p, const FormulaScalar& t) { static_cast<FormulaScalar>(p.sigma(t)); };
template <class P>
concept HasSigma2 = requires(const P& p, const FormulaScalar& t) { static_cast<FormulaScalar>(p.sigma2(t)); };

template <class T, std::size_t N, class P>
void expand(const P& p, const T& t, std::span<T> a, std::span<T> s) {
    using S = Series<T, N>;
    const auto copy = [](const S& from, std::span<T> to) { std::copy_n(from.coefficients().begin(), N, to.begin()); };
    const S at = S(t) + S::variable();
    copy(static_cast<S>(p.alpha(at)), a);
    if constexpr (HasSigma<P>) copy(static_cast<S>(p.sigma(at)), s);
    else copy(static_cast<S>(p.sigma2(at)), s);
}

template <class T, class P>
OwnPath::Taylor<T> taylor(const P& p) {
    static_assert(taylor_sizes == std::array<std::size_t, 3>{2, 3, 10});
    return [p](const T& t, std::span<T> a, std::span<T> s) {
        if (a.size() == 2) expand<T, 2>(p, t, a, s);
        else if (a.size() == 3) expand<T, 3>(p, t, a, s);
        else expand<T, 10>(p, t, a, s);
    };
}

/// The path with its name and its formulas checked; the errors are those of own_path.
AnyPath checked(OwnPath path);

}  // namespace detail

/// The path of a struct P with
///   name              how it is told: letters, digits and any of -_.:/+, not the name of a path of the library
///   alpha(t)          α, positive after t = 0
///   sigma(t)          σ, where it is as smooth as α; otherwise
///   sigma2(t)         σ², where σ is a root whose derivative is infinite at σ = 0
/// Both functions take power series over any scalar, as `template <class T> T alpha(const T& t) const` or `auto alpha(const auto& t) const`: they are
/// written with + - * /, whole numbers, from_rational<T>(ratio(1, 3)), pi<T>() and exp, log, log1p, sqrt, sin, cos, tanh, without std::. P is copied.
/// A path whose values are irrational at rational times is known by that: exact scalars then refuse it as they do cosine.
/// Throws std::invalid_argument in one sentence, naming the path and what is wrong, where name, α or σ are not as said, where one of them has no
/// expansion in [0, 1], where σ/α does not decrease from t = 0 to t = 1, and where σ₁ = 0 or α₁ = 1 holds up to rounding only. What [0, 1] holds is
/// looked at in 33 points, at 50 digits.
template <class P>
AnyPath own_path(const P& p) {
    static_assert(detail::HasName<P>, "a path of your own has a name: static constexpr std::string_view name = \"my-path\";");
    static_assert(detail::HasAlpha<P>, "a path of your own has alpha: auto alpha(const auto& t) const { return ...; }, for power series in t");
    static_assert(detail::HasSigma<P> || detail::HasSigma2<P>,
                  "a path of your own has sigma or sigma2: auto sigma(const auto& t) const { return ...; }, for power series in t");
    return detail::checked(OwnPath(std::string(std::string_view(p.name)), detail::HasSigma<P>, false,
                                   {detail::taylor<float>(p), detail::taylor<double>(p), detail::taylor<long double>(p), detail::taylor<Mpfr50>(p),
                                    detail::taylor<Mpfr100>(p), detail::taylor<Rational>(p), detail::taylor<PrimeField>(p)}));
}

}  // namespace costate::guidance
