// x̄_h - x̄ = C h^(p+1) + O(h^(p+2)) for one step of a gradient method: C computed beforehand, and whether it vanishes for the field at hand.
// Where C vanishes along a trajectory the observed order is p + 1, not the p that the tableau promises.
#pragma once

#include "ode/extrapolation.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/tableau.hpp"
#include "ode/truth.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace costate::ode {

/// C at one point. The verdict rests on local_order, log₂ of the ratio of the differences at h and h/2: about p + 1, or p + 2 and more where C = 0.
template <Scalar T>
struct LeadingCoefficient {
    std::vector<T> value;    ///< C, batch-major, to about h relative
    double norm = 0;         ///< ‖C‖₂
    double scale = 0;        ///< ‖∇ₓL‖₂ ω^(p+1), ω the larger of ‖λᵀ∂f/∂x‖/‖λ‖ and ‖f‖/‖x‖: what norm is to be compared with
    double local_order = 0;  ///< infinite where the method has no error at all
    bool vanishes = false;
};

namespace detail {

template <Scalar T>
double two_norm(std::span<const T> a) {
    double sum = 0;
    for (const T& v : a) sum = std::hypot(sum, ScalarTraits<T>::to_double(v));
    return sum;
}

/// ∇ₓL of the continuous problem on [t, t + h], one extrapolated step forwards and one of (x, λ) backwards: exact to T where (hω)^(2·columns) is.
template <Scalar T, DifferentiableField<T> F, TerminalLoss<T> L>
std::vector<T> local_gradient(F& f, const L& loss, const T& t, const T& h, std::span<const T> x, std::size_t columns) {
    const std::size_t n = x.size();
    ExtrapolationWorkspace<T> ws;
    std::vector<T> y(2 * n), start(2 * n);
    extrapolation_step(f, t, h, columns, x, std::span<T>(y).first(n), ws);
    loss.gradient(std::span<const T>(y).first(n), std::span<T>(y).subspan(n, n));
    Cost cost;
    AugmentedAdjoint<F, T> adjoint{f, n, 0, cost};
    extrapolation_step(adjoint, T(t + h), T(-h), columns, std::span<const T>(y), std::span<T>(start), ws);
    return {start.begin() + static_cast<std::ptrdiff_t>(n), start.end()};
}

/// ω of LeadingCoefficient, at (t, x) with λ = ∇ℓ(x).
template <Scalar T, DifferentiableField<T> F>
double rate(F& f, const T& t, std::span<const T> x, std::span<const T> lambda) {
    std::vector<T> dx(x.size()), slope(x.size(), T(0));
    T t_bar = T(0);
    f(t, x, std::span<T>(dx));
    f.vjp(t, x, lambda, std::span<T>(slope), {}, t_bar);
    const auto ratio = [](double a, double b) { return b > 0 ? a / b : 0; };
    const double of_state = ratio(two_norm(std::span<const T>(dx)), two_norm(x));
    const double of_adjoint = ratio(two_norm(std::span<const T>(slope)), two_norm(lambda));
    return std::max({of_state, of_adjoint, 1e-6});
}

/// One step of the method less the truth.
template <Scalar T, class Method, class F, class L>
std::vector<T> step_difference(const Method& method, F& f, const L& loss, const Tableau& tableau, const T& t, const T& h, std::span<const T> x,
                               std::size_t columns, std::vector<T>& exact) {
    exact = local_gradient(f, loss, t, h, x, columns);
    const GradientResult<T> step = method(f, loss, tableau, t, T(t + h), 1, x, GradientOptions{false, false});
    std::vector<T> difference = step.x_bar;
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= exact[i];
    return difference;
}

}  // namespace detail

/// C of `method` with `tableau`, of order p, for the step from (t, x) and the loss at its end. The step is chosen from T's digits.
/// Throws std::invalid_argument where T has too few digits (24) to see through two steps.
template <Scalar T, class Method, DifferentiableField<T> F, TerminalLoss<T> L>
LeadingCoefficient<T> leading_coefficient(const Method& method, F& f, const L& loss, const Tableau& tableau, const T& t,
                                          std::type_identity_t<std::span<const T>> x, std::size_t p) {
    constexpr int digits = ScalarTraits<T>::digits10;
    if (digits < 24) throw std::invalid_argument("leading coefficient: the scalar carries too few digits; use one of 50 digits");
    std::vector<T> exact(x.size()), half_exact;
    loss.gradient(x, std::span<T>(exact));
    const double order = static_cast<double>(p) + 1, omega = detail::rate(f, t, x, std::span<const T>(exact));
    const T h = T(std::pow(10.0, -0.6 * digits / order) / omega);  // h^(p+1) takes three fifths of the digits, two fifths measure C
    const auto columns = static_cast<std::size_t>(order / 1.2) + 3;
    const std::vector<T> whole = detail::step_difference(method, f, loss, tableau, t, h, x, columns, exact);
    const std::vector<T> half = detail::step_difference(method, f, loss, tableau, t, T(h / T(2)), x, columns, half_exact);

    LeadingCoefficient<T> result;
    T power = T(1), two = T(1);
    for (std::size_t i = 0; i <= p; ++i) {
        power *= h;
        two += two;
    }
    // D(h)/h^(p+1) = C + C'h + …: Richardson
    for (std::size_t i = 0; i < whole.size(); ++i) result.value.push_back((T(2) * two * half[i] - whole[i]) / power);
    const double size = detail::two_norm(std::span<const T>(exact)), noise = 1e3 * std::pow(10.0, -digits) * size;
    const double at_h = detail::two_norm(std::span<const T>(whole)), at_half = detail::two_norm(std::span<const T>(half));
    result.norm = detail::two_norm(std::span<const T>(result.value));
    result.scale = size * std::pow(omega, order);
    result.local_order = at_half > noise ? std::log2(at_h / at_half) : HUGE_VAL;
    result.vanishes = result.local_order > order + 0.5;
    return result;
}

/// C at `points` places along the true trajectory from x₀, each with the loss ½‖x - y‖² whose gradient there is the true λ(t).
/// The last one is at t₁ with the loss' own gradient. Throws what truth() throws.
template <Scalar T, class Method, DifferentiableField<T> F, TerminalLoss<T> L>
std::vector<LeadingCoefficient<T>> leading_coefficients(const Method& method, F& f, const L& loss, const Tableau& tableau, const T& t0,
                                                        const std::type_identity_t<T>& t1, std::type_identity_t<std::span<const T>> x0,
                                                        std::size_t p, std::size_t points = 3) {
    constexpr int digits = 12;
    std::vector<LeadingCoefficient<T>> result;
    std::vector<T> x(x0.begin(), x0.end());
    T t = t0;
    for (std::size_t k = 1; k <= points; ++k) {
        const T next = t0 + (t1 - t0) * T(static_cast<int>(k)) / T(static_cast<int>(points));
        ExtrapolationOptions options;
        options.digits = digits;
        const ExtrapolationStatus status = extrapolate(f, t, next, std::span<T>(x), options);
        if (!status.ok()) throw std::runtime_error("leading coefficient: " + status.failure);
        t = next;
        std::vector<T> y = x;
        std::vector<T> lambda(x.size());
        if (k == points) {
            loss.gradient(std::span<const T>(x), std::span<T>(lambda));
        } else {
            TruthOptions coarse;
            coarse.digits = digits;
            coarse.want_theta = false;
            lambda = truth(f, loss, t, t1, x, coarse).x_bar;
        }
        for (std::size_t i = 0; i < y.size(); ++i) y[i] -= lambda[i];
        result.push_back(leading_coefficient(method, f, SquaredDistance<T>(y), tableau, t, x, p));
    }
    return result;
}

/// Whether C vanishes at every one of these points: then the predicted order is one higher.
template <Scalar T>
bool all_vanish(const std::vector<LeadingCoefficient<T>>& coefficients) {
    return !coefficients.empty() && std::all_of(coefficients.begin(), coefficients.end(), [](const auto& c) { return c.vanishes; });
}

}  // namespace costate::ode
