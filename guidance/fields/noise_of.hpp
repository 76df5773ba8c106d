// ε̂(t, x) of a network or model that returns ε̂, x̂₁ or u.
#pragma once

#include "guidance/fields/affine_of.hpp"

namespace costate::guidance {

/// ε̂ from n: τ = t, k = 1. Throws std::domain_error where n does not determine it: σ = 0 for x1, α'σ = ασ' for velocity.
struct NoiseMap {
    Parametrisation given;
    AnyPath path;

    template <class T>
    [[nodiscard]] Coordinates<T> coordinates(const T& t) const {
        const Affine<T> epsilon = conversion(given, Parametrisation::epsilon, path, t);
        return {epsilon.on_x, epsilon.on_n, T(1), t};
    }
};

/// NoiseOf<Inner, T>(inner, Parametrisation, path): (t, x) ↦ ε̂, with the vjp and jvp of a DifferentiableField, recording.
template <class Inner, class T>
using NoiseOf = AffineOf<Inner, NoiseMap, T>;

}  // namespace costate::guidance
