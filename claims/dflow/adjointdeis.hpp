// One step of DDIM from s to t, its exact reverse, and AdjointDEIS-1 from t to s (Blasingame & Liu 2024), on a noise model ε̂(t, x).
#pragma once

#include "claims/engine.hpp"
#include "claims/setting.hpp"
#include "guidance/paths/conversions.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::claims {

/// The subject as a noise model: its values themselves; for a network u ↦ ε̂ on the setting's path.
template <class T>
struct NoiseModel {
    Field<T> field;
    bool from_velocity = false;
    guidance::AnyPath path;

    std::vector<T> operator()(const T& t, const std::vector<T>& x) {
        std::vector<T> n(x.size());
        field(t, x, n);
        if (!from_velocity) return n;
        const guidance::Affine<T> c = guidance::epsilon_from_velocity<T>(path, t);
        for (std::size_t i = 0; i < x.size(); ++i) n[i] = c.on_x * x[i] + c.on_n * n[i];
        return n;
    }
    /// λᵀ∂ε̂/∂x
    std::vector<T> pulled(const T& t, const std::vector<T>& x, const std::vector<T>& lambda) {
        std::vector<T> bar(x.size(), T(0));
        T t_bar(0);
        field.vjp(t, x, lambda, bar, {}, t_bar);
        if (!from_velocity) return bar;
        const guidance::Affine<T> c = guidance::epsilon_from_velocity<T>(path, t);
        for (std::size_t i = 0; i < x.size(); ++i) bar[i] = c.on_x * lambda[i] + c.on_n * bar[i];
        return bar;
    }
    /// ∂ε̂/∂x v
    std::vector<T> pushed(const T& t, const std::vector<T>& x, const std::vector<T>& v) {
        std::vector<T> n(x.size()), dot(x.size());
        field.jvp(t, x, T(0), v, {}, n, dot);
        if (!from_velocity) return dot;
        const guidance::Affine<T> c = guidance::epsilon_from_velocity<T>(path, t);
        for (std::size_t i = 0; i < x.size(); ++i) dot[i] = c.on_x * v[i] + c.on_n * dot[i];
        return dot;
    }
};

/// α and σ at one time.
template <class T>
struct Knot {
    T t, alpha, sigma;
};
template <class T>
Knot<T> knot_at(const guidance::AnyPath& path, const T& t) {
    const auto p = guidance::at<T>(path, t);
    return {t, p.alpha, p.sigma()};
}

/// a v + b w
template <class T>
std::vector<T> combined(const T& a, std::vector<T> v, const T& b, const std::vector<T>& w) {
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = a * v[i] + b * w[i];
    return v;
}

/// What DDIM gives ε̂: x_t = (α_t/α_s) x_s + (σ_t - σ_s α_t/α_s) ε̂(s, x_s).
template <class T>
T ddim_factor(const Knot<T>& s, const Knot<T>& t) {
    return t.sigma - s.sigma * t.alpha / s.alpha;
}
template <class T>
std::vector<T> ddim(NoiseModel<T>& model, const Knot<T>& s, const Knot<T>& t, const std::vector<T>& x_s) {
    return combined<T>(t.alpha / s.alpha, x_s, ddim_factor(s, t), model(s.t, x_s));
}
/// λ_s = (α_t/α_s) λ_t + (σ_t - σ_s α_t/α_s) λ_tᵀ∂ε̂(s, x_s)
template <class T>
std::vector<T> ddim_reverse(NoiseModel<T>& model, const Knot<T>& s, const Knot<T>& t, const std::vector<T>& x_s,
                            const std::vector<T>& lambda) {
    return combined<T>(t.alpha / s.alpha, lambda, ddim_factor(s, t), model.pulled(s.t, x_s, lambda));
}

/// How e^h - 1 is computed: as it stands, or by 2 tanh(h/2), which agrees to first order and is wrong on purpose.
enum class Exponent { exact, first_order };

/// What AdjointDEIS-1 gives the Jacobian: σ_s (e^h - 1) α_t²/α_s², h = log(α_s/σ_s) - log(α_t/σ_t), so e^h = (α_s σ_t)/(σ_s α_t).
template <class T>
T deis_factor(const Knot<T>& s, const Knot<T>& t, Exponent exponent) {
    const T e = s.alpha * t.sigma / (s.sigma * t.alpha), grown = e - T(1);
    return s.sigma * (exponent == Exponent::exact ? grown : T(T(2) * grown / (e + T(1)))) * t.alpha * t.alpha / (s.alpha * s.alpha);
}
/// λ_s = (α_t/α_s) λ_t + σ_s (e^h - 1) (α_t²/α_s²) λ_tᵀ∂ε̂(t, x_t)
template <class T>
std::vector<T> deis_reverse(NoiseModel<T>& model, const Knot<T>& s, const Knot<T>& t, const std::vector<T>& x_t,
                            const std::vector<T>& lambda, Exponent exponent) {
    return combined<T>(t.alpha / s.alpha, lambda, deis_factor(s, t, exponent), model.pulled(t.t, x_t, lambda));
}

}  // namespace costate::claims
