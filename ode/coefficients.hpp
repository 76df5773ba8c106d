// A tableau converted once to the scalar it is run in, zeros left out.
#pragma once

#include "ode/tableau.hpp"
#include "scalar/traits.hpp"

#include <cstddef>
#include <span>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace costate::ode {

/// Read-only and writable arguments from which T is not deduced, so that vectors may be passed.
template <class T>
using View = std::span<const std::type_identity_t<T>>;
template <class T>
using MutableView = std::span<std::type_identity_t<T>>;

/// Σ_m coefficient_m · v[index_m], the non-zero terms of one row or column.
template <Scalar T>
struct Terms {
    std::vector<std::size_t> index;
    std::vector<T> coefficient;

    void add(std::size_t at, const Rational& value) {
        if (value == 0) return;
        index.push_back(at);
        coefficient.push_back(from_rational<T>(value));
    }
    [[nodiscard]] bool empty() const { return index.empty(); }
};

/// (c | A over b) in T, on the effective stages s:
///   rows[i]     a_ij, j < i                        Y_i = x₀ + h Σ_j a_ij k_j
///   weights     b_i                                x₁ = x₀ + h Σ_i b_i k_i
///   columns[i]  b_i at index s, a_ji at j > i      ν_i = b_i λ₁ + Σ_j a_ji ℓ_j
/// Throws std::invalid_argument for a tableau that is not explicit.
template <Scalar T>
struct Coefficients {
    std::size_t stages = 0;
    std::vector<T> c;
    std::vector<Terms<T>> rows, columns;
    Terms<T> weights;
    std::vector<T> ones;  ///< s times 1: λ₀ = λ₁ + Σ ℓ_i
    std::size_t fingerprint = 0;  ///< of (c, A, b): methods that differ differ here

    explicit Coefficients(const Tableau& full) {
        if (!is_explicit(full))
            throw std::invalid_argument("tableau '" + full.name + "' is implicit; the steppers need an explicit one");
        const Tableau tableau = without_idle_stages(full);
        stages = tableau.stages();
        rows.resize(stages);
        columns.resize(stages);
        for (std::size_t i = 0; i < stages; ++i) {
            c.push_back(from_rational<T>(tableau.c[i]));
            weights.add(i, tableau.b[i]);
            columns[i].add(stages, tableau.b[i]);
            for (std::size_t j = 0; j < i; ++j) rows[i].add(j, tableau.A(i, j));
            for (std::size_t j = i + 1; j < stages; ++j) columns[i].add(j, tableau.A(j, i));
        }
        ones.assign(stages, T(1));
        for (const auto* part : {&tableau.c, &tableau.a, &tableau.b})
            for (const Rational& q : *part) fingerprint = fingerprint * 0x9e3779b97f4a7c15u + std::hash<std::string>{}(q.str());
    }
};

}  // namespace costate::ode
