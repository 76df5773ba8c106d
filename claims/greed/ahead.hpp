// x̂₁, ε̂ in the regular variables, and the gradients of one and of many steps to the end: what the claims of this folder share.
#pragma once

#include "claims/claim.hpp"
#include "claims/engine.hpp"
#include "claims/subjects.hpp"
#include "guidance/models/small_matrix.hpp"
#include "guidance/paths/end.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::claims::ahead {

template <class T>
using Matrix = guidance::SmallMatrix<T>;

/// One flow model on a path, seen in three ways.
///   velocity (t, x) ↦ u        x1hat (t, x) ↦ x̂₁        regular (r, x̃) ↦ ε̂, x̃ = x/α, r = σ/α
/// x̂₁ of a mixture is its posterior mean, and ε̂ is made from its velocity: two formulas. The polynomial field and the linear one
/// are taken as made-up denoisers, a network as a velocity. Scalars: Rational, Mpfr50, double; RealSeries and RationalSeries for
/// mixtures, RealSeries for networks: regular, and a network's x1hat, have values only there. Throws std::invalid_argument as make_subject does.
template <class T>
struct Model {
    guidance::AnyPath path;
    Field<T> velocity, x1hat, regular;
};
template <class T>
Model<T> make_ahead(const Setting& setting);
/// x̂₁ = (x - σc)/α: the noise is c whatever x, and ∂ε̂/∂x̃ = 0.
template <class T>
Model<T> constant_noise(const guidance::AnyPath& path, std::vector<T> c);

/// Whether the model has values in ℚ at the rational times of this folder.
bool exact_here(const Setting& setting);
/// 3/5: σ = 4/5 is rational on linear-vp, too.
template <class T>
T start_time() {
    return from_rational<T>(ratio(3, 5));
}

/// α and r = σ/α at one time.
template <class T>
struct Place {
    T alpha, r;
    [[nodiscard]] T sigma() const { return alpha * r; }
};
template <class T>
Place<T> place_at(const guidance::AnyPath& path, const T& t);

template <class T>
std::vector<T> value(Field<T>& f, const T& t, In<T> x);
/// ∂f/∂x, row by row with vjp.
template <class T>
Matrix<T> jacobian(Field<T>& f, const T& t, In<T> x);

/// ½‖x - y‖² as the loss of these claims.
template <class T>
Loss<T> squared_distance(std::vector<T> y);
template <class T>
Loss<T> linear_functional(std::vector<T> v);

/// ∇ₓ L(x̂₁(t, x)); x1 of the result is x̂₁.
template <class T>
ode::GradientResult<T> greedy(Model<T>& model, const Loss<T>& loss, const T& t, In<T> x);
/// L and ∇ₓL of `steps` steps of dx̃/dr = ε̂ from `from` to `to`, told in x = αx̃, by a gradient method of claims::gradient.
template <class T>
ode::GradientResult<T> in_regular(std::string_view method, Model<T>& model, const Loss<T>& loss, const ode::Tableau& tableau,
                                  const Place<T>& from, const Place<T>& to, std::size_t steps, In<T> x);
/// ∂x₁/∂x of the same steps.
template <class T>
Matrix<T> jacobian_in_regular(Model<T>& model, const ode::Tableau& tableau, const Place<T>& from, const Place<T>& to, In<T> x);

/// M⁻¹ b by elimination with the first pivot that is a unit, the largest where numbers are rounded. Throws std::domain_error for a singular matrix.
template <class T>
std::vector<T> solve_linear(Matrix<T> m, std::vector<T> b);

/// ‖a - b‖/‖b‖ in double; ‖a‖ where b = 0.
template <class T>
double relative_difference(std::span<const T> a, std::span<const T> b);
/// ‖a‖₂ in double.
template <class T>
double size_of(std::span<const T> a);

/// a = b: exactly in ℚ, to 1e-40 (relative) at 50 digits, to 1e-9 in double.
template <class T>
Finding equality(std::string name, std::string predicted, std::span<const T> a, std::span<const T> b);
template <class T>
Finding equality(std::string name, std::string predicted, const std::vector<T>& a, const std::vector<T>& b) {
    return equality<T>(std::move(name), std::move(predicted), std::span<const T>(a), std::span<const T>(b));
}
/// A size that was computed beforehand against one measured, to a relative tolerance.
Finding size_finding(std::string name, double predicted, double measured, double tolerance, Proof proof,
                     std::string uncertainty);

/// The tableau with an eighth of b moved from the last stage to the first: consistent, of order 1. Of one stage: b = 7/8.
ode::Tableau spoilt(const ode::Tableau& tableau);
/// What that changes, for the control's sentence: "an eighth of the weight moves from the last stage to the first".
std::string spoilt_weight(const ode::Tableau& tableau);

/// $\sigma_t > 0$ at the time of the run.
Hypothesis noise_left(const guidance::AnyPath& path, double t);
/// $\sigma_1 = 0$ and $\alpha_1 = 1$, from the path.
Hypothesis ends_on_data(const guidance::AnyPath& path);

}  // namespace costate::claims::ahead
