// ∇ₓL, ∇_θL of the continuous problem ẋ = f(t, x; θ), L = ℓ(x(t₁)), to a requested number of digits, with an error estimate.
// λ̇ = -λᵀ∂f/∂x, λ(t₁) = ∇ℓ;  ∇ₓL = λ(t₀), ∇_θL = ∫ λᵀ∂f/∂θ dt, ∂L/∂t₀ = -λᵀf at t₀, ∂L/∂t₁ = λᵀf at t₁ (Pontryagin 1962; Chen et al. 2018).
#pragma once

#include "ode/detail/truth_collocation.hpp"
#include "ode/detail/truth_extrapolation.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace costate::ode {

/// How the continuous problem is solved.
enum class TruthRoute {
    collocation,    ///< Gauss collocation of order 50 and more on (x, λ, θ̄): fewest evaluations
    /// Gragg–Bulirsch–Stoer, x re-integrated with the adjoint from stored step ends: an independent route, up to ten times the work on networks
    extrapolation,
};

struct TruthOptions {
    int digits = 30;                          ///< relative accuracy asked of x₁, ∇ₓL and ∇_θL, in ‖·‖₂
    bool want_theta = true;                   ///< ∇_θL
    TruthRoute route = TruthRoute::collocation;
    std::size_t max_evaluations = 4'000'000;  ///< of f and vjps together, a solve
    /// Digits of T beyond those asked for: lost to extrapolation weights, to the problem's condition and to the finer solve. Fewer (6 at least) is a
    /// risk that shows in the error.
    int spare = 12;
};

/// error: the largest relative ‖·‖₂ difference, over x₁, ∇ₓL, ∇_θL and L, between this result and a second solve with other nodes, other steps
/// and a tolerance 1000 times larger; so it measures the worse of the two solves. Never below 1000 units of T's last digit. cost is that of both.
template <Scalar T>
struct Truth {
    T loss{};
    std::vector<T> x1, x_bar, theta_bar;
    T t0_bar{}, t1_bar{};
    double error = 0;
    Cost cost;
};

namespace detail {

/// ‖a - b‖₂ / ‖a‖₂; 0 where both vanish.
template <Scalar T>
double relative_difference(std::span<const T> a, std::span<const T> b) {
    T difference = T(0), size = T(0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += (a[i] - b[i]) * (a[i] - b[i]);
        size += a[i] * a[i];
    }
    if (difference == T(0)) return 0;
    if (size == T(0)) return HUGE_VAL;
    const double ratio = std::sqrt(ScalarTraits<T>::to_double(T(difference / size)));
    return std::isfinite(ratio) ? ratio : HUGE_VAL;
}

template <Scalar T, DifferentiableField<T> F, TerminalLoss<T> L>
GradientResult<T> solve_truth(F& f, const L& loss, const T& t0, const T& t1, std::span<const T> x0, const TruthOptions& options, double digits,
                     bool fine) {
    const auto nodes = static_cast<std::size_t>(std::max(4.0, 0.8 * options.digits)) + (fine ? 5 : 0);
    const double first_step = fine ? 0.19 : 0.25;  // no step end in common, lest both miss the same kink
    const SolveGoal goal{digits, nodes, options.want_theta, first_step, options.max_evaluations};
    return options.route == TruthRoute::collocation ? solve_by_collocation(f, loss, t0, t1, x0, goal)
                                                    : solve_by_extrapolation(f, loss, t0, t1, x0, goal);
}

/// The largest relative difference of x₁, ∇ₓL, ∇_θL, and of L where it is not 0.
template <Scalar T>
double solves_differ(const GradientResult<T>& a, const GradientResult<T>& b) {
    double most = 0;
    const auto compare = [&](std::span<const T> u, std::span<const T> v) { most = std::max(most, relative_difference<T>(u, v)); };
    compare(a.x1, b.x1);
    compare(a.x_bar, b.x_bar);
    compare(a.theta_bar, b.theta_bar);
    if (!(a.loss == T(0))) compare(std::span<const T>(&a.loss, 1), std::span<const T>(&b.loss, 1));
    return most;
}

/// Throws std::invalid_argument, see truth().
template <Scalar T>
void check_truth_arguments(std::size_t dim, std::size_t state, const TruthOptions& options) {
    const int most = ScalarTraits<T>::digits10 - options.spare;
    if (options.digits < 4 || options.digits > most)
        throw std::invalid_argument("truth: digits = " + std::to_string(options.digits) + " cannot be had from the scalar " +
                                    std::string(ScalarTraits<T>::name) + (most < 4 ? "; use a scalar with more digits"
                                    : "; choose 4 to " + std::to_string(most) + " or a scalar with more digits"));
    if (dim == 0 || state == 0 || state % dim != 0)
        throw std::invalid_argument("truth: x0 has " + std::to_string(state) + " values, which is no batch of samples of dimension " +
                                    std::to_string(dim) + "; give one or more whole samples");
}

}  // namespace detail

/// The gradients of the continuous problem to options.digits digits; t₁ < t₀ solves backwards. A batch shares its step lengths and its error
/// norm: call it a sample at a time where the samples differ much.
/// Throws std::invalid_argument for digits that T cannot give or an x0 that is no batch, std::runtime_error (one sentence) where the field
/// is not smooth enough, not finite or too long to follow, or where the digits are not reached.
template <OrderedScalar T, DifferentiableField<T> F, TerminalLoss<T> L>
Truth<T> truth(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::type_identity_t<std::span<const T>> x0,
               const TruthOptions& options = {}) {
    detail::check_truth_arguments<T>(f.dim(), x0.size(), options);
    const double goal = std::pow(10.0, -options.digits), floor = std::pow(10.0, 3 - ScalarTraits<T>::digits10);
    double digits = options.digits + 1, error = HUGE_VAL;
    Cost cost;
    for (int attempt = 0; attempt < 3 && digits + options.spare / 2 < ScalarTraits<T>::digits10; ++attempt) {
        const GradientResult<T> coarse = detail::solve_truth(f, loss, t0, t1, x0, options, digits, false);
        GradientResult<T> fine = detail::solve_truth(f, loss, t0, t1, x0, options, digits + 3, true);
        cost.evaluations += coarse.cost.evaluations + fine.cost.evaluations;
        cost.vjps += coarse.cost.vjps + fine.cost.vjps;
        error = std::max(floor, detail::solves_differ(fine, coarse));
        if (error <= goal)
            return {fine.loss, std::move(fine.x1), std::move(fine.x_bar), std::move(fine.theta_bar), fine.t0_bar, fine.t1_bar, error, cost};
        digits += std::isfinite(error) ? std::log10(error / goal) + 1 : HUGE_VAL;
    }
    throw std::runtime_error("truth: " + std::to_string(options.digits) + " digits are not reached in " + std::string(ScalarTraits<T>::name) +
                             " (two solves agree to " + std::to_string(std::max(0.0, -std::log10(error))) +
                             " digits); use a scalar with more digits or ask for fewer");
}

}  // namespace costate::ode
