// The engine on fields and losses behind one type: the solvers are compiled once a scalar, in engine_*.cpp.
#pragma once

#include "ode/any_field.hpp"
#include "ode/gradient/result.hpp"
#include "ode/tableau.hpp"
#include "ode/time_grid.hpp"
#include "scalar/multiprecision.hpp"
#include "scalar/prime_field.hpp"
#include "scalar/rational.hpp"
#include "scalar/series.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace costate::claims {

template <class T>
using Field = ode::AnyField<T>;
template <class T>
using Loss = ode::AnyLoss<T>;
template <class T>
using In = std::span<const std::type_identity_t<T>>;

/// ℚ[[h]] and ℝ[[h]] up to h⁷: enough for the constants of methods of order 6.
inline constexpr std::size_t series_terms = 8;
using RationalSeries = Series<Rational, series_terms>;
using RealSeries = Series<Mpfr50, series_terms>;

/// x₁ of `steps` equal steps from t₀ to t₁.
template <class T>
std::vector<T> solve(const ode::Tableau& tableau, Field<T>& f, const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1,
                     std::size_t steps, In<T> x0);

/// x₁ and its derivative along ẋ₀, the tangent of every step.
template <class T>
struct Tangent {
    std::vector<T> x1, x1_dot;
};
template <class T>
Tangent<T> solve_tangent(const ode::Tableau& tableau, Field<T>& f, const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1,
                         std::size_t steps, In<T> x0, In<T> x0_dot);

/// L and its gradient by the method of that name (ode/gradient/methods.hpp: dto, partner, backsolve, stored-states, forward).
/// Throws std::invalid_argument for another name.
template <class T>
ode::GradientResult<T> gradient(std::string_view method, Field<T>& f, const Loss<T>& loss, const ode::Tableau& tableau,
                                const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1, std::size_t steps, In<T> x0);

/// x₁ on a grid of unequal steps.
template <class T>
std::vector<T> solve(const ode::Tableau& tableau, Field<T>& f, const ode::TimeGrid<T>& grid, In<T> x0);

/// L = Σ_k ℓ_k(x(s_k)) and its gradient on such a grid, a loss for each knot, with the derivatives with respect to the knots, by "dto" or
/// "partner". Throws std::invalid_argument for another method, or another number of losses than knots.
template <class T>
ode::GradientResult<T> gradient_on_knots(std::string_view method, Field<T>& f, const std::vector<Loss<T>>& losses, const ode::Tableau& tableau,
                                         const ode::TimeGrid<T>& grid, In<T> x0);

/// x₁ of a method that solves by a scheme of its own (ode/gradient/reversible.hpp). Throws std::invalid_argument for another.
template <class T>
std::vector<T> solve_own_map(std::string_view method, Field<T>& f, const ode::Tableau& tableau, const std::type_identity_t<T>& t0,
                             const std::type_identity_t<T>& t1, std::size_t steps, In<T> x0);

/// ∂x₁/∂x₀ of the discrete flow, row-major d × d: by reverse sweeps, row i the gradient of the i-th coordinate of x₁.
template <class T>
std::vector<T> discrete_jacobian(const ode::Tableau& tableau, Field<T>& f, const std::type_identity_t<T>& t0,
                                 const std::type_identity_t<T>& t1, std::size_t steps, In<T> x0);

/// The continuous problem: x₁, ∂x₁/∂x₀ (row-major) to about `digits` digits, and the error of both as the solver estimates it.
struct Flow {
    std::vector<Mpfr50> x1, jacobian;
    double error = 0;
};
Flow exact_flow(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, int digits = 30);

/// The same by one step of high order, for |t₁ - t₀| so short that it is exact to the digits of the scalar: 10 to 100 times cheaper.
/// `columns` of the extrapolation table: an error of order 2·columns + 1.
Flow exact_step(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, std::size_t columns = 12);

}  // namespace costate::claims
