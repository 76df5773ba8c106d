// The gradient of a computed solution by every route: in ℚ over a few steps, in ℤ/p over hundreds.
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
};

/// Findings, each in ℚ and in ℤ/p:
///   "state", "parameters", "times"  by the rule, written down here in plain loops, against discretize-then-optimize
///   "engine"                        the engine's own method "partner" against discretize-then-optimize
///   "tangent"                       forward sensitivities against discretize-then-optimize
///   "values"                        the derivative of the computed end as the field's values alone give it (in ℚ[[ε]], one step)
void compare_routes(const Setting& setting, const RuleMaker& rule, Evidence& evidence);

}  // namespace costate::claims::classical
