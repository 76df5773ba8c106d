// ‖e‖ = max over samples of √( Σ_i w_i (e_i / s_i)² / Σ_i w_i ),  s_i = atol_i + rtol_i max(|x_i|, |x'_i|): acceptable where ‖e‖ ≤ 1.
#pragma once

#include "scalar/traits.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

/// Tolerances of a solve (Hairer, Nørsett, Wanner, Solving ODEs I, II.4, eq. 4.10, 4.11), for one sample of dimension dim.
/// w masks or weighs components: a seminorm where some are 0, as for θ̄ in an adjoint solve (Kidger, Chen, Lyons, "Hey, that's not an ODE", 2021).
template <Scalar T>
struct Tolerances {
    T rtol = T(1) / T(1000), atol = T(1) / T(1000000);
    std::vector<T> rtol_each = {};  ///< a component each, in place of rtol; empty: rtol
    std::vector<T> atol_each = {};  ///< the same for atol
    std::vector<T> weights = {};    ///< w; empty: all 1

    [[nodiscard]] const T& relative(std::size_t i) const { return rtol_each.empty() ? rtol : rtol_each[i]; }
    [[nodiscard]] const T& absolute(std::size_t i) const { return atol_each.empty() ? atol : atol_each[i]; }
    [[nodiscard]] bool counts(std::size_t i) const { return weights.empty() || weights[i] > T(0); }
};

/// Throws std::invalid_argument unless the tolerances are finite, not negative and of a component not both 0, and some weight is positive and none negative.
template <OrderedScalar T>
void check_tolerances(const Tolerances<T>& tolerance, std::size_t dim) {
    const auto fail = [](const std::string& what) { throw std::invalid_argument("tolerances: " + what); };
    const auto usable = [](const T& x) { return x >= T(0) && x - x == T(0); };
    const std::vector<T>* const each[] = {&tolerance.rtol_each, &tolerance.atol_each, &tolerance.weights};
    const char* const names[] = {"rtol_each", "atol_each", "weights"};
    for (std::size_t v = 0; v < 3; ++v)
        if (!each[v]->empty() && each[v]->size() != dim)
            fail(std::string(names[v]) + " has " + std::to_string(each[v]->size()) + " values; give one for each of the " + std::to_string(dim) +
                 " components, or none");
    bool any = false;
    for (std::size_t i = 0; i < dim; ++i) {
        const T &r = tolerance.relative(i), &a = tolerance.absolute(i);
        if (!usable(r) || !usable(a) || !(r + a > T(0)))
            fail("of component " + std::to_string(i) + " rtol or atol is negative or not finite, or both are 0; give finite positive ones");
        if (!tolerance.weights.empty() && !usable(tolerance.weights[i])) fail("the weight of component " + std::to_string(i) + " is negative or not finite");
        any = any || tolerance.counts(i);
    }
    if (!any) fail("all weights are 0; leave at least one component in the norm");
}

namespace detail {

/// Σ_i w_i (e_i / s_i)² / Σ_i w_i of one sample; NaN where x' is not finite in any component.
template <OrderedScalar T>
double mean_square(const Tolerances<T>& tolerance, std::span<const T> e, std::span<const T> x, std::span<const T> x_next) {
    using std::abs;
    double sum = 0, total = 0;
    for (std::size_t i = 0; i < e.size(); ++i) {
        if (!(x_next[i] - x_next[i] == T(0))) return NAN;
        if (!tolerance.counts(i)) continue;
        const double w = tolerance.weights.empty() ? 1 : ScalarTraits<T>::to_double(tolerance.weights[i]);
        total += w;
        if (e[i] == T(0)) continue;  // also where s is 0: no error is no error
        const T a = abs(x[i]), b = abs(x_next[i]);
        const double q = ScalarTraits<T>::to_double(e[i] / (tolerance.absolute(i) + tolerance.relative(i) * (a < b ? b : a)));
        sum += w * q * q;
    }
    return sum / total;
}

}  // namespace detail

/// ‖e‖ for batch-major e, x and x'; with e₂ not empty ‖e‖²/√(‖e‖² + ‖e₂‖²/100), sample by sample. NaN or ∞ as soon as one sample's is.
template <OrderedScalar T>
double error_norm(const Tolerances<T>& tolerance, std::size_t dim, std::span<const T> e, std::span<const T> second, std::span<const T> x,
                  std::span<const T> x_next) {
    double most = 0;
    for (std::size_t b = 0; b < e.size(); b += dim) {
        const auto square_of = [&](std::span<const T> v) {
            return detail::mean_square<T>(tolerance, v.subspan(b, dim), x.subspan(b, dim), x_next.subspan(b, dim));
        };
        double square = square_of(e);
        if (!second.empty() && square > 0) square *= square / (square + square_of(second) / 100);
        if (!(square < HUGE_VAL)) return square;
        most = square > most ? square : most;
    }
    return std::sqrt(most);
}

}  // namespace costate::ode
