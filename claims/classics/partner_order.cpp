#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace costate::claims {

namespace {

using namespace classical;

struct Known {
    std::string_view name;
    std::size_t order;
};
constexpr std::array<Known, 7> known_orders{
    {{"euler", 1}, {"heun", 2}, {"ralston", 2}, {"kutta3", 3}, {"bogacki-shampine", 2}, {"rk4", 4}, {"three-eighths", 4}}};

// Σ_i b_i a_ij = b_j (1 - c_j): then Σ_j Â_ij = c_i, and up to order 4 the partner has the order of the method.
bool first_simplifying_condition(const ode::Tableau& tableau) {
    for (std::size_t j = 0; j < tableau.stages(); ++j) {
        Rational sum = 0;
        for (std::size_t i = 0; i < tableau.stages(); ++i) sum += tableau.b[i] * tableau.A(i, j);
        if (sum != tableau.b[j] * (1 - tableau.c[j])) return false;
    }
    return true;
}

void order_finding(const ode::Tableau& forward, const ode::Tableau& partner, Evidence& evidence) {
    const bool simplifying = first_simplifying_condition(forward);
    const std::size_t least = std::min<std::size_t>(ode::order(forward), simplifying ? 4 : 2), proved = ode::order(partner);
    const auto* known = std::find_if(known_orders.begin(), known_orders.end(), [&](const Known& k) { return k.name == forward.name; });
    const bool exact = known != known_orders.end();
    const std::string why = simplifying ? R"($\sum_i b_i a_{ij} = b_j(1 - c_j)$ holds)" : R"($\sum_i b_i a_{ij} = b_j(1 - c_j)$ fails)";
    evidence.findings.push_back(equality("order", fmt::format("{}{} ({})", exact ? "" : "at least ", exact ? known->order : least, why),
                                         fmt::format("{} (all rooted trees)", proved), exact ? proved == known->order : proved >= least));
}

// One step of any tableau, implicit ones too, in powers of h: k_i = F(y + h Σ_j a_ij k_j), every sweep gains a power.
template <class C>
std::vector<Expansion<C>> implicit_step(const ode::Tableau& tableau, const Autonomous<C>& field, const std::vector<C>& y0) {
    const std::size_t n = y0.size(), s = tableau.stages();
    const Expansion<C> h = Expansion<C>::variable();
    std::vector<std::vector<Expansion<C>>> k(s, std::vector<Expansion<C>>(n));
    std::vector<Expansion<C>> y(n), x1(y0.begin(), y0.end());
    for (std::size_t sweep = 0; sweep < series_terms; ++sweep)
        for (std::size_t i = 0; i < s; ++i) {
            y.assign(y0.begin(), y0.end());
            for (std::size_t j = 0; j < s; ++j) {
                const C a = from_rational<C>(tableau.A(i, j));
                for (std::size_t m = 0; m < n; ++m) y[m] += h * k[j][m] * a;
            }
            field(y, k[i]);
        }
    for (std::size_t i = 0; i < s; ++i)
        for (std::size_t m = 0; m < n; ++m) x1[m] += h * k[i][m] * from_rational<C>(tableau.b[i]);
    return x1;
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
}

// The pair: (A, b) on the state, (Â, b) on λ, one step; ⟨λ₀ - λ(0), u⟩ = h^(p+1) ⟨v, D_x(Σ e F) u⟩ + ….
template <class C>
void pair(const Setting& setting, Evidence& evidence) {
    using Power = Expansion<C>;
    Subject<Power> subject = make_subject<Power>(setting);
    const std::size_t n = subject.x0.size();
    const std::vector<C> u = second_direction<C>(setting, n), v = coefficients<C>(std::span<const Power>(subject.v), 0);
    const Autonomous<C> tangent = tangent_field<C>(subject.field);
    std::vector<C> y = coefficients<C>(std::span<const Power>(subject.x0), 0);
    y.insert(y.end(), u.begin(), u.end());
    y.push_back(C(0));
    const auto along_v = [&](const std::vector<C>& sum) { return std::vector<C>{dot(std::vector<C>(sum.begin() + n, sum.end()), v)}; };
    const Term<C> predicted = predicted_term<C>(setting.tableau, tangent, y, along_v);

    const std::vector<Power> exact = flow_series<C>(tangent, std::span<const C>(y));
    const auto gradient_of_pair = gradient<Power>("partner", subject.field, along(subject.v), setting.tableau, 0, Power::variable(), 1, subject.x0);
    Power defect(0);
    for (std::size_t i = 0; i < n; ++i) defect += gradient_of_pair.x_bar[i] * u[i] - subject.v[i] * exact[n + i];
    evidence.findings.push_back(term_finding("gradient", predicted, leading<C>(std::vector<Power>{defect})));
}

Evidence evidence_of(const Setting& setting, const std::optional<ode::Tableau>& partner) {
    Evidence evidence{.subject = "the partner of " + setting.tableau.name + ", " + describe(setting)};
    evidence.hypotheses.push_back({R"(no weight $b_i$ is 0)", partner ? "so it is" : "a weight is 0: there is no partner", partner.has_value()});
    if (!partner) {
        evidence.findings.push_back(equality("order", "a partner", "none", false));
        return evidence;
    }
    order_finding(ode::without_idle_stages(setting.tableau), *partner, evidence);
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        partner_as_a_method<C>(setting, *partner, evidence);
        pair<C>(setting, evidence);
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

The partner is computed in rational numbers and its order is decided by all rooted trees (it is an implicit method; the trees do not mind). Then it is used as a method: one step with $h$ as a formal variable, its implicit stages found by as many substitutions as the series has powers, less the exact flow. The trees predict the first coefficient that does not vanish.

Last, the pair: the gradient by forward method and partner less the true gradient, along one direction. Its leading coefficient is the derivative in $x$ of the forward method's own error constant, and its exponent is $p + 1$ whatever the partner's order.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\hat{A}_{ij} = b_j - \frac{b_j a_{ji}}{b_i}$ has order 1, 2, 2, 3, 2, 4, 4 for Euler, Heun, Ralston, Kutta's third order, Bogacki and Shampine's three stages, Kutta's fourth order and the 3/8 rule; the gradient of the pair has the order $p$ of the forward method.)",
                       .expected = always(true),
                       .run = run,
                       .control = {R"(One entry of the partner, $\hat{A}_{s1}$, is enlarged by one sixteenth (for a single stage its weight is made smaller by as much).)",
                                   "order", run_broken}}};
    claim.axes = {.tableaus = {"heun", "euler", "ralston", "kutta3", "bogacki-shampine", "rk4", "three-eighths"},
                  .fields = {"polynomial", "linear", "mixture"},
                  .dims = {2, 1, 3, 10},
                  .seed = true};
    return claim;
}

}  // namespace costate::claims
