// Is a hand-written vjp the transpose of the derivative? For users' own fields.
#pragma once

#include "scalar/traits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace costate::autodiff {

struct CheckGradientOptions {
    double step = 0;       ///< of the central difference, relative to max(1, |x|); 0: cube root of the scalar's precision
    double tolerance = 0;  ///< of relative errors; 0: 10⁴ · step²
    std::uint64_t seed = 1;
};

struct CheckGradientReport {
    bool agrees = true;
    bool has_jvp = false;
    double error_x = 0, error_t = 0, error_theta = 0;  ///< largest relative error of each gradient against central differences
    double error_jvp = 0;                              ///< |⟨λ, J v⟩ - ⟨Jᵀλ, v⟩| relative, where there is a jvp
    std::string sentence;                              ///< names the worst component
};

namespace detail {

template <class T>
std::vector<T> random_values(std::size_t count, std::mt19937_64& random) {
    std::vector<T> v;
    v.reserve(count);
    for (std::size_t i = 0; i < count; ++i) v.push_back(T(static_cast<int>(random() % 2001) - 1000) / T(1000));
    return v;
}

template <class T>
T inner(std::span<const T> a, std::span<const T> b) {
    T s(0);
    for (std::size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
    return s;
}

/// The worst component seen so far of one gradient.
struct WorstComponent {
    double error = 0, given = 0, expected = 0;
    std::string name;
    void see(const std::string& component, double value, double difference, double scale) {
        const double e = std::abs(value - difference) / std::max(scale, 1e-300);
        if (e > error || !(e == e)) error = e == e ? e : HUGE_VAL, given = value, expected = difference, name = component;
    }
};

}  // namespace detail

/// Compares f.vjp with central differences of ⟨λ, f(t, x; θ)⟩ in x and t (in θ too where f has parameters() and
/// set_parameters(span)), and ⟨λ, J v⟩ with ⟨Jᵀλ, v⟩ where f has a jvp; λ and v are random from options.seed. x has one
/// row a sample. Errors are relative to the largest component of the gradient in question (at least 1e-3). The scalar has
/// to be floating-point.
template <class T, class Field>
CheckGradientReport check_gradient(Field& field, const T& t, std::span<const T> x, const CheckGradientOptions& options = {});

template <class T, class Field>
CheckGradientReport check_gradient(Field& field, const T& t, const std::vector<T>& x, const CheckGradientOptions& options = {}) {
    return check_gradient(field, t, std::span<const T>{x}, options);
}

}  // namespace costate::autodiff

#include "autodiff/check_gradient_impl.hpp"
