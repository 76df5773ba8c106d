// A path of one's own behind one type: Taylor coefficients of α and σ in the scalars that are no expansions, from which every other scalar follows.
#pragma once

#include "guidance/paths/numbers.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>

namespace costate::guidance {

namespace detail {

// T as an expansion over Base: t = constant(t) + δ with δ^terms = 0.
template <class T>
struct ExpansionOf {
    using Base = T;
    static constexpr std::size_t terms = 1;
    static const Base& constant(const T& t) { return t; }
    static T lift(const Base& c) { return c; }
};
template <class T>
struct ExpansionOf<Dual<T>> {
    using Inner = ExpansionOf<T>;
    using Base = typename Inner::Base;
    static constexpr std::size_t terms = Inner::terms + 1;
    static const Base& constant(const Dual<T>& t) { return Inner::constant(t.value); }
    static Dual<T> lift(const Base& c) { return Dual<T>(Inner::lift(c)); }
};
template <class T, std::size_t N>
struct ExpansionOf<Series<T, N>> {
    using Inner = ExpansionOf<T>;
    using Base = typename Inner::Base;
    static constexpr std::size_t terms = Inner::terms + N - 1;
    static const Base& constant(const Series<T, N>& t) { return Inner::constant(t[0]); }
    static Series<T, N> lift(const Base& c) { return Series<T, N>(Inner::lift(c)); }
};

// How many coefficients are asked for: a value and its derivative, the same along a dual number, and expansions up to h⁹.
inline constexpr std::array<std::size_t, 3> taylor_sizes{2, 3, 10};
constexpr std::size_t taylor_size(std::size_t terms) {
    for (const std::size_t size : taylor_sizes)
        if (size >= terms) return size;
    return 0;
}

// Σ c_k δᵏ and its derivative, k < terms + 1
template <class T, class Base>
std::pair<T, T> summed(std::span<const Base> c, std::size_t terms, const T& delta) {
    const auto lift = [](const Base& value) { return ExpansionOf<T>::lift(value); };
    T sum = lift(c[terms - 1]), slope(0);
    for (std::size_t k = terms; k > 0; --k) slope = slope * delta + lift(Base(static_cast<int>(k)) * c[k]);
    for (std::size_t k = terms - 1; k > 0; --k) sum = sum * delta + lift(c[k - 1]);
    return {sum, slope};
}

}  // namespace detail

/// α, α', and (s, s') = (σ, σ') or (σ², (σ²)') at one time.
template <class T>
struct OwnValues {
    T alpha, alpha_dot, s, s_dot;
};

/// A value that shares its formulas, which never change, with its copies; made and checked by own_path (guidance/paths/own_path.hpp).
class OwnPath {
public:
    /// (t, a, s): a and s become the coefficients of α(t + h) and σ(t + h), or σ²(t + h), as many as fit; one of detail::taylor_sizes.
    template <class T>
    using Taylor = std::function<void(const T& t, std::span<T> a, std::span<T> s)>;
    using Formulas = std::tuple<Taylor<float>, Taylor<double>, Taylor<long double>, Taylor<Mpfr50>, Taylor<Mpfr100>, Taylor<Rational>, Taylor<PrimeField>>;

    std::string name;
    bool has_sigma, transcendental;

    OwnPath(std::string called, bool gives_sigma, bool irrational, Formulas formulas)
        : name(std::move(called)), has_sigma(gives_sigma), transcendental(irrational), formulas_(std::make_shared<const Formulas>(std::move(formulas))) {}

    /// Throws std::domain_error beyond h⁹, and what the formulas throw.
    template <class T>
    [[nodiscard]] OwnValues<T> values(const T& t) const;
    /// The t in [0, 1], or a rounding beyond, at which σ/α = r, by Newton's method. Throws std::domain_error where there is none, and in exact scalars where it is irrational.
    template <class T>
    [[nodiscard]] T time_of_ratio(const T& r) const;
    /// σ - rα or σ² - r²α², which is 0 at that t, and its derivative in t.
    template <class T>
    [[nodiscard]] std::pair<T, T> miss(const T& t, const T& r) const;

private:
    std::shared_ptr<const Formulas> formulas_;
};

namespace detail {
/// Only for the scalars of OwnPath::Formulas.
template <class T>
T own_time_of_ratio(const OwnPath& path, const T& r);
extern template float own_time_of_ratio<float>(const OwnPath&, const float&);
extern template double own_time_of_ratio<double>(const OwnPath&, const double&);
extern template long double own_time_of_ratio<long double>(const OwnPath&, const long double&);
extern template Mpfr50 own_time_of_ratio<Mpfr50>(const OwnPath&, const Mpfr50&);
extern template Mpfr100 own_time_of_ratio<Mpfr100>(const OwnPath&, const Mpfr100&);
template <>
Rational own_time_of_ratio<Rational>(const OwnPath& path, const Rational& r);
template <>
PrimeField own_time_of_ratio<PrimeField>(const OwnPath& path, const PrimeField& r);
}  // namespace detail

template <class T>
OwnValues<T> OwnPath::values(const T& t) const {
    using In = detail::ExpansionOf<T>;
    using Base = typename In::Base;
    constexpr std::size_t size = detail::taylor_size(In::terms + 1);
    if constexpr (size == 0) {
        throw std::domain_error("path " + name + " is expanded up to h^9 and more is asked for; take a shorter series");
    } else {
        std::array<Base, size> a, s;
        std::get<Taylor<Base>>(*formulas_)(In::constant(t), a, s);
        if constexpr (In::terms == 1) {
            return {a[0], a[1], s[0], s[1]};
        } else {
            const T delta = t - In::lift(In::constant(t));
            const auto [alpha, alpha_dot] = detail::summed<T, Base>(a, In::terms, delta);
            const auto [s_sum, s_dot] = detail::summed<T, Base>(s, In::terms, delta);
            return {alpha, alpha_dot, s_sum, s_dot};
        }
    }
}

template <class T>
std::pair<T, T> OwnPath::miss(const T& t, const T& r) const {
    const OwnValues<T> v = values(t);
    if (has_sigma) return {v.s - r * v.alpha, v.s_dot - r * v.alpha_dot};
    const T r2a = r * r * v.alpha;
    return {v.s - r2a * v.alpha, v.s_dot - T(2) * r2a * v.alpha_dot};
}

// Every step of Newton's method doubles the number of coefficients that are right.
template <class T>
T OwnPath::time_of_ratio(const T& r) const {
    using In = detail::ExpansionOf<T>;
    T t = In::lift(detail::own_time_of_ratio<typename In::Base>(*this, In::constant(r)));
    for (std::size_t right = 1; right < In::terms; right *= 2) {
        const auto [value, slope] = miss<T>(t, r);
        if (!is_unit(slope))
            throw std::domain_error("the time at which sigma/alpha = r has no power series in r on path " + name + " there; start elsewhere, or give its sigma in place of sigma2");
        t = t - value / slope;
    }
    return t;
}

}  // namespace costate::guidance
