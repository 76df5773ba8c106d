// Activations and their slopes, once for every scalar: float … Mpfr, Series, Dual, and any later one with exp, log1p and erfc.
//
// Calls are unqualified after `using std::f`: a scalar's own overload of any name here is found by argument-dependent lookup.
// In an exact scalar each function is the compile-time message of require_transcendental (relu: of require_ordered).
#pragma once

#include "scalar/traits.hpp"

#include <cmath>
#include <concepts>
#include <numbers>
#include <utility>

namespace costate {

namespace detail {

// Irrational constants in the innermost floating-point scalar of T.
template <class T>
struct Constants {
    static T root_half() { return std::sqrt(T(0.5)); }  // 1/√2
    static T inverse_root_pi() { return std::numbers::inv_sqrtpi_v<T>; }
};

template <unsigned Digits>
struct Constants<Mpfr<Digits>> {
    static const Mpfr<Digits>& root_half() {
        static const Mpfr<Digits> value = sqrt(Mpfr<Digits>(0.5));
        return value;
    }
    static const Mpfr<Digits>& inverse_root_pi() {
        static const Mpfr<Digits> value = [] {
            Mpfr<Digits> pi;
            mpfr_const_pi(pi.backend().data(), MPFR_RNDN);
            return Mpfr<Digits>(1 / sqrt(pi));
        }();
        return value;
    }
};

template <class T>
inline constexpr bool is_mpfr = false;
template <unsigned Digits>
inline constexpr bool is_mpfr<Mpfr<Digits>> = true;

// x·f for a factor f that decays faster than any power of x: 0, not NaN, where f has reached 0 and x may be infinite.
template <class T>
T times_vanishing(const T& x, const T& f) {
    return f == T(0) ? f : T(x * f);
}

// Φ(x) = ½ erfc(-x/√2); relative error about x²·ε in the left tail (the rounding of x/√2, seen through erfc).
template <class T>
T normal_cdf(const T& x) {
    using std::erfc;
    return erfc(-x * Constants<T>::root_half()) / T(2);
}

// φ(x) = e^(-x²/2) / √(2π)
template <class T>
T normal_density(const T& x) {
    using std::exp;
    return exp(-x * x / T(2)) * Constants<T>::root_half() * Constants<T>::inverse_root_pi();
}

}  // namespace detail

/// σ(x) = 1/(1 + e^(-x)); relative accuracy in both tails, no overflow.
template <class T>
T sigmoid(const T& x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        using std::exp;
        if (x < T(0)) {
            const T e = exp(x);
            return e / (T(1) + e);
        }
        return T(1) / (T(1) + exp(-x));
    } else {
        return x;
    }
}

/// σ(x) and σ(-x) by one exponential where the scalar is plain floating point; no 1 - σ, which cancels in the right tail.
template <class T>
std::pair<T, T> sigmoid_tails(const T& x) {
    if constexpr (std::floating_point<T> || detail::is_mpfr<T>) {
        using std::exp;
        const T e = exp(x < T(0) ? x : T(-x)), large = T(1) / (T(1) + e);
        const T small = e / (T(1) + e);  // as in sigmoid: a value is the same whether its slope is wanted or not
        return x < T(0) ? std::pair<T, T>{small, large} : std::pair<T, T>{large, small};
    } else {
        return {sigmoid(x), sigmoid(T(-x))};
    }
}

/// σ'(x) = σ(x) σ(-x)
template <class T>
T sigmoid_slope(const T& x) {
    const auto [left, right] = sigmoid_tails(x);
    return left * right;
}

/// tanh'(x) = 4 σ(2x) σ(-2x); no 1 - tanh², which cancels in both tails.
template <class T>
T tanh_slope(const T& x) {
    return T(4) * sigmoid_slope(T(x + x));
}

/// silu(x) = x σ(x); 0 at -∞.
template <class T>
T silu(const T& x) {
    return detail::times_vanishing(x, T(sigmoid(x)));
}

/// silu'(x) = σ(x) (1 + x σ(-x)); 0 at -∞ and 1 at +∞.
template <class T>
T silu_slope(const T& x) {
    const auto [left, right] = sigmoid_tails(x);
    return detail::times_vanishing(T(T(1) + detail::times_vanishing(x, right)), left);
}

/// silu(x) and silu'(x) together, for one exponential.
template <class T>
std::pair<T, T> silu_with_slope(const T& x) {
    const auto [left, right] = sigmoid_tails(x);
    return {detail::times_vanishing(x, left), detail::times_vanishing(T(T(1) + detail::times_vanishing(x, right)), left)};
}

/// gelu(x) = x Φ(x) = ½ x (1 + erf(x/√2)), written with erfc so that the left tail keeps its relative accuracy; 0 at -∞.
/// Hendrycks & Gimpel, "Gaussian error linear units", 2016, in the exact form.
template <class T>
T gelu(const T& x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        return detail::times_vanishing(x, T(detail::normal_cdf(x)));
    } else {
        return x;
    }
}

/// gelu'(x) = Φ(x) + x φ(x)
template <class T>
T gelu_slope(const T& x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        return detail::normal_cdf(x) + detail::times_vanishing(x, T(detail::normal_density(x)));
    } else {
        return x;
    }
}

/// softplus(x) = log(1 + e^x) = max(x, 0) + log1p(e^(-|x|)); neither overflow nor cancellation.
template <class T>
T softplus(const T& x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        using std::exp, std::log1p;
        if (x < T(0)) return log1p(exp(x));
        return x + log1p(exp(-x));
    } else {
        return x;
    }
}

/// softplus'(x) = σ(x)
template <class T>
T softplus_slope(const T& x) {
    return sigmoid(x);
}

/// erf'(x) = 2/√π e^(-x²)
template <class T>
T erf_slope(const T& x) {
    require_transcendental<T>();
    if constexpr (TranscendentalScalar<T>) {
        using std::exp;
        return exp(-x * x) * T(2) * detail::Constants<T>::inverse_root_pi();
    } else {
        return x;
    }
}

/// relu(x) = max(x, 0); a NaN stays one.
template <class T>
T relu(const T& x) {
    require_ordered<T>();
    if constexpr (OrderedScalar<T>) {
        return x < T(0) ? T(0) : x;
    } else {
        return x;
    }
}

/// relu'(x) = 1 for x > 0, else 0; the value 0 at the kink is a choice, the usual one.
template <class T>
T relu_slope(const T& x) {
    require_ordered<T>();
    if constexpr (OrderedScalar<T>) {
        return T(x > T(0) ? 1 : 0);
    } else {
        return x;
    }
}

}  // namespace costate
