// exp, log, sqrt, sin, cos, tanh, sigmoid, erf of power series, by the recurrences of their differential equations.
//
// With v = f(u) and v' = g·u', the coefficients are k v_k = Σ_{0<j≤k} j u_j g_{k-j}; only the constant term needs f itself.
// Over an exact scalar that term has to be where f is rational (0; 1 for log and sqrt), or std::domain_error is thrown.
// Griewank & Walther, "Evaluating Derivatives", 2nd edition, table 13.2.
#pragma once

#include "scalar/series.hpp"

namespace costate {

namespace detail {

// (∫ g u')_k = (1/k) Σ_{0<j≤k} j u_j g_{k-j}, for k > 0; reads g only below k.
template <class T, std::size_t N>
T chain_coefficient(const Series<T, N>& u, const Series<T, N>& g, std::size_t k) {
    T sum(0);
    for (std::size_t j = 1; j <= k; ++j) sum += T(static_cast<int>(j)) * u[j] * g[k - j];
    return sum / T(static_cast<int>(k));
}

// (a b)_k = Σ_{j≤k} a_j b_{k-j}
template <class T, std::size_t N>
T product_coefficient(const Series<T, N>& a, const Series<T, N>& b, std::size_t k) {
    T sum(0);
    for (std::size_t j = 0; j <= k; ++j) sum += a[j] * b[k - j];
    return sum;
}

// The logarithm of w whose constant term is `head`: v' w = w'.
template <class T, std::size_t N>
Series<T, N> log_from(const T& head, const Series<T, N>& w) {
    if (!is_unit(w[0])) {
        throw std::domain_error("log of a power series needs a constant term other than 0; divide it by h^valuation first");
    }
    Series<T, N> v(head);
    for (std::size_t k = 1; k < N; ++k) {
        T rest(0);
        for (std::size_t j = 1; j < k; ++j) rest += T(static_cast<int>(j)) * v[j] * w[k - j];
        v[k] = (w[k] - rest / T(static_cast<int>(k))) / w[0];
    }
    return v;
}

template <class T, std::size_t N>
std::pair<Series<T, N>, Series<T, N>> sin_cos(const Series<T, N>& u) {
    std::pair<Series<T, N>, Series<T, N>> r{Series<T, N>(point::sin(u[0])), Series<T, N>(point::cos(u[0]))};
    auto& [s, c] = r;
    for (std::size_t k = 1; k < N; ++k) {
        const T cosine_step = chain_coefficient(u, s, k);
        s[k] = chain_coefficient(u, c, k);
        c[k] = -cosine_step;
    }
    return r;
}

}  // namespace detail

/// v' = v u'
template <class T, std::size_t N>
Series<T, N> exp(const Series<T, N>& u) {
    Series<T, N> v(detail::point::exp(u[0]));
    for (std::size_t k = 1; k < N; ++k) v[k] = detail::chain_coefficient(u, v, k);
    return v;
}

/// u v' = u'
template <class T, std::size_t N>
Series<T, N> log(const Series<T, N>& u) {
    return detail::log_from(detail::point::log(u[0]), u);
}

/// (1 + u) v' = u'
template <class T, std::size_t N>
Series<T, N> log1p(const Series<T, N>& u) {
    return detail::log_from(detail::point::log1p(u[0]), T(1) + u);
}

/// v² = u. Throws std::domain_error for a constant term 0: the root is then no power series in h.
template <class T, std::size_t N>
Series<T, N> sqrt(const Series<T, N>& u) {
    if (!is_unit(u[0])) {
        throw std::domain_error("sqrt of a power series needs a constant term other than 0; divide it by h^valuation first");
    }
    Series<T, N> v(detail::point::sqrt(u[0]));
    const T twice = v[0] + v[0];
    for (std::size_t k = 1; k < N; ++k) {
        T rest = u[k];
        for (std::size_t j = 1; j < k; ++j) rest -= v[j] * v[k - j];
        v[k] = rest / twice;
    }
    return v;
}

/// s' = c u', c' = -s u'
template <class T, std::size_t N>
Series<T, N> sin(const Series<T, N>& u) {
    return detail::sin_cos(u).first;
}

template <class T, std::size_t N>
Series<T, N> cos(const Series<T, N>& u) {
    return detail::sin_cos(u).second;
}

/// v' = g u', g = 1 - v²; g₀ is computed without the subtraction.
template <class T, std::size_t N>
Series<T, N> tanh(const Series<T, N>& u) {
    Series<T, N> v(detail::point::tanh(u[0])), g(detail::point::tanh_slope(u[0]));
    for (std::size_t k = 1; k < N; ++k) {
        v[k] = detail::chain_coefficient(u, g, k);
        g[k] = -detail::product_coefficient(v, v, k);
    }
    return v;
}

/// v' = v w u' with w = σ(-u) = 1 - v
template <class T, std::size_t N>
Series<T, N> sigmoid(const Series<T, N>& u) {
    Series<T, N> v(detail::point::sigmoid(u[0])), w(detail::point::sigmoid(T(-u[0])));
    Series<T, N> g(v[0] * w[0]);
    for (std::size_t k = 1; k < N; ++k) {
        v[k] = detail::chain_coefficient(u, g, k);
        w[k] = -v[k];
        g[k] = detail::product_coefficient(v, w, k);
    }
    return v;
}

/// The part of ∫₀ᵘ e^(-s²) ds that varies with h: v' = e^(-u²) u', v₀ = 0. It is √π/2 (erf u - erf u₀), and for u₀ = 0 it is
/// rational over ℚ, where erf itself is not.
template <class T, std::size_t N>
Series<T, N> gauss_integral(const Series<T, N>& u) {
    const Series<T, N> density = exp(-u * u);
    Series<T, N> v;
    for (std::size_t k = 1; k < N; ++k) v[k] = detail::chain_coefficient(u, density, k);
    return v;
}

/// erf u₀ + 2/√π ∫ e^(-u²) u' dh. Not for exact scalars, whatever u₀: 2/√π is irrational (gauss_integral is what they have).
template <class T, std::size_t N>
Series<T, N> erf(const Series<T, N>& u) {
    require_transcendental<Series<T, N>>();
    if constexpr (TranscendentalScalar<T>) {
        using std::erf;
        return T(erf(u[0])) + gauss_integral(u) * T(T(2) * detail::Constants<T>::inverse_root_pi());
    } else {
        return u;
    }
}

/// erfc u₀ - 2/√π ∫ e^(-u²) u' dh; relative accuracy in the right tail.
template <class T, std::size_t N>
Series<T, N> erfc(const Series<T, N>& u) {
    require_transcendental<Series<T, N>>();
    if constexpr (TranscendentalScalar<T>) {
        using std::erfc;
        return T(erfc(u[0])) - gauss_integral(u) * T(T(2) * detail::Constants<T>::inverse_root_pi());
    } else {
        return u;
    }
}

}  // namespace costate
