// The gap of optimize-then-discretize to discretize-then-optimize over an interval: D h^(q-1) + …, D by integrating the one-step coefficient.
#pragma once

#include "ode/extrapolation.hpp"
#include "ode/gap.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode::otd {

namespace detail {

/// (x, λ, D, ξ)' = (f, −Jᵀλ, −JᵀD − K − ∂(Jᵀλ)[ξ], Jξ + ((−1)^p − 1) E_x), J = ∂f/∂x at (t, x). The method's backward steps follow
/// f + (−h)^p E, the stored ones f + h^p E: ξ h^p is how far the x of backsolve is from the stored one, D h^p what it does to λ.
template <class G, class F, class C, std::size_t N>
struct GapField {
    G& f;
    Gap<F, C, N>& gap;
    std::size_t n;

    [[nodiscard]] std::size_t dim() const { return 4 * n; }
    void operator()(const C& t, std::span<const C> y, std::span<C> slope) {
        const auto part = [&](std::size_t k) { return y.subspan(k * n, n); };
        std::fill(slope.begin(), slope.end(), C(0));
        C t_bar(0);
        f(t, part(0), slope.first(n));
        f.vjp(t, part(0), part(1), slope.subspan(n, n), {}, t_bar);
        f.vjp(t, part(0), part(2), slope.subspan(2 * n, n), {}, t_bar);
        const std::vector<C> k = gap.coefficient(t, part(0), part(1));
        for (std::size_t i = 0; i < n; ++i) slope[2 * n + i] += k[i];
        if (drifts()) {
            const std::vector<C> moved = gap.pulled_along(t, part(0), part(1), std::vector<C>(part(3).begin(), part(3).end()));
            const std::vector<C> error = gap.state_error(t, part(0));
            std::vector<C> dx(n);
            f.jvp(t, part(0), C(0), part(3), {}, std::span<C>(dx), slope.last(n));
            for (std::size_t i = 0; i < n; ++i) {
                slope[2 * n + i] += moved[i];
                slope[3 * n + i] -= C(2) * error[i];
            }
        }
        for (C& v : slope.subspan(n, 2 * n)) v = -v;
    }
    /// Only where p is odd do the errors of the way there and of the way back add up.
    [[nodiscard]] bool drifts() const {
        const std::size_t p = gap.order_of_steps();
        return gap.variant().state == StateBy::backsolved && p % 2 == 1 && gap.exponent() == p + 1;
    }
};

}  // namespace detail

/// D over [t₀, t₁] from x₀, λ = loss_gradient(x(t₁)) there. f is gap's field in C. Of backsolve with K stored states `restarts` is K: ξ begins at 0
/// at t₀ + k (t₁ − t₀)/(K + 1). Throws std::runtime_error where the solution cannot be followed.
template <class G, class F, class C, std::size_t N, class LossGradient>
std::vector<C> interval_gap(G& f, Gap<F, C, N>& gap, const C& t0, const C& t1, std::span<const C> x0, LossGradient&& loss_gradient,
                            std::size_t restarts = 0, int digits = 10) {
    const std::size_t n = x0.size();
    ExtrapolationOptions options;
    options.digits = digits;
    const auto follow = [&](auto& field, const C& from, const C& to, std::span<C> y) {
        const ExtrapolationStatus status = extrapolate(field, from, to, y, options);
        if (!status.ok()) throw std::runtime_error("gap over an interval: " + status.failure);
    };
    std::vector<C> y(x0.begin(), x0.end());
    follow(f, t0, t1, std::span<C>(y));
    const std::vector<C> lambda = loss_gradient(std::span<const C>(y));
    y.insert(y.end(), lambda.begin(), lambda.end());
    y.resize(4 * n, C(0));
    detail::GapField<G, F, C, N> field{f, gap, n};
    const auto time = [&](std::size_t k) { return C(t0 + (t1 - t0) * C(static_cast<int>(k)) / C(static_cast<int>(restarts + 1))); };
    for (std::size_t k = restarts + 1; k-- > 0;) {
        follow(field, time(k + 1), time(k), std::span<C>(y));
        std::fill(y.begin() + static_cast<std::ptrdiff_t>(3 * n), y.end(), C(0));
    }
    return {y.begin() + static_cast<std::ptrdiff_t>(2 * n), y.begin() + static_cast<std::ptrdiff_t>(3 * n)};
}

}  // namespace costate::ode::otd
