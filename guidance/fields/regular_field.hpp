// dx̃/dr = ε̂(t(r), α x̃), x̃ = x/α, r = σ/α: the flow in variables in which a trained network is smooth up to the data.
// (r₁ = 0 when σ₁ = 0.)
#pragma once

#include "guidance/fields/affine_of.hpp"
#include "ode/coefficients.hpp"
#include "ode/gradient/result.hpp"

#include <utility>
#include <vector>

namespace costate::guidance {

/// τ = r, z = x̃, k = α, t = t(r).
/// epsilon: n itself. x1: (x̃ - x̂₁)/r, singular at r = 0. velocity: (α'x - αu)/(α'σ - ασ').
/// On edm dt/dr is infinite at t = 1, and r̄ with it; the rest is finite.
struct RegularMap {
    Parametrisation given;
    AnyPath path;

    template <class T>
    [[nodiscard]] Coordinates<T> coordinates(const T& r) const {
        const T t = time_of_ratio(path, r), alpha = at<T>(path, t).alpha;
        if (given == Parametrisation::epsilon) return {T(0), T(1), alpha, t};
        if (given == Parametrisation::velocity) {
            const Affine<T> epsilon = epsilon_from_velocity(path, t);
            return {alpha * epsilon.on_x, epsilon.on_n, alpha, t};
        }
        if (!is_unit(r))
            throw std::domain_error("the noise of an x1 model divides by sigma/alpha, which is 0" + place(path, t) +
                                    "; end at --t1 below 1, or use a tableau whose last stage comes earlier");
        return {T(1) / r, T(-1) / r, alpha, t};
    }
};

/// RegularField<Inner, T>(inner, Parametrisation, path): a DifferentiableField in (r, x̃), recording. It is integrated from r_t down
/// to r₁.
template <class Inner, class T>
using RegularField = AffineOf<Inner, RegularMap, T>;

/// x̃ = x/α at t. Throws std::domain_error for α = 0.
template <class T>
std::vector<T> to_regular(const AnyPath& path, const T& t, std::span<const std::type_identity_t<T>> x) {
    const T alpha = at<T>(path, t).alpha;
    detail::require_unit(alpha, "the regular variables divide by alpha, which is 0", path, t);
    std::vector<T> result(x.begin(), x.end());
    for (T& value : result) value = value / alpha;
    return result;
}

/// ℓ(c x): a loss on x = c x̃ as one on x̃.
template <class L, class T>
struct ScaledLoss {
    const L& loss;
    T factor;

    T operator()(std::span<const T> x) const { return loss(scaled(x)); }
    void gradient(std::span<const T> x, std::span<T> x_bar) const {
        loss.gradient(scaled(x), x_bar);
        for (T& value : x_bar) value = factor * value;
    }

private:
    [[nodiscard]] std::vector<T> scaled(std::span<const T> x) const {
        std::vector<T> result(x.begin(), x.end());
        for (T& value : result) value = factor * value;
        return result;
    }
};

/// method in (r, x̃) from (t₀, x₀) to t₁, told in the original variables: L(x₁), ∇L with respect to x₀, θ̄, x₁ = α₁x̃₁. Derivatives
/// with respect to t₀ and t₁ are not formed (0): r'(t₁) is infinite on linear-vp and vp. Throws std::domain_error for α = 0 at t₀.
template <class Method, class F, class L, class T>
ode::GradientResult<T> regular_gradient(const Method& method, F& regular, const L& loss, const ode::Tableau& tableau, const T& t0,
                                        const std::type_identity_t<T>& t1, std::size_t steps, ode::View<T> x0,
                                        ode::GradientOptions options = {}) {
    const AnyPath& path = regular.path();
    const PathPoint<T> start = at<T>(path, t0), end = at<T>(path, t1);
    const std::vector<T> z0 = to_regular(path, t0, x0);
    options.want_time = false;
    const ScaledLoss<L, T> scaled{loss, end.alpha};
    auto result = method(regular, scaled, tableau, start.ratio(), end.ratio(), steps, std::span<const T>(z0), options);
    for (T& value : result.x_bar) value = value / start.alpha;
    for (T& value : result.x1) value = end.alpha * value;
    return result;
}

}  // namespace costate::guidance
