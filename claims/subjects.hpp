// What claims are run on: fields made from a setting, the same in every scalar.
#pragma once

#include "claims/engine.hpp"
#include "claims/setting.hpp"
#include "guidance/models/gaussian_mixture.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::claims {

/// linear               ẋ = Ax, A rational, not symmetric
/// polynomial           degree 3, non-autonomous, rational coefficients, parameters θ
/// gaussian             the flow of one Gaussian with a full rational covariance along the setting's path
/// mixture              three Gaussians, anisotropic, covariances that do not commute (dim ≥ 2)
/// mixture-isotropic    three Gaussians s_k² I
/// mixture-commuting    three Gaussians with one eigenbasis, their means on one of its axes: every ∂u/∂x along a trajectory commutes
/// data-set             eight points, each widened by τ = 1/20: the flow of an empirical data set
/// network              the file of --model
std::span<const std::string_view> field_names();
/// "two equations of degree 3 with rational coefficients, seed 0"
std::string describe(const Setting& setting);
/// The same in numbers, mathematics in $…$, so that it can be computed again elsewhere: coefficients of the equations, or weights, means and
/// covariances, then where it starts (`start`, else x₀ of make_subject) and the second vector v. `slope`: what the equations give.
/// Empty for a network, and beyond 3 dimensions.
std::string in_numbers(const Setting& setting, std::span<const Rational> start = {}, const std::string& slope = "\\dot{x}");

/// Whether the field is a flow model on a path (gaussian … data-set), and whether it has values in ℚ (linear, polynomial, and
/// gaussian on a path of rational functions).
bool on_a_path(const Setting& setting);
bool rational(const Setting& setting);

/// A field, where it is run, and a direction.
template <class T>
struct Subject {
    Field<T> field;
    T t0{}, t1{};            ///< 0 and 1
    /// A start, and a direction (of a loss, of a tangent): rational numbers in every scalar, none 0; on a data set the start is a point of
    /// it, moved by less than τ, as between two points the flow is all but torn as t → 1. Claims of a family may start
    /// elsewhere: those of D-Flow at (1/2, 1/2) on the mixture in the plane, and where the matrices of mixture-commuting do commute.
    std::vector<T> x0, v;
};

/// Scalars: Rational, PrimeField and RationalSeries where rational(setting), double, Mpfr50 and RealSeries for all of them. Throws std::invalid_argument in a sentence for what the scalar cannot do.
template <class T>
Subject<T> make_subject(const Setting& setting);

/// The exact model behind gaussian, mixture…, data-set: scalars as above. The field of a data-set subject is guidance::EmpiricalData, the
/// same flow by other formulas.
template <class T>
guidance::GaussianMixture<T> make_model(const Setting& setting);

/// count rational numbers k/16 in [-1.5, 1.5], the same on every machine; different streams are independent.
std::vector<Rational> rational_numbers(std::uint64_t seed, std::uint32_t stream, std::size_t count);

/// The same in the scalar T.
template <class T>
std::vector<T> numbers_in(std::span<const Rational> values) {
    std::vector<T> result;
    for (const Rational& q : values) result.push_back(from_rational<T>(q));
    return result;
}

}  // namespace costate::claims
