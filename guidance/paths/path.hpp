// Affine probability paths X_t = α_t X₁ + σ_t X₀, X₀ ~ N(0, I), t = 0 noise and t = 1 data: the list, and one at a time.
#pragma once

#include "guidance/paths/own.hpp"
#include "guidance/paths/rational_paths.hpp"
#include "guidance/paths/transcendental_paths.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace costate::guidance {

/// The list: adding a path touches its struct, its test and this line. Last, whatever own_path (guidance/paths/own_path.hpp) makes.
using AnyPath = std::variant<CondOt, PolynomialPath, CosinePath, LinearVp, Vp, Ve, EdmPoly2, OwnPath>;

/// Every path of the library with its default parameters, in the order of the list.
[[nodiscard]] std::vector<AnyPath> paths();

/// The library's path of that name; "polynomial:3" sets n. Throws std::invalid_argument with the list of names.
[[nodiscard]] AnyPath find_path(std::string_view name);

/// The name that find_path takes: "polynomial:3" where n is not 2; of a path of one's own the name that it was given.
[[nodiscard]] std::string name_of(const AnyPath& path);

/// Whether α and σ² are irrational functions, so that exact scalars do not have them.
[[nodiscard]] inline bool is_transcendental(const AnyPath& path) {
    return std::visit([](const auto& p) { return p.transcendental; }, path);
}

/// Whether σ at t is a rational number.
[[nodiscard]] bool has_rational_sigma(const AnyPath& path, const Rational& t);

/// " at t = 0.25 on cosine", for messages.
template <class T>
std::string place(const AnyPath& path, const T& t) {
    std::string text;
    if constexpr (requires { ScalarTraits<T>::to_double(t); }) {
        text = std::to_string(ScalarTraits<T>::to_double(t));
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
        text = " at t = " + text;
    }
    return text + " on " + name_of(path);
}

/// A path at one time. (s, s') is (σ, σ') where σ' is finite for every t of the path, else (σ², ½(σ²)'): in both cases
/// s'/s = σ'/σ, both are finite at the ends, and conversions need no more than that.
template <class T>
struct PathPoint {
    T alpha, alpha_dot, sigma2, sigma2_dot;
    T s, s_dot;
    bool s_is_sigma = false;

    /// σ. In exact scalars std::domain_error where it is irrational.
    [[nodiscard]] T sigma() const { return s_is_sigma ? s : detail::root(sigma2); }
    /// σ' = (σ²)'/(2σ). Throws std::domain_error where it is infinite.
    [[nodiscard]] T sigma_dot() const {
        if (s_is_sigma) return s_dot;
        if (!is_unit(sigma2))
            throw std::domain_error("sigma' is infinite where sigma = 0 on this path; use sigma^2 and its derivative");
        return sigma2_dot / (T(2) * sigma());
    }
    /// r = σ/α. Throws std::domain_error for α = 0.
    [[nodiscard]] T ratio() const {
        if (!is_unit(alpha)) throw std::domain_error("the ratio sigma/alpha is infinite where alpha = 0; start later than that");
        return sigma() / alpha;
    }
    /// γ = α/σ = 1/r. Throws std::domain_error for σ = 0.
    [[nodiscard]] T gamma() const {
        if (!is_unit(sigma2)) throw std::domain_error("gamma = alpha/sigma is infinite where sigma = 0; stop earlier than that");
        return alpha / sigma();
    }
    /// γ² = α²/σ², the signal-to-noise ratio. Throws std::domain_error for σ = 0.
    [[nodiscard]] T snr() const {
        if (!is_unit(sigma2))
            throw std::domain_error("the signal-to-noise ratio is infinite where sigma = 0; stop earlier than that");
        return alpha * alpha / sigma2;
    }
};

namespace detail {

// Exact scalars do not have the path's functions: known when this is compiled, but for a path of one's own.
template <class P>
inline constexpr bool always_irrational = P::transcendental;
template <>
inline constexpr bool always_irrational<OwnPath> = false;

template <class T, class P>
void require_exists(const P& p) {
    if (p.transcendental && !TranscendentalScalar<T> && !is_expansion<T>)
        throw std::domain_error("path " + std::string(p.name) + " has irrational coefficients and the scalar " +
                                std::string(ScalarTraits<T>::name) + " is exact; use cond-ot, polynomial or linear-vp");
}

// f(path) in a scalar that has the path's functions; a branch that cannot be compiled for T is the exception of require_exists.
template <class T, class R, class F>
R visit_path(const AnyPath& path, F&& f) {
    return std::visit(
        [&]<class P>(const P& p) -> R {
            require_exists<T>(p);
            if constexpr (!always_irrational<P> || TranscendentalScalar<T> || is_expansion<T>) return f(p);
            else throw std::logic_error("unreachable");
        },
        path);
}

template <class T>
PathPoint<T> point_of(const OwnPath& path, const T& t) {
    const OwnValues<T> v = path.values(t);
    if (path.has_sigma) return {v.alpha, v.alpha_dot, v.s * v.s, T(2) * v.s * v.s_dot, v.s, v.s_dot, true};
    return {v.alpha, v.alpha_dot, v.s, v.s_dot, v.s, v.s_dot / T(2), false};
}

}  // namespace detail

/// α, α', σ², (σ²)' and (s, s') at t. Throws std::domain_error for an irrational path in ℚ or ℤ/p, and in an expansion over one
/// unless it is about a point where the path is rational (vp about t = 1).
template <class T>
PathPoint<T> at(const AnyPath& path, const T& t) {
    return detail::visit_path<T, PathPoint<T>>(path, [&]<class P>(const P& p) -> PathPoint<T> {
        if constexpr (std::is_same_v<P, OwnPath>) return detail::point_of(p, t);
        else {
            PathPoint<T> point{p.alpha(t), p.alpha_dot(t), p.sigma2(t), p.sigma2_dot(t), T(0), T(0), p.has_sigma};
            if constexpr (P::has_sigma) {
                point.s = p.sigma(t);
                point.s_dot = p.sigma_dot(t);
            } else {
                point.s = point.sigma2;
                point.s_dot = point.sigma2_dot / T(2);
            }
            return point;
        }
    });
}

/// The t at which σ/α = r. Throws as at does, and for an r that the path does not take where that is known.
template <class T>
T time_of_ratio(const AnyPath& path, const T& r) {
    return detail::visit_path<T, T>(path, [&](const auto& p) { return p.time_of_ratio(r); });
}

/// r = σ/α at t. Throws std::domain_error for α = 0.
template <class T>
T ratio_at(const AnyPath& path, const T& t) {
    return at<T>(path, t).ratio();
}

}  // namespace costate::guidance
