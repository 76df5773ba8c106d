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
/// vertices than q contribute nothing. Simpson's rule on `panels` panels, y and F'(y) carried by Kutta's fourth-order method, eight steps
/// a panel: about 6 digits where T/panels is 1/16 of the field's own scale. T may be negative.
GlobalError global_error(const ode::Tableau& tableau, std::size_t q, const Autonomous<Mpfr50>& field, std::vector<Mpfr50> y,
                         const Mpfr50& T, std::size_t panels = 1);

/// ∫₀ᵀ f(s) ds by Simpson's rule on two panels; f returns as many values every time.
std::vector<Mpfr50> simpson(const Mpfr50& T, const std::function<std::vector<Mpfr50>(const Mpfr50&)>& f);

}  // namespace costate::claims
