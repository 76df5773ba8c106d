#include "claims/classics/common.hpp"
#include "claims/classics/discrete_gradient.hpp"
#include "claims/classics/list.hpp"

namespace costate::claims {

namespace {

using namespace classical;

// The partner, changed or not; without one the division-free rule, so that the findings are those of a method that exists.
template <class T>
AdjointRule<T> partner_rule(const ode::Tableau& forward, const T& h, bool broken) {
    std::optional<ode::Tableau> partner = ode::partner(forward);
    if (!partner) return matsubara_rule<T>(forward, h, T(1));
    const std::size_t last = partner->stages() - 1;
    if (broken && last == 0) partner->b[0] += ratio(1, 16);
    else if (broken) partner->A(0, last) += ratio(1, 16);
    return rule_of<T>(*partner);
}

RuleMaker rule(bool broken) {
    return rule_maker([broken]<class T>(const ode::Tableau& forward, const T& h) { return partner_rule<T>(forward, h, broken); });
}

Evidence evidence_of(const Setting& setting, bool broken) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const bool has_partner = ode::partner(setting.tableau).has_value();
    evidence.hypotheses.push_back({R"(no weight $b_i$ is 0)", has_partner ? "so it is" : "a weight is 0: there is no partner", has_partner});
    compare_routes(setting, rule(broken), evidence);
    evidence.figures.push_back(along_the_grid(setting, rule(broken), rule(true), "by the partner with one entry enlarged by one sixteenth"));
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, false); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, true); }

}  // namespace

Claim dto_is_partner() {
    Claim claim{.id = "dto-is-partner",
                .title = "Discretize-then-optimize is the adjoint equation, solved by the partner",
                .source = "Hager 2000; Sanz-Serna 2016",
                .explanation =
                    R"(The gradient of a loss at the end of a Runge–Kutta solution can be had in two ways: differentiate the arithmetic of every step, last step first (discretize, then optimize), or solve the adjoint equation $\lambda' = -J(t, x(t))^\top \lambda$ backwards. The theorem says that the two are the same, to the last digit, when the adjoint equation is solved by the partner tableau on the forward grid, at the forward stages and with the forward nodes $c_i$.

To the last digit is tested as such. Both gradients are computed in rational numbers over as many steps as their digits allow, and in the field of $2^{61} - 1$ elements over two hundred steps, where arithmetic is exact at any length. They have to be equal: for the state, for the parameters, and for both ends of the time interval. The sweep by the partner is written down a second time in plain loops, straight from the tableau; the engine's own has to agree too.

That both are the derivative of what was computed is shown by two more routes: the tangent of every step, and the step itself at $x_0 + \varepsilon u$, $t_0 + \varepsilon \tau_0$, $t_1 + \varepsilon \tau_1$ with a formal $\varepsilon$, which calls no derivative of the field at all. On a network the routes are compared at 50 digits.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\nabla_{x_0} \ell(x_N) = \lambda_0$ where $\Lambda_i = \lambda_n - h \sum_j \hat{A}_{ij} J_j^\top \Lambda_j$, $\lambda_{n+1} = \lambda_n - h \sum_i b_i J_i^\top \Lambda_i$, $\lambda_N = \nabla \ell(x_N)$, $\hat{A}_{ij} = b_j - \frac{b_j a_{ji}}{b_i}$.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) {
                                       const std::size_t s = ode::effective_stages(setting.tableau);
                                       return s > 1 ? "One entry of the partner, $\\hat{A}_{1" + std::to_string(s) + "}$, is enlarged by one sixteenth."
                                                    : std::string("The only weight of the partner, $b_1 = 1$, is enlarged by one sixteenth.");
                                   },
                                   "state", run_broken}}};
    claim.axes = {.tableaus = {"rk4", "euler", "heun", "ralston", "kutta3", "bogacki-shampine", "three-eighths"},
                  .fields = {"polynomial", "linear", "gaussian"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    return claim;
}

}  // namespace costate::claims
