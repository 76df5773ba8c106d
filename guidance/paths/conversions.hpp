// u = a x + b n and back, for n = x̂₁ or ε̂, from (s, s') with s'/s = σ'/σ: nothing is divided that a path keeps finite.
#pragma once

#include "guidance/paths/path.hpp"

#include <string>
#include <string_view>

namespace costate::guidance {

/// What a network or a model returns: u_t(x), ε̂ = E[X₀ | X_t = x], or x̂₁ = E[X₁ | X_t = x].
enum class Parametrisation { velocity, epsilon, x1 };

/// Throws std::invalid_argument for a name other than velocity, epsilon, x1.
[[nodiscard]] Parametrisation find_parametrisation(std::string_view name);
[[nodiscard]] std::string_view name_of(Parametrisation parametrisation);

/// result = on_x · x + on_n · n
template <class T>
struct Affine {
    T on_x, on_n;
};

namespace detail {

// Is 1/denominator there? Otherwise the sentence of what is infinite.
template <class T>
void require_unit(const T& denominator, const char* what, const AnyPath& path, const T& t) {
    if (is_unit(denominator)) return;
    throw std::domain_error(std::string(what) + place(path, t) +
                            "; integrate in the regular variables (--variables regular), or between ends that avoid it "
                            "(--t0 above 0, --t1 below 1)");
}

/// α's - αs': the determinant of (x₁, x₀) ↦ (x, u), scaled like s.
template <class T>
T determinant(const PathPoint<T>& p) {
    return p.alpha_dot * p.s - p.alpha * p.s_dot;
}

}  // namespace detail

// Each throws std::domain_error, naming t, the path and the remedy, where it divides by 0.

/// u = (σ'/σ) x + (α' - ασ'/σ) x̂₁
template <class T>
Affine<T> velocity_from_x1(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    detail::require_unit(p.s, "the velocity of an x1 model divides by sigma, which is 0", path, t);
    const T a = p.s_dot / p.s;
    return {a, p.alpha_dot - p.alpha * a};
}

/// u = (α'/α) x + (σ' - σα'/α) ε̂
template <class T>
Affine<T> velocity_from_epsilon(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    detail::require_unit(p.alpha, "the velocity of an epsilon model divides by alpha, which is 0", path, t);
    if (!p.s_is_sigma) detail::require_unit(p.sigma2, "the velocity of an epsilon model has sigma', which is infinite", path, t);
    const T a = p.alpha_dot / p.alpha;
    return {a, p.sigma_dot() - p.sigma() * a};
}

/// x̂₁ = (s u - s' x)/(α's - αs')
template <class T>
Affine<T> x1_from_velocity(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    const T d = detail::determinant(p);
    detail::require_unit(d, "x1 is not determined by the velocity: alpha' sigma - alpha sigma' is 0", path, t);
    return {-p.s_dot / d, p.s / d};
}

/// ε̂ = (α' x - α u)/(α'σ - ασ'); where σ' is infinite both are multiplied by σ.
template <class T>
Affine<T> epsilon_from_velocity(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    const T d = detail::determinant(p);
    detail::require_unit(d, "epsilon is not determined by the velocity: alpha' sigma - alpha sigma' is 0", path, t);
    const T scale = (p.s_is_sigma ? T(1) : is_unit(p.sigma2) ? p.sigma() : T(0)) / d;
    return {p.alpha_dot * scale, -p.alpha * scale};
}

/// x̂₁ = (x - σ ε̂)/α
template <class T>
Affine<T> x1_from_epsilon(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    detail::require_unit(p.alpha, "x1 of an epsilon model divides by alpha, which is 0", path, t);
    return {T(1) / p.alpha, -p.sigma() / p.alpha};
}

/// ε̂ = (x - α x̂₁)/σ
template <class T>
Affine<T> epsilon_from_x1(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    detail::require_unit(p.sigma2, "epsilon of an x1 model divides by sigma, which is 0", path, t);
    const T sigma = p.sigma();
    return {T(1) / sigma, -p.alpha / sigma};
}

/// ∇log p_t = (α x̂₁ - x)/σ²
template <class T>
Affine<T> score_from_x1(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    detail::require_unit(p.sigma2, "the score of an x1 model divides by sigma^2, which is 0", path, t);
    return {T(-1) / p.sigma2, p.alpha / p.sigma2};
}

/// ∇log p_t = -ε̂/σ
template <class T>
Affine<T> score_from_epsilon(const AnyPath& path, const T& t) {
    const PathPoint<T> p = at<T>(path, t);
    detail::require_unit(p.sigma2, "the score of an epsilon model divides by sigma, which is 0", path, t);
    return {T(0), T(-1) / p.sigma()};
}

/// The coefficients of u, x̂₁ or ε̂ (`wanted`) from x and the output n of a model (`given`).
template <class T>
Affine<T> conversion(Parametrisation given, Parametrisation wanted, const AnyPath& path, const T& t) {
    using enum Parametrisation;
    if (given == wanted) return {T(0), T(1)};
    if (wanted == velocity) return given == x1 ? velocity_from_x1(path, t) : velocity_from_epsilon(path, t);
    if (wanted == x1) return given == velocity ? x1_from_velocity(path, t) : x1_from_epsilon(path, t);
    return given == velocity ? epsilon_from_velocity(path, t) : epsilon_from_x1(path, t);
}

}  // namespace costate::guidance
