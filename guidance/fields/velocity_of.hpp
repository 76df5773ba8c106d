// u = a(t) x + b(t) n(t, x): the velocity, or x̂₁, of a network or model that returns u, ε̂ or x̂₁.
#pragma once

#include "guidance/fields/affine_of.hpp"

namespace costate::guidance {

/// u from n: τ = t, k = 1. Throws std::domain_error at a singular end: σ = 0 for x1, α = 0 or infinite σ' for epsilon.
struct VelocityMap {
    Parametrisation given;
    AnyPath path;

    template <class T>
    [[nodiscard]] Coordinates<T> coordinates(const T& t) const {
        const Affine<T> u = conversion(given, Parametrisation::velocity, path, t);
        return {u.on_x, u.on_n, T(1), t};
    }
};

/// x̂₁ from n. Throws std::domain_error where n does not determine it: α = 0 for epsilon, α'σ = ασ' for velocity.
struct DenoiserMap {
    Parametrisation given;
    AnyPath path;

    template <class T>
    [[nodiscard]] Coordinates<T> coordinates(const T& t) const {
        const Affine<T> x1 = conversion(given, Parametrisation::x1, path, t);
        return {x1.on_x, x1.on_n, T(1), t};
    }
};

/// VelocityOf<Inner, T>(inner, Parametrisation, path): a DifferentiableField, recording.
template <class Inner, class T>
using VelocityOf = AffineOf<Inner, VelocityMap, T>;

/// DenoiserOf<Inner, T>(inner, Parametrisation, path): (t, x) ↦ x̂₁, with the vjp and jvp of a DifferentiableField.
template <class Inner, class T>
using DenoiserOf = AffineOf<Inner, DenoiserMap, T>;

}  // namespace costate::guidance
