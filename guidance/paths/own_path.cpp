#include "guidance/paths/own_path.hpp"

#include <exception>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace costate::guidance {

namespace {

using Integer = boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;

template <class T>
T magnitude(const T& x) {
    return x < T(0) ? T(-x) : x;
}

// The first convergent of t's continued fraction within 10⁻⁹⁰: t itself when its denominator has less than 45 digits.
Rational simplest(const Mpfr100& t) {
    Rational exact;
    mpfr_get_q(exact.backend().data(), t.backend().data());
    Rational rest = exact, near = 0;
    Integer p0 = 0, q0 = 1, p1 = 1, q1 = 0;
    const Rational close = 1 / Rational(pow(Integer(10), 90));
    for (;;) {
        const Integer whole = numerator(rest) / denominator(rest);
        const Integer p = whole * p1 + p0, q = whole * q1 + q0;
        near = Rational(p) / Rational(q);
        if (abs(Rational(near - exact)) < close || rest == Rational(whole)) return near;
        p0 = std::exchange(p1, p), q0 = std::exchange(q1, q);
        rest = 1 / Rational(rest - Rational(whole));
    }
}

[[noreturn]] void refuse(const std::string& name, const std::string& what) { throw std::invalid_argument("path '" + name + "' of your own: " + what); }

void check_name(const std::string& name) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+";
    if (name.empty() || name.find_first_not_of(allowed) != std::string::npos)
        refuse(name, "the name is empty or has a character that settings cannot hold; use letters, digits and any of -_.:/+");
    bool taken = true;
    try {
        (void)find_path(name);
    } catch (const std::invalid_argument&) {
        taken = false;
    }
    if (taken || name.starts_with(std::string(PolynomialPath::name) + ":")) refuse(name, "the library has a path of that name; choose another");
}

// Whether the formulas have values in ℚ: those of irrational functions throw, but for the one point where they are rational.
bool irrational(const OwnPath& path) {
    for (const Rational& t : {ratio(1, 3), ratio(2, 7), ratio(5, 8)}) {
        try {
            (void)path.values<Rational>(t);
        } catch (const std::domain_error&) {
            return true;
        }
    }
    return false;
}

constexpr int pieces = 32;

// x is finite; "alpha is nan at t = 1/32"
void check_value(const OwnPath& path, const char* member, const Mpfr50& x, bool right, const std::string& when, const char* asked) {
    if (!isfinite(x) || !right) refuse(path.name, std::string(member) + " is " + x.str(6) + when + " and has to be " + asked);
}

// What σ₁ = 0 and α₁ = 1 decide may not hang on a rounding.
void check_end(const OwnPath& path, const OwnValues<Mpfr50>& end, const char* sigma) {
    const Mpfr50 rounding = ldexp(Mpfr50(1), -133);
    if (end.s != 0 && abs(end.s) < rounding)
        refuse(path.name, std::string(sigma) + " is " + end.s.str(6) +
                              " at t = 1, which is 0 but for rounding; write it so that it is 0 there, as sin(pi (1 - t)/2) for cos(pi t/2)");
    if (end.alpha != 1 && abs(end.alpha - 1) < rounding)
        refuse(path.name, "alpha - 1 is " + Mpfr50(end.alpha - 1).str(6) + " at t = 1, which is 0 but for rounding; write it so that alpha is 1 there");
}

void check_at(const OwnPath& path, int k) {
    const char* sigma = path.has_sigma ? "sigma" : "sigma2";
    const std::string when = " at t = " + ratio(k, pieces).str();
    OwnValues<Mpfr50> v{};
    try {
        v = path.values(Mpfr50(k) / pieces);
    } catch (const std::exception& error) {
        refuse(path.name, "there is no expansion of alpha and " + std::string(sigma) + when + " (" + error.what() + "); " +
                              (path.has_sigma ? "where sigma is a root that becomes 0, give sigma2 in its place" : "write them so that they have one"));
    }
    if (k == pieces) check_end(path, v, sigma);
    check_value(path, "alpha", v.alpha, k == 0 ? v.alpha >= 0 : v.alpha > 0, when, k == 0 ? "0 or more" : "positive");
    check_value(path, sigma, v.s, k == pieces ? v.s >= 0 : v.s > 0, when, k == pieces ? "0 or more" : "positive");
    // (σ/α)' = -(α'σ - ασ')/α², and ½(σ²)' = σσ'
    const Mpfr50 s_dot = path.has_sigma ? v.s_dot : v.s_dot / 2, falls = v.alpha_dot * v.s - v.alpha * s_dot;
    check_value(path, "the derivative of alpha", v.alpha_dot, true, when, "finite");
    check_value(path, "the derivative of sigma", s_dot, true, when, "finite");
    if (k > 0 && k < pieces && !(falls > 0)) refuse(path.name, "sigma/alpha does not decrease" + when + "; t = 0 is noise and t = 1 is data");
}

}  // namespace

namespace detail {

AnyPath checked(OwnPath path) {
    check_name(path.name);
    for (int k = 0; k <= pieces; ++k) check_at(path, k);
    path.transcendental = irrational(path);
    return path;
}

[[noreturn]] void refuse_ratio(const OwnPath& path, double r) {
    std::ostringstream text;
    text << "time_of_ratio: sigma/alpha is " << r << " nowhere on path " << path.name;
    throw std::domain_error(text.str());
}

// A rounding beyond an end of the path, where the last stage of a solver may lie: its formulas are continued there.
template <class T>
T time_beyond(const OwnPath& path, int end, const T& r) {
    T t(end);
    for (int k = 0; k < 60; ++k) {
        const auto [value, slope] = path.miss(t, r);
        const T step = value / slope;
        t -= step;
        if (!(slope < 0 && magnitude(T(t - end)) < T(1) / 1000)) break;
        if (magnitude(step) <= 2 * std::numeric_limits<T>::epsilon()) return t;
    }
    refuse_ratio(path, static_cast<double>(r));
}

// Newton's method between two times at which the miss has opposite signs, bisection where it leads out of them or is slow.
template <class T>
T own_time_of_ratio(const OwnPath& path, const T& r) {
    const T epsilon = std::numeric_limits<T>::epsilon();
    const auto miss_at = [&](int t) {
        const OwnValues<T> v = path.values(T(t));
        const T size = path.has_sigma ? T(r * v.alpha) : T(r * r * v.alpha * v.alpha), miss = v.s - size;
        return magnitude(miss) <= 16 * epsilon * magnitude(size) ? T(0) : miss;  // r was rounded
    };
    const T first = miss_at(0), last = miss_at(1);
    if (last == 0) return T(1);
    if (first == 0) return T(0);
    if (last > 0) return time_beyond(path, 1, r);
    if (first < 0) return time_beyond(path, 0, r);
    if (!(first > 0 && last < 0)) refuse_ratio(path, static_cast<double>(r));
    T low(0), high(1), t = T(1) / 2;
    for (int k = 0;; ++k) {
        const auto [value, slope] = path.miss(t, r);
        (value > 0 ? low : high) = t;
        const T step = slope < 0 ? T(value / slope) : T(1), next = t - step, middle = (low + high) / 2;
        if (magnitude(step) <= 2 * epsilon * t) return next < 1 ? next : T(1);
        if (high - low <= epsilon * high) return middle;
        t = next > low && next < high && k < 60 ? next : middle;
    }
}
template float own_time_of_ratio<float>(const OwnPath&, const float&);
template double own_time_of_ratio<double>(const OwnPath&, const double&);
template long double own_time_of_ratio<long double>(const OwnPath&, const long double&);
template Mpfr50 own_time_of_ratio<Mpfr50>(const OwnPath&, const Mpfr50&);
template Mpfr100 own_time_of_ratio<Mpfr100>(const OwnPath&, const Mpfr100&);

template <>
Rational own_time_of_ratio<Rational>(const OwnPath& path, const Rational& r) {
    const Rational t = simplest(own_time_of_ratio<Mpfr100>(path, from_rational<Mpfr100>(r)));
    if (path.miss(t, r).first == 0) return t;
    throw std::domain_error("the time at which sigma/alpha = " + r.str() + " is irrational on path " + path.name + "; evaluate it in a floating-point scalar");
}

template <>
PrimeField own_time_of_ratio<PrimeField>(const OwnPath& path, const PrimeField&) {
    throw std::domain_error("the time of a ratio on path " + path.name + " is found by Newton's method, which a prime field does not have; evaluate it in a rational or "
                            "floating-point scalar");
}

}  // namespace detail

}  // namespace costate::guidance
