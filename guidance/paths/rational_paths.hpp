// Paths with rational coefficients: cond-ot (Lipman et al. 2023), its powers, and linear-vp, exact in ℚ, ℤ/p and ℚ[[h]].
#pragma once

#include "guidance/paths/numbers.hpp"

#include <string_view>

namespace costate::guidance {

/// What every path offers, for any scalar T that has what its formulas use (σ² and (σ²)' without cancellation at both ends):
///   alpha(t), alpha_dot(t), sigma2(t) = σ², sigma2_dot(t) = (σ²)', time_of_ratio(r): the t at which σ/α = r
///   has_sigma       whether σ and σ' are as smooth as α; then also sigma(t), sigma_dot(t). Otherwise σ = √σ², σ' infinite at σ = 0
///   transcendental  whether α and σ² are irrational functions
///   name            on the command line and in network files

/// α = t, σ = 1 - t.
struct CondOt {
    static constexpr std::string_view name = "cond-ot";
    static constexpr bool transcendental = false, has_sigma = true;

    template <class T> T alpha(const T& t) const { return t; }
    template <class T> T alpha_dot(const T&) const { return T(1); }
    template <class T> T sigma(const T& t) const { return T(1) - t; }
    template <class T> T sigma_dot(const T&) const { return T(-1); }
    template <class T> T sigma2(const T& t) const { return (T(1) - t) * (T(1) - t); }
    template <class T> T sigma2_dot(const T& t) const { return T(-2) * (T(1) - t); }
    template <class T> T time_of_ratio(const T& r) const { return T(1) / (T(1) + r); }
};

/// α = tⁿ, σ = 1 - tⁿ = (1 - t)(1 + t + … + t^(n-1)), n ≥ 1.
struct PolynomialPath {
    static constexpr std::string_view name = "polynomial";
    static constexpr bool transcendental = false, has_sigma = true;
    int n = 2;

    template <class T> T alpha(const T& t) const { return power(t, n); }
    template <class T> T alpha_dot(const T& t) const { return T(n) * power(t, n - 1); }
    template <class T> T sigma(const T& t) const {
        T sum(1);
        for (int k = 1; k < n; ++k) sum = sum * t + T(1);
        return (T(1) - t) * sum;
    }
    template <class T> T sigma_dot(const T& t) const { return -alpha_dot(t); }
    template <class T> T sigma2(const T& t) const { return sigma(t) * sigma(t); }
    template <class T> T sigma2_dot(const T& t) const { return T(2) * sigma(t) * sigma_dot(t); }
    /// (1 + r)^(-1/n); rational only for n = 1, in exact scalars std::domain_error otherwise (n = 2: unless 1 + r is a square).
    template <class T> T time_of_ratio(const T& r) const {
        const T base = T(1) / (T(1) + r);
        if (n == 1) return base;
        if (n == 2) return detail::root(base);
        if constexpr (TranscendentalScalar<T>) {
            using std::exp, std::log1p;
            return exp(-log1p(r) / T(n));
        } else {
            throw std::domain_error("time_of_ratio of polynomial is an n-th root: evaluate it in a floating-point scalar");
        }
    }

private:
    template <class T> static T power(const T& t, int k) {
        T product(1);
        for (int i = 0; i < k; ++i) product = product * t;
        return product;
    }
};

/// α = t, σ² = 1 - t² = (1 - t)(1 + t).
struct LinearVp {
    static constexpr std::string_view name = "linear-vp";
    static constexpr bool transcendental = false, has_sigma = false;

    template <class T> T alpha(const T& t) const { return t; }
    template <class T> T alpha_dot(const T&) const { return T(1); }
    template <class T> T sigma2(const T& t) const { return (T(1) - t) * (T(1) + t); }
    template <class T> T sigma2_dot(const T& t) const { return T(-2) * t; }
    template <class T> T time_of_ratio(const T& r) const { return T(1) / detail::root(T(T(1) + r * r)); }
};

}  // namespace costate::guidance
