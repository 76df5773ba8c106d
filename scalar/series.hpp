// Truncated power series c₀ + c₁h + … + c_{N-1}h^{N-1} over any scalar: orders of methods are proved with them, not fitted.
#pragma once

#include "scalar/expansion_point.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <ostream>
#include <span>
#include <stdexcept>
#include <utility>

namespace costate {

/// T[h]/(h^N): N coefficients; every operation is exact in the coefficients it keeps, up to the arithmetic of T.
/// Equality compares all coefficients. Order is that of formal series as h → 0+: a < b when the first coefficient in which they
/// differ is less in a, so 0 < h < every positive constant.
template <class T, std::size_t N>
class Series {
    static_assert(N > 0, "a series needs room for its constant term");

    // what enters beside a series as a constant: T itself, numbers, whatever T takes without a cast
    template <class U>
    static constexpr bool constant = std::convertible_to<U, T> && !std::same_as<U, Series>;

public:
    using Coefficient = T;

    Series() { c_.fill(T(0)); }
    Series(int constant_term) : Series() { c_[0] = T(constant_term); }
    Series(const T& constant_term) : Series() { c_[0] = constant_term; }
    explicit Series(std::array<T, N> coefficients) : c_(std::move(coefficients)) {}

    /// h itself (0 when N = 1).
    static Series variable() {
        Series h;
        if constexpr (N > 1) h.c_[1] = T(1);
        return h;
    }

    static constexpr std::size_t size() { return N; }
    T& operator[](std::size_t k) { return c_[k]; }
    const T& operator[](std::size_t k) const { return c_[k]; }
    [[nodiscard]] std::span<const T, N> coefficients() const { return c_; }

    /// Index of the first non-zero coefficient; N for the zero series.
    [[nodiscard]] std::size_t valuation() const {
        std::size_t k = 0;
        while (k < N && c_[k] == T(0)) ++k;
        return k;
    }

    /// d/dh. The coefficient of h^(N-1) would need c_N, which is cut off: it is set to 0.
    [[nodiscard]] Series derivative() const {
        Series r;
        for (std::size_t k = 1; k < N; ++k) r.c_[k - 1] = T(static_cast<int>(k)) * c_[k];
        return r;
    }

    /// ∫₀ʰ; the last coefficient is cut off.
    [[nodiscard]] Series integral() const {
        Series r;
        for (std::size_t k = 1; k < N; ++k) r.c_[k] = c_[k - 1] / T(static_cast<int>(k));
        return r;
    }

    /// Σ c_k hᵏ by Horner's rule.
    [[nodiscard]] T evaluate(const T& h) const {
        T sum = c_[N - 1];
        for (std::size_t k = N - 1; k-- > 0;) sum = sum * h + c_[k];
        return sum;
    }

    Series& operator+=(const Series& o) {
        for (std::size_t k = 0; k < N; ++k) c_[k] += o.c_[k];
        return *this;
    }
    Series& operator-=(const Series& o) {
        for (std::size_t k = 0; k < N; ++k) c_[k] -= o.c_[k];
        return *this;
    }
    Series& operator*=(const Series& o) { return *this = *this * o; }
    /// Throws std::domain_error when the constant term of o has no inverse.
    Series& operator/=(const Series& o) { return *this = *this / o; }
    Series operator-() const {
        Series r;
        for (std::size_t k = 0; k < N; ++k) r.c_[k] = -c_[k];
        return r;
    }

    friend Series operator+(Series a, const Series& b) { return a += b; }
    friend Series operator-(Series a, const Series& b) { return a -= b; }

    /// r_k = Σ_{j≤k} a_j b_{k-j}
    friend Series operator*(const Series& a, const Series& b) {
        Series r;
        for (std::size_t k = 0; k < N; ++k) {
            for (std::size_t j = 0; j <= k; ++j) r.c_[k] += a.c_[j] * b.c_[k - j];
        }
        return r;
    }

    /// q_k = (a_k - Σ_{0<j≤k} b_j q_{k-j}) / b₀
    friend Series operator/(const Series& a, const Series& b) {
        require_unit(b.c_[0]);
        Series q;
        for (std::size_t k = 0; k < N; ++k) {
            T rest = a.c_[k];
            for (std::size_t j = 1; j <= k; ++j) rest -= b.c_[j] * q.c_[k - j];
            q.c_[k] = rest / b.c_[0];
        }
        return q;
    }

    // With a constant only the coefficients that it meets are touched: N multiplications, not N²/2.
    template <class U> requires constant<U> friend Series operator+(Series a, const U& b) { a.c_[0] += T(b); return a; }
    template <class U> requires constant<U> friend Series operator+(const U& a, Series b) { b.c_[0] = T(a) + b.c_[0]; return b; }
    template <class U> requires constant<U> friend Series operator-(Series a, const U& b) { a.c_[0] -= T(b); return a; }
    template <class U> requires constant<U> friend Series operator-(const U& a, const Series& b) { return T(a) + -b; }
    template <class U> requires constant<U> friend Series operator*(Series a, const U& b) { return a.scale(T(b)); }
    template <class U> requires constant<U> friend Series operator*(const U& a, Series b) { return b.scale(T(a)); }
    template <class U> requires constant<U> friend Series operator/(Series a, const U& b) { return a.divide(T(b)); }
    template <class U> requires constant<U> friend Series operator/(const U& a, const Series& b) { return Series(T(a)) / b; }

    friend bool operator==(const Series& a, const Series& b) { return std::equal(a.c_.begin(), a.c_.end(), b.c_.begin()); }
    friend std::partial_ordering operator<=>(const Series& a, const Series& b) requires OrderedScalar<T> {
        for (std::size_t k = 0; k < N; ++k) {
            if (a.c_[k] < b.c_[k]) return std::partial_ordering::less;
            if (b.c_[k] < a.c_[k]) return std::partial_ordering::greater;
            if (!(a.c_[k] == b.c_[k])) return std::partial_ordering::unordered;
        }
        return std::partial_ordering::equivalent;
    }

    friend std::ostream& operator<<(std::ostream& out, const Series& a) {
        out << a.c_[0];
        for (std::size_t k = 1; k < N; ++k) out << " + (" << a.c_[k] << ")h^" << k;
        return out;
    }

private:
    static void require_unit(const T& constant_term) {
        if (!is_unit(constant_term)) {
            throw std::domain_error("division by a power series whose constant term is 0; divide both series by h^valuation first");
        }
    }
    Series& scale(const T& b) {
        for (auto& c : c_) c *= b;
        return *this;
    }
    Series& divide(const T& b) {
        require_unit(b);
        for (auto& c : c_) c /= b;
        return *this;
    }

    std::array<T, N> c_;
};

template <class T, std::size_t N>
inline constexpr bool is_expansion<Series<T, N>> = true;

/// 1/x exists when that of the constant term does.
template <class T, std::size_t N>
bool is_unit(const Series<T, N>& x) {
    return is_unit(x[0]);
}

/// to_double is the value at h = 0. `transcendental` is that of T: over an exact T the functions exist (series_functions.hpp), but
/// only about the point where they are rational, which is less than the trait promises.
template <class T, std::size_t N>
struct ScalarTraits<Series<T, N>> {
    static constexpr bool exact = ScalarTraits<T>::exact;
    static constexpr bool ordered = ScalarTraits<T>::ordered;
    static constexpr bool transcendental = ScalarTraits<T>::transcendental;
    static constexpr int digits10 = ScalarTraits<T>::digits10;
    static constexpr std::string_view name = "series";
    static Series<T, N> from_rational(const Rational& q) { return Series<T, N>(ScalarTraits<T>::from_rational(q)); }
    static double to_double(const Series<T, N>& x) requires requires { ScalarTraits<T>::to_double(x[0]); } {
        return ScalarTraits<T>::to_double(x[0]);
    }
};

namespace detail {
template <class T, std::size_t N>
struct Constants<Series<T, N>> : Constants<T> {};
}  // namespace detail

}  // namespace costate
