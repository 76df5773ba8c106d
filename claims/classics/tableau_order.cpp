#include "claims/classics/forest.hpp"
#include "claims/classics/list.hpp"
#include "claims/hypotheses.hpp"

#include <fmt/format.h>

#include <array>

namespace costate::claims {

namespace {

using namespace classical;

// Orders as their authors give them; 0: there is no embedded method.
struct Published {
    std::string_view name;
    std::size_t order, embedded;
};
constexpr std::array<Published, 16> published{{{"euler", 1, 0},
                                               {"midpoint", 2, 0},
                                               {"heun", 2, 0},
                                               {"ralston", 2, 0},
                                               {"kutta3", 3, 0},
                                               {"rk4", 4, 0},
                                               {"three-eighths", 4, 0},
                                               {"bogacki-shampine", 3, 2},
                                               {"fehlberg", 5, 4},
                                               {"cash-karp", 5, 4},
                                               {"dormand-prince", 5, 4},
                                               {"ssprk3", 3, 0},
                                               {"tsitouras", 5, 4},
                                               {"verner-65", 6, 5},
                                               {"verner-87", 8, 7},
                                               {"dop853", 8, 5}}};

// Not a prediction of ours: what the authors say, where the name is known.
void published_order(const ode::Tableau& tableau, Evidence& evidence) {
    const auto* known = std::find_if(published.begin(), published.end(), [&](const Published& p) { return p.name == tableau.name; });
    if (known == published.end()) return;
    const std::size_t own = ode::order(tableau), embedded = ode::embedded_order(tableau);
    evidence.findings.push_back(equality("published order", fmt::format("{}, embedded {} ({}; 0: none)", known->order, known->embedded, tableau.source),
                                         fmt::format("{}, embedded {}", own, embedded), own == known->order && embedded == known->embedded));
}

// Predicted by the trees from the setting's coefficients, shown by a step of `used` on Butcher's equations.
void orders(const ode::Tableau& tableau, const ode::Tableau& used, Evidence& evidence) {
    const std::size_t own = ode::order(tableau), highest = std::min(own + 1, ode::highest_order);
    const std::vector<Rational> shown = forest_step(used, highest);
    evidence.findings.push_back(order_finding("order", own, shown, highest, tableau.exact));
    evidence.figures.push_back(forest_figure(tableau, shown, highest));
    if (!tableau.b_hat.empty()) {
        ode::Tableau embedded = tableau;
        embedded.b = tableau.b_hat;
        const std::size_t lower = ode::embedded_order(tableau), up_to = std::min(lower + 1, ode::highest_order);
        evidence.findings.push_back(order_finding("embedded order", lower, forest_step(embedded, up_to), up_to, tableau.exact));
    }
    published_order(tableau, evidence);
}

bool rows_add_up(const ode::Tableau& tableau) {
    for (std::size_t i = 0; i < tableau.stages(); ++i) {
        Rational row = 0;
        for (std::size_t j = 0; j < tableau.stages(); ++j) row += tableau.A(i, j);
        if (row != tableau.c[i]) return false;
    }
    return true;
}

// x₁ - Φ_h on the setting's field: predicted by trees, measured in powers of h.
template <class C>
Term<C> one_step(const Setting& setting, Evidence& evidence) {
    Subject<Expansion<C>> subject = make_subject<Expansion<C>>(setting);
    const std::size_t n = subject.x0.size();
    const Autonomous<C> field = autonomous<C>(subject.field);
    std::vector<C> y = coefficients<C>(std::span<const Expansion<C>>(subject.x0), 0);
    y.push_back(C(0));
    const auto state = [n](const std::vector<C>& sum) { return first(sum, n); };
    const Term<C> predicted = predicted_term<C>(setting.tableau, field, y, state);

    const std::vector<Expansion<C>> exact = first(flow_series<C>(field, std::span<const C>(y)), n);
    const std::vector<Expansion<C>> x1 = solve<Expansion<C>>(setting.tableau, subject.field, 0, Expansion<C>::variable(), 1, subject.x0);
    evidence.findings.push_back(term_finding("leading term", predicted, leading<C>(minus(x1, exact))));
    return predicted;
}

// The same at 50 digits, for h = 2⁻⁶ … 2⁻¹⁸.
template <class C>
void shrinking_step(const Setting& setting, const Term<C>& predicted, Evidence& evidence) {
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    const auto error = [&](const Mpfr50& h) {
        const std::vector<Mpfr50> x1 = solve<Mpfr50>(setting.tableau, subject.field, 0, h, 1, subject.x0);
        return distance(x1, exact_step(subject.field, 0, h, subject.x0, 6).x1);
    };
    const Slope slope = slope_of(error, Mpfr50(1) / 64);
    evidence.findings.push_back(slope_finding("slope", slope, predicted.exponent));
    evidence.figures.push_back(slope_figure("Error of one step, and its predicted leading term", R"($\lVert x_1 - \Phi_h(x_0) \rVert$)",
                                            {curve_of(slope, static_cast<double>(predicted.exponent), size_of(predicted), setting.tableau.name)}));
}

Evidence evidence_of(const Setting& setting, const ode::Tableau& used) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const bool consistent = setting.tableau.exact ? rows_add_up(setting.tableau) : ode::consistent(setting.tableau);
    const std::string found = setting.tableau.exact ? "so it is, in rational numbers" : "so it is up to the decimals of the coefficients";
    evidence.hypotheses.push_back({R"($c_i = \sum_j a_{ij}$ for every stage)", consistent ? found : "it is not", consistent});
    evidence.hypotheses.push_back(smoothness(setting, ode::order(setting.tableau) + 1));
    orders(setting.tableau, used, evidence);
    if (!setting.tableau.exact || ode::order(setting.tableau) > series_terms - 3) {  // smaller steps leave nothing of such errors in 50 digits
        evidence.subject += setting.tableau.exact ? " (of too high an order for a first term to be measured)" : " (of decimals, so without the exact first term)";
        return evidence;
    }
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        const Term<C> predicted = one_step<C>(setting, evidence);
        if (affordable(setting) && predicted.exponent < series_terms) shrinking_step(setting, predicted, evidence);
    });
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, setting.tableau); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, with_moved_weight(setting.tableau)); }

}  // namespace

Claim tableau_order() {
    Claim claim{.id = "tableau-order",
                .title = "The order of a Runge–Kutta method, by all rooted trees",
                .source = "Butcher 1963; Hairer, Nørsett, Wanner 1993, Theorem II.2.13",
                .explanation =
                    R"(A Runge–Kutta method is a table of rational numbers $a_{ij}, b_i, c_i$. It has order $p$ when its step $x_1$ agrees with the exact flow $\Phi_h(x_0)$ up to $O(h^{p+1})$ for every smooth field. That is a finite list of equations, one for each rooted tree with at most $p$ vertices, and each can be decided in rational numbers.

Here every equation is evaluated from the coefficients, and the largest $p$ for which all hold is the prediction. Whether it is the order of the method is seen by taking steps. On Butcher's equations $y_\tau' = \prod_k y_{\tau_k}$, one for each tree $\tau = [\tau_1 \ldots \tau_m]$, a step shows every condition on its own; the authors' published order is compared as well where the method has an author. Then the theory is put to the test on one field: the trees with $k$ vertices predict the coefficient of $h^k$ in $x_1 - \Phi_h(x_0)$. The first that does not vanish is computed beforehand; afterwards the step is carried out with $h$ as a formal variable, the exact solution is expanded by Taylor's recursion, and the two are subtracted.

On a linear field some trees contribute nothing, and the first non-zero coefficient may come later than $h^{p+1}$; the prediction knows that.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($x_1 - \Phi_h(x_0) = \sum_{\lvert\tau\rvert > p} h^{\lvert\tau\rvert} e(\tau) F(\tau)(x_0)$, $e(\tau) = \frac{1}{\sigma(\tau)} \left( \sum_i b_i g_i(\tau) - \frac{1}{\gamma(\tau)} \right)$, $p$ the largest number with $e(\tau) = 0$ for all $\lvert\tau\rvert \le p$.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) { return "In the step on Butcher's equations " + moved_weight(setting.tableau) + ": the step has no longer the order that is predicted."; },
                                   "order", run_broken}}};
    claim.axes = {.tableaus = all_tableaus("midpoint"), .fields = {"polynomial", "linear", "mixture"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true, .any_tableau = true};
    return claim;
}

}  // namespace costate::claims
