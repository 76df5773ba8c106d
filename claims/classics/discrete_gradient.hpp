// The gradient of a computed solution by every route: in ℚ over a few steps, in ℤ/p over hundreds; on a network at 50 digits.
#pragma once

#include "claims/classics/adjoint_rule.hpp"
#include "claims/claim.hpp"
#include "claims/setting.hpp"

#include <functional>

namespace costate::claims::classical {

/// What turns a forward tableau (no idle stages) and a step length into a rule for λ.
struct RuleMaker {
    std::function<AdjointRule<Rational>(const ode::Tableau&, const Rational&)> in_q;
    std::function<AdjointRule<PrimeField>(const ode::Tableau&, const PrimeField&)> in_p;
    std::function<AdjointRule<Mpfr50>(const ode::Tableau&, const Mpfr50&)> in_r;
    std::function<AdjointRule<double>(const ode::Tableau&, const double&)> in_double;
};

/// A rule that is given as a function of the scalar: make.template operator()<T>(forward, h).
template <class Make>
RuleMaker rule_maker(Make make) {
    return {[make](const ode::Tableau& forward, const Rational& h) { return make.template operator()<Rational>(forward, h); },
            [make](const ode::Tableau& forward, const PrimeField& h) { return make.template operator()<PrimeField>(forward, h); },
            [make](const ode::Tableau& forward, const Mpfr50& h) { return make.template operator()<Mpfr50>(forward, h); },
            [make](const ode::Tableau& forward, const double& h) { return make.template operator()<double>(forward, h); }};
}

/// Findings, each in ℚ and in ℤ/p, or at 50 digits, where a network's parameters are taken as constants:
///   "state", "parameters", "times"  by the rule, written down here in plain loops, against discretize-then-optimize
///   "engine"                        the engine's own method "partner" against discretize-then-optimize
///   "tangent"                       forward sensitivities against discretize-then-optimize
///   "values"                        the derivative of the computed end as the field's values alone give it (in ℚ[[ε]] or ℝ[[ε]], one step)
void compare_routes(const Setting& setting, const RuleMaker& rule, Evidence& evidence);

/// The first coordinate of λ_n - ∂⟨v, x_N⟩/∂x_n at every point of a grid of 32 steps, in double precision: λ by the rule, the derivative that of
/// the computed solution; and λ by a rule that is broken, for comparison.
Figure along_the_grid(const Setting& setting, const RuleMaker& rule, const RuleMaker& broken, const std::string& what_is_broken);

}  // namespace costate::claims::classical
