// What the errors of all steps add up to: the leading term of the error over an interval, computed before it is measured.
#pragma once

#include "claims/measure/series.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace costate::claims {

/// y(T), and E of  y_N - y(T) = h^(q-1) E + O(h^q),  h = T/N.
struct GlobalError {
    std::vector<Mpfr50> end, error;
};

/// E' = F'(y) E + Σ_{|τ|=q} e(τ) F(τ)(y), E(0) = 0 (Hairer, Nørsett, Wanner 1993, Section II.8), for a method whose trees of fewer
/// vertices than q contribute nothing. Gauss' rule with `nodes` nodes, y and F'(y) carried from one to the next by four steps of Kutta's
/// fourth-order method: about 6 digits where T/nodes is 1/32 of the field's own scale. T may be negative.
GlobalError global_error(const ode::Tableau& tableau, std::size_t q, const Autonomous<Mpfr50>& field, std::vector<Mpfr50> y,
                         const Mpfr50& T, std::size_t nodes = 5);

/// ∫₀ᵀ f(s) ds by Gauss' rule with five nodes, exact for polynomials of degree 9; f returns as many values every time. T may be negative.
std::vector<Mpfr50> integral(const Mpfr50& T, const std::function<std::vector<Mpfr50>(const Mpfr50&)>& f);

}  // namespace costate::claims
