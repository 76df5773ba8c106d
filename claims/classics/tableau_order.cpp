#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"

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
constexpr std::array<Published, 11> published{{{"euler", 1, 0},
                                               {"midpoint", 2, 0},
                                               {"heun", 2, 0},
                                               {"ralston", 2, 0},
                                               {"kutta3", 3, 0},
                                               {"rk4", 4, 0},
                                               {"three-eighths", 4, 0},
                                               {"bogacki-shampine", 3, 2},
                                               {"fehlberg", 5, 4},
                                               {"cash-karp", 5, 4},
                                               {"dormand-prince", 5, 4}}};

Finding order_finding(std::string name, const ode::Tableau& tableau, std::size_t proved, std::size_t claimed) {
    const std::size_t trees = proved == 0 ? 0 : ode::rooted_trees(proved).size();
    Finding finding = equality(std::move(name), fmt::format("{} ({})", claimed, tableau.source),
                               fmt::format("{} ({} trees, the next order fails)", proved, trees), proved == claimed);
    if (claimed == 0) {
        finding.predicted = "at least 1; no published order is known under this name";
        finding.holds = proved >= 1;
    }
    return finding;
}

void orders(const ode::Tableau& tableau, Evidence& evidence) {
    const auto* known = std::find_if(published.begin(), published.end(), [&](const Published& p) { return p.name == tableau.name; });
    const bool found = known != published.end();
    evidence.findings.push_back(order_finding("order", tableau, ode::order(tableau), found ? known->order : 0));
    if (!tableau.b_hat.empty())
        evidence.findings.push_back(order_finding("embedded order", tableau, ode::embedded_order(tableau), found ? known->embedded : 0));
    bool consistent = true;
    for (std::size_t i = 0; i < tableau.stages(); ++i) {
        Rational row = 0;
        for (std::size_t j = 0; j < tableau.stages(); ++j) row += tableau.A(i, j);
        consistent = consistent && row == tableau.c[i];
    }
    evidence.hypotheses.push_back({R"($c_i = \sum_j a_{ij}$ for every stage)", consistent ? "so it is, in rational numbers" : "it is not", consistent});
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

Evidence run(const Setting& setting) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    orders(setting.tableau, evidence);
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        const Term<C> predicted = one_step<C>(setting, evidence);
        if (affordable(setting) && predicted.exponent < series_terms) shrinking_step(setting, predicted, evidence);
    });
    return evidence;
}

Evidence run_broken(Setting setting) {
    setting.tableau = with_moved_weight(setting.tableau);
    return run(setting);
}

}  // namespace

Claim tableau_order() {
    Claim claim{.id = "tableau-order",
                .title = "The order of a Runge–Kutta method, by all rooted trees",
                .source = "Butcher 1963; Hairer, Nørsett, Wanner 1993, Theorem II.2.13",
                .explanation =
                    R"(A Runge–Kutta method is a table of rational numbers $a_{ij}, b_i, c_i$. It has order $p$ when its step $x_1$ agrees with the exact flow $\Phi_h(x_0)$ up to $O(h^{p+1})$ for every smooth field. That is a finite list of equations, one for each rooted tree with at most $p$ vertices, and each can be decided in rational numbers.

Here every equation is evaluated, and the largest $p$ for which all hold is compared with the order that the authors of the method published. Then the theory is put to the test on one field: the trees with $k$ vertices predict the coefficient of $h^k$ in $x_1 - \Phi_h(x_0)$. The first that does not vanish is computed beforehand; afterwards the step is carried out with $h$ as a formal variable, the exact solution is expanded by Taylor's recursion, and the two are subtracted.

On a linear field some trees contribute nothing, and the first non-zero coefficient may come later than $h^{p+1}$; the prediction knows that.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($x_1 - \Phi_h(x_0) = \sum_{\lvert\tau\rvert > p} h^{\lvert\tau\rvert} e(\tau) F(\tau)(x_0)$, $e(\tau) = \frac{1}{\sigma(\tau)} \left( \sum_i b_i g_i(\tau) - \frac{1}{\gamma(\tau)} \right)$, and $p$ is the published order.)",
                       .expected = always(true),
                       .run = run,
                       .control = {"One sixteenth of the last weight that counts is moved to the first stage (for a single stage it is dropped): the weights still add up as they did but for that, and the method loses its order.",
                                   "order", run_broken}}};
    claim.axes = {.tableaus = all_tableaus("midpoint"), .fields = {"polynomial", "linear", "mixture"}, .dims = {2, 1, 3, 10}, .seed = true};
    return claim;
}

}  // namespace costate::claims
