#include "claims/classics/forest.hpp"
#include "claims/classics/list.hpp"
#include "claims/hypotheses.hpp"

#include <fmt/format.h>

#include <optional>

namespace costate::claims {

namespace {

using namespace classical;

// Σ_i b_i a_ij = b_j (1 - c_j): then Σ_j Â_ij = c_i, and up to order 4 the partner has the order of the method.
bool first_simplifying_condition(const ode::Tableau& tableau) {
    for (std::size_t j = 0; j < tableau.stages(); ++j) {
        Rational sum = 0;
        for (std::size_t i = 0; i < tableau.stages(); ++i) sum += tableau.b[i] * tableau.A(i, j);
        if (sum != tableau.b[j] * (1 - tableau.c[j])) return false;
    }
    return true;
}

// Predicted from the coefficients of the true partner, shown by a step of `used`.
void orders(const ode::Tableau& forward, const ode::Tableau& partner, const ode::Tableau& used, Evidence& evidence) {
    const bool simplifying = first_simplifying_condition(forward);
    const std::size_t p = ode::order(forward), least = std::min<std::size_t>(p, simplifying ? 4 : 2), own = ode::order(partner);
    const std::size_t highest = std::min(own + 1, series_terms - 1);
    const std::vector<Rational> shown = forest_step_in_series(used, highest);
    evidence.findings.push_back(order_finding("order", own, shown, highest));
    evidence.findings.push_back(
        equality("least order", fmt::format(R"(at least {}: $p = {}$, and $\sum_i b_i a_{{ij}} = b_j(1 - c_j)$ {})", least, p, simplifying ? "holds" : "fails"),
                 fmt::format("{} (all rooted trees)", own), own >= least));
    evidence.figures.push_back(forest_figure(partner, shown, highest));
}

template <class C>
void partner_as_a_method(const Setting& setting, const ode::Tableau& partner, Evidence& evidence) {
    const Subject<Expansion<C>> subject = make_subject<Expansion<C>>(setting);
    const Autonomous<C> field = autonomous<C>(subject.field);
    std::vector<C> y = coefficients<C>(std::span<const Expansion<C>>(subject.x0), 0);
    y.push_back(C(0));
    const auto whole = [](const std::vector<C>& sum) { return sum; };
    const Term<C> predicted = predicted_term<C>(partner, field, y, whole);
    const std::vector<Expansion<C>> exact = flow_series<C>(field, std::span<const C>(y));
    evidence.findings.push_back(term_finding("leading term", predicted, leading<C>(minus(implicit_step<C>(partner, field, y), exact))));
    for (std::string* text : {&evidence.findings.back().predicted, &evidence.findings.back().measured})
        if (y.size() <= 3) *text += ", the last entry that of the time";
}

Evidence evidence_of(const Setting& setting, const std::optional<ode::Tableau>& partner) {
    Evidence evidence{.subject = "the partner of " + setting.tableau.name + ", " + describe(setting)};
    evidence.hypotheses.push_back({R"(no weight $b_i$ is 0)", partner ? "so it is" : "a weight is 0: there is no partner", partner.has_value()});
    if (!partner) {
        evidence.findings.push_back(equality("order", "a partner", "none", false));
        return evidence;
    }
    evidence.hypotheses.push_back(smoothness(setting, ode::order(setting.tableau) + 2));
    orders(ode::without_idle_stages(setting.tableau), *ode::partner(setting.tableau), *partner, evidence);
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        partner_as_a_method<C>(setting, *partner, evidence);
        // (A, b) on the state, (Â, b) on λ: p + 1 whatever the order of Â
        gradient_error<C>("gradient", setting, "partner", setting.tableau, evidence);
    });
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, ode::partner(setting.tableau)); }

Evidence run_broken(const Setting& setting) {
    std::optional<ode::Tableau> partner = ode::partner(setting.tableau);
    if (!partner) return run(setting);
    const std::size_t last = partner->stages() - 1;
    if (last == 0) partner->b[0] -= ratio(1, 16);
    else partner->A(last, 0) += ratio(1, 16);
    return evidence_of(setting, partner);
}

}  // namespace

Claim partner_order() {
    Claim claim{.id = "partner-order",
                .title = "The order of the partner, alone and in the pair",
                .source = "Hager 2000; Sanz-Serna 2016",
                .explanation =
                    R"(Differentiating a Runge–Kutta solution backwards amounts to solving the adjoint equation $\lambda' = -J^\top \lambda$ by another Runge–Kutta method on the same grid, its partner $\hat{A}$. Taken by itself, as a method for some equation, the partner may have a lower order than the method it belongs to; together with it, it always has the order $p$ of the forward method.

The partner is computed in rational numbers, and its order is predicted from its coefficients by all rooted trees (it is an implicit method; the trees do not mind). Then it is used as a method: one step with $h$ as a formal variable, its implicit stages found by as many substitutions as the series has powers. Butcher's equations $y_\tau' = \prod_k y_{\tau_k}$, one for each tree, show which conditions of order such a step meets. On the field of the setting the step is compared with the exact flow, and the trees predict the first coefficient that does not vanish.

Last, the pair: the gradient by forward method and partner less the true gradient, along one direction. Its leading coefficient is the derivative in $x$ of the forward method's own error constant, and its exponent is $p + 1$ whatever the partner's order.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\hat{A}_{ij} = b_j - \frac{b_j a_{ji}}{b_i}$ has the order that its own rooted trees give, at least $\min(p, 2)$, and $\min(p, 4)$ where $\sum_i b_i a_{ij} = b_j (1 - c_j)$; the gradient of the pair has the order $p$ of the forward method.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) {
                                       const std::size_t s = ode::effective_stages(setting.tableau);
                                       return s > 1 ? fmt::format(R"(In the step, one entry of the partner, $\hat{{A}}_{{{}1}}$, is enlarged by one sixteenth.)", s)
                                                    : std::string("In the step, the only weight of the partner, $b_1 = 1$, is made smaller by one sixteenth.");
                                   },
                                   "order", run_broken}}};
    claim.axes = {.tableaus = {"heun", "euler", "ralston", "kutta3", "bogacki-shampine", "rk4", "three-eighths"},
                  .fields = {"polynomial", "linear", "mixture"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    return claim;
}

}  // namespace costate::claims
