// Paths with irrational coefficients: cosine, VP and VE (Song et al. 2021), and EDM's polynomial of degree two.
#pragma once

#include "guidance/paths/numbers.hpp"
#include "scalar/rational.hpp"

#include <string_view>

namespace costate::guidance {

/// α = sin πt/2, σ = cos πt/2, written sin π(1-t)/2 so that it keeps its digits at t = 1.
struct CosinePath {
    static constexpr std::string_view name = "cosine";
    static constexpr bool transcendental = true, has_sigma = true;

    template <class T> T alpha(const T& t) const { return sine(t); }
    template <class T> T alpha_dot(const T& t) const { return half_pi<T>() * sine(T(T(1) - t)); }
    template <class T> T sigma(const T& t) const { return sine(T(T(1) - t)); }
    template <class T> T sigma_dot(const T& t) const { return -half_pi<T>() * sine(t); }
    template <class T> T sigma2(const T& t) const { return sigma(t) * sigma(t); }
    template <class T> T sigma2_dot(const T& t) const { return T(2) * sigma(t) * sigma_dot(t); }
    template <class T> T time_of_ratio(const T& r) const { return T(1) - detail::arc_tangent(r) / half_pi<T>(); }

private:
    template <class T> static T half_pi() { return detail::Pi<T>::value() / T(2); }
    template <class T> static T sine(const T& t) {
        using std::sin;
        return sin(T(half_pi<T>() * t));
    }
};

/// α = e^(-T/2), σ² = 1 - e^(-T), T = ½(1-t)²(B - b) + (1-t) b.
struct Vp {
    static constexpr std::string_view name = "vp";
    static constexpr bool transcendental = true, has_sigma = false;
    Rational b = ratio(1, 10), B = ratio(20);

    template <class T> T alpha(const T& t) const {
        using std::exp;
        return exp(T(-integral(t) / T(2)));
    }
    template <class T> T alpha_dot(const T& t) const { return rate(t) * alpha(t) / T(2); }
    template <class T> T sigma2(const T& t) const { return detail::one_minus_exp_minus(integral(t)); }
    template <class T> T sigma2_dot(const T& t) const {
        using std::exp;
        return -rate(t) * exp(T(-integral(t)));
    }
    /// T = log(1 + r²), then the root of ½s²(B - b) + s b = T in the form that does not cancel, t = 1 - s.
    template <class T> T time_of_ratio(const T& r) const {
        using std::log1p;
        const T T_of_r = log1p(T(r * r)), low = from_rational<T>(b), rise = from_rational<T>(Rational(B - b));
        return T(1) - T(2) * T_of_r / (low + detail::root(T(low * low + T(2) * rise * T_of_r)));
    }

private:
    // T(t)
    template <class T> T integral(const T& t) const {
        const T s = T(1) - t;
        return s * (s * from_rational<T>(Rational((B - b) / 2)) + from_rational<T>(b));
    }
    // β = -T'(t)
    template <class T> T rate(const T& t) const { return (T(1) - t) * from_rational<T>(Rational(B - b)) + from_rational<T>(b); }
};

/// α = 1, σ = σ_max^(1-t) σ_min^t.
struct Ve {
    static constexpr std::string_view name = "ve";
    static constexpr bool transcendental = true, has_sigma = true;
    Rational sigma_max = ratio(10), sigma_min = ratio(1, 100);

    template <class T> T alpha(const T&) const { return T(1); }
    template <class T> T alpha_dot(const T&) const { return T(0); }
    template <class T> T sigma(const T& t) const {
        using std::exp;
        return from_rational<T>(sigma_min) * exp(T((T(1) - t) * log_range<T>()));
    }
    template <class T> T sigma_dot(const T& t) const { return -log_range<T>() * sigma(t); }
    template <class T> T sigma2(const T& t) const { return sigma(t) * sigma(t); }
    template <class T> T sigma2_dot(const T& t) const { return T(2) * sigma(t) * sigma_dot(t); }
    template <class T> T time_of_ratio(const T& r) const {
        using std::log;
        return T(1) - log(T(r / from_rational<T>(sigma_min))) / log_range<T>();
    }

private:
    // log(σ_max/σ_min)
    template <class T> T log_range() const {
        using std::log;
        return log(from_rational<T>(Rational(sigma_max / sigma_min)));
    }
};

/// α² = (1-2q) A² + q, A = 1 - s², s = 1 - t;  σ² = 1 - α² = q + (1-2q) s²(2 - s²), a sum of positive terms.
struct EdmPoly2 {
    static constexpr std::string_view name = "edm";
    static constexpr bool transcendental = true, has_sigma = false;
    Rational q = ratio(1, 100000);

    template <class T> T alpha(const T& t) const {
        const T a = ramp(t);
        return detail::root(T(slope<T>() * a * a + from_rational<T>(q)));
    }
    template <class T> T alpha_dot(const T& t) const { return T(2) * slope<T>() * ramp(t) * (T(1) - t) / alpha(t); }
    template <class T> T sigma2(const T& t) const {
        const T s2 = (T(1) - t) * (T(1) - t);
        return from_rational<T>(q) + slope<T>() * s2 * (T(2) - s2);
    }
    template <class T> T sigma2_dot(const T& t) const { return T(-4) * slope<T>() * ramp(t) * (T(1) - t); }
    /// 1 - A² = (r²/(1+r²) - q)/(1-2q), s² = (1 - A²)/(1 + A), t = 1 - s. dt/dr is infinite at t = 1.
    /// Throws std::domain_error for r below that of t = 1.
    template <class T> T time_of_ratio(const T& r) const {
        const T q_ = from_rational<T>(q), r2 = r * r;
        const T rest = detail::not_negative<T>((r2 / (T(1) + r2) - q_) / slope<T>(), q_ / T(1000),
                                               "time_of_ratio: r is below sigma/alpha at t = 1 of edm; give r at least that");
        const T a = detail::root(T(T(1) - rest));
        return T(1) - detail::root(T(rest / (T(1) + a)));
    }

private:
    template <class T> static T ramp(const T& t) { return t * (T(2) - t); }
    template <class T> T slope() const { return from_rational<T>(Rational(1 - 2 * q)); }
};

}  // namespace costate::guidance
