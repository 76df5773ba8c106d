#include "claims/classics/common.hpp"
#include "claims/classics/discrete_gradient.hpp"
#include "claims/classics/list.hpp"

namespace costate::claims {

namespace {

using namespace classical;

// `share` of the stages with b_i = 0: all or nothing.
RuleMaker rule(int share) {
    return rule_maker([share]<class T>(const ode::Tableau& forward, const T& h) { return matsubara_rule<T>(forward, h, T(share)); });
}

Evidence evidence_of(const Setting& setting, int share) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const bool zero = ode::has_zero_weight(setting.tableau);
    evidence.hypotheses.push_back({R"(a stage that reaches $x_1$ has $b_i = 0$)", zero ? "so it is" : "every weight differs from 0", zero});
    const bool none = !ode::partner(setting.tableau).has_value();
    evidence.findings.push_back(equality("no partner", R"(none: $b_i$ would divide)", none ? "none" : "there is one", none));
    compare_routes(setting, rule(share), evidence);
    evidence.figures.push_back(along_the_grid(setting, rule(share), rule(0), "without the stages whose weight is 0"));
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, 1); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, 0); }

}  // namespace

Claim zero_weight() {
    Claim claim{.id = "zero-weight",
                .title = "A weight of zero: no partner, and yet an exact gradient",
                .source = "Matsubara, Miyatake, Yaguchi 2021",
                .explanation =
                    R"(The partner of a Runge–Kutta method divides by the weights $b_i$. Where a weight is 0, as in the explicit midpoint rule or in the pairs of Fehlberg, Cash and Karp, Dormand and Prince, there is no partner. The gradient of the computed solution exists all the same.

Two ways around the division are compared. Differentiating the step needs none at all. The rule of Matsubara, Miyatake and Yaguchi replaces a vanishing weight by the step length and gives those stages an adjoint that starts from 0. Both are carried out in rational numbers and in the field of $2^{61} - 1$ elements, for the state, the parameters and both times, and have to be equal (on a network at 50 digits, its parameters taken as constants).

Stages without weight matter: the control leaves them out of the sweep, which is what one would do if they did not, and gets another gradient.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\lambda_n = \lambda_{n+1} + h \sum_i \tilde{b}_i J_i^\top \Lambda_i$ is the gradient of the computed solution, $\tilde{b}_i = b_i$, or $h$ where $b_i = 0$; $\Lambda_i = \lambda_{n+1} + h \sum_j \frac{\tilde{b}_j a_{ji}}{b_i} J_j^\top \Lambda_j$, or $\sum_j \tilde{b}_j a_{ji} J_j^\top \Lambda_j$ where $b_i = 0$.)",
                       .expected = always(true),
                       .run = run,
                       .control = {R"(The stages with $b_i = 0$ are left out of the sweep, as if their weight made them irrelevant.)", "state", run_broken}}};
    claim.axes = {.tableaus = {"midpoint", "fehlberg", "cash-karp", "dormand-prince"}, .fields = {"polynomial", "linear", "gaussian"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
