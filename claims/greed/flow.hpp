// The continuous problem beside a step: its power series when the start itself depends on h, and its value along one direction.
#pragma once

#include "claims/measure/series.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace costate::claims::ahead {

/// y(h) of y' = F(y), y(0) = y₀(h), correct up to and with h^orders, orders < series_terms: y(θh) = y₀ + h ∫₀^θ F(y(θ'h)) dθ',
/// each sweep of the iteration one order more; in θ the coefficients are polynomials, integrated exactly from rational nodes.
template <class C>
std::vector<Expansion<C>> flow_over_step(const Autonomous<C>& field, std::span<const Expansion<C>> y0, std::size_t orders);

/// x₁ and ∂x₁/∂x₀ v of the flow by one step of order 2·columns, and the largest difference from order 2·columns - 2.
struct Direction {
    std::vector<Mpfr50> x1, x1_dot;
    double error = 0;
};
Direction exact_direction(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, In<Mpfr50> v,
                          std::size_t columns);

/// x₁ alone, half as dear.
Direction exact_end(Field<Mpfr50>& f, const Mpfr50& t0, const Mpfr50& t1, In<Mpfr50> x0, std::size_t columns);

/// The adjoint equation λ' = -λᵀ∂f/∂x and the control's a' = -λ, a(t₁) = 0, from (x₁, λ₁) at t₁ back to t₀ in one step.
struct Adjoint {
    std::vector<Mpfr50> x0, lambda, control;
    double error = 0;
};
Adjoint exact_adjoint(Field<Mpfr50>& f, const Mpfr50& t1, const Mpfr50& t0, In<Mpfr50> x1, In<Mpfr50> lambda1,
                      std::size_t columns);

/// The columns at which a step of length h has an error well below h^order · 1e-12.
std::size_t columns_for(double h, std::size_t order);

}  // namespace costate::claims::ahead
