#include "claims/classics/adjoint_rule.hpp"
#include "claims/classics/exact_routes.hpp"
#include "claims/classics/list.hpp"
#include "ode/time_grid.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

using namespace classical;

constexpr std::size_t steps_in_p = 60, steps_in_picture = 32;

// Digits grow with every product: fewer steps of a field of degree 3.
std::size_t steps_in_q(const Setting& setting) {
    const std::size_t s = ode::effective_stages(setting.tableau);
    return setting.field != "polynomial" || s <= 2 ? 3 : 2;
}

// t_n = n (n + N)/(2 N²), each step longer than the last; every third node is a knot, and both ends; of two steps all nodes.
struct Nodes {
    std::vector<Rational> times;
    std::vector<std::size_t> knots;
};
Nodes nodes(std::size_t steps) {
    Nodes result;
    for (std::size_t n = 0; n <= steps; ++n) {
        result.times.push_back(ratio(static_cast<long>(n * (n + steps)), static_cast<long>(2 * steps * steps)));
        if (n == 0 || n == steps || n % 3 == 2 || steps == 2) result.knots.push_back(n);
    }
    return result;
}

template <class T>
ode::TimeGrid<T> grid_at(const std::vector<T>& times, const std::vector<std::size_t>& knots) {
    ode::TimeGrid<T> grid;
    grid.begin(times.front());
    for (std::size_t n = 1, k = 1; n < times.size(); ++n) {
        grid.push(times[n]);
        if (n != knots[k]) continue;
        grid.mark();
        ++k;
    }
    return grid;
}

// The share of node n's motion that follows from knot k's: a hat over the knots beside it. Broken: none but the knot's own.
Rational share(const Nodes& given, std::size_t n, std::size_t k, bool broken) {
    const std::size_t at = given.knots[k];
    if (n == at) return 1;
    const bool left = n < at;
    if (broken || (left ? k == 0 : k + 1 == given.knots.size())) return 0;
    const std::size_t other = given.knots[left ? k - 1 : k + 1];
    if (left ? n < other : n > other) return 0;
    const Rational &here = given.times[at], &there = given.times[other];
    return Rational((given.times[n] - there) / (here - there));
}

template <class T>
struct OnGrid {
    std::vector<T> x, theta, knots, ends;
    T loss{};
};

// ℓ_k(x) = ⟨v_k, x⟩, v_k = v/(k + 1)
template <class T>
std::vector<T> direction_at(std::size_t k, const std::vector<T>& v) {
    std::vector<T> result = v;
    for (T& one : result) one *= from_rational<T>(ratio(1, static_cast<long>(k) + 1));
    return result;
}

template <class T>
OnGrid<T> by_engine(std::string_view method, const Setting& setting, const Nodes& given) {
    Subject<T> subject = make_subject<T>(setting);
    std::vector<Loss<T>> losses;
    for (std::size_t k = 0; k < given.knots.size(); ++k) losses.push_back(along(direction_at(k, subject.v)));
    auto result = gradient_on_knots<T>(method, subject.field, losses, setting.tableau, grid_at<T>(numbers_in<T>(given.times), given.knots), subject.x0);
    return {std::move(result.x_bar), std::move(result.theta_bar), std::move(result.knot_bars), {result.t0_bar, result.t1_bar}, result.loss};
}

// Step by step: the gradient of each step alone, its ends' derivatives added up at the nodes, then shared out among the knots.
template <class T>
OnGrid<T> by_steps(const Setting& setting, const Nodes& given, bool broken) {
    Subject<T> subject = make_subject<T>(setting);
    const std::vector<T> t = numbers_in<T>(given.times);
    std::vector<std::vector<T>> x{subject.x0};
    for (std::size_t n = 0; n + 1 < t.size(); ++n) x.push_back(solve<T>(setting.tableau, subject.field, t[n], t[n + 1], 1, x.back()));
    OnGrid<T> result{direction_at(given.knots.size() - 1, subject.v), std::vector<T>(subject.field.parameter_count(), T(0)), {}, {}, T(0)};
    for (std::size_t k = 0; k < given.knots.size(); ++k) result.loss += dot(x[given.knots[k]], direction_at(k, subject.v));
    std::vector<T> node_bars(t.size(), T(0));
    for (std::size_t n = t.size() - 1, k = given.knots.size() - 1; n-- > 0;) {
        auto step = gradient<T>("dto", subject.field, along(result.x), setting.tableau, t[n], t[n + 1], 1, x[n]);
        result.x = std::move(step.x_bar);
        for (std::size_t p = 0; p < result.theta.size(); ++p) result.theta[p] += step.theta_bar[p];
        node_bars[n] += step.t0_bar;
        node_bars[n + 1] += step.t1_bar;
        if (n != given.knots[k - 1]) continue;
        const std::vector<T> jump = direction_at(--k, subject.v);
        for (std::size_t i = 0; i < jump.size(); ++i) result.x[i] += jump[i];
    }
    for (std::size_t k = 0; k < given.knots.size(); ++k) {
        T bar(0);
        for (std::size_t n = 0; n < t.size(); ++n) bar += from_rational<T>(share(given, n, k, broken)) * node_bars[n];
        result.knots.push_back(bar);
    }
    result.ends = {result.knots.front(), result.knots.back()};
    return result;
}

// How far each knot moves with ε.
Rational motion(std::size_t k) { return ratio(k % 2 == 0 ? static_cast<long>(k) + 2 : -static_cast<long>(k) - 2, 7); }

// d/dε Σ_k ⟨v_k, x(s_k)⟩ where every knot moves, and the nodes between with them: no derivative of the field is called.
template <class C>
C derivative_of_values(const Setting& setting, const Nodes& given) {
    using Power = Series<C, series_terms>;
    Subject<Power> subject = make_subject<Power>(setting);
    std::vector<Power> times;
    for (std::size_t n = 0; n < given.times.size(); ++n) {
        Rational moves = 0;
        for (std::size_t k = 0; k < given.knots.size(); ++k) moves += share(given, n, k, false) * motion(k);
        times.push_back(Power(from_rational<C>(given.times[n])) + Power::variable() * Power(from_rational<C>(moves)));
    }
    C sum(0);
    for (std::size_t k = 1; k < given.knots.size(); ++k) {
        const std::vector<Power> there = first(times, given.knots[k] + 1);
        const auto x = solve<Power>(setting.tableau, subject.field, grid_at<Power>(there, given.knots), subject.x0);
        sum += dot(x, direction_at(k, subject.v))[1];
    }
    return sum;
}

struct Agreement {
    bool knots = false, ends = false, state = false, partner = false;
};
template <class T>
Agreement agreement(const Setting& setting, std::size_t steps, bool broken) {
    const Nodes given = nodes(steps);
    const OnGrid<T> engine = by_engine<T>("dto", setting, given), partner = by_engine<T>("partner", setting, given),
                    plain = by_steps<T>(setting, given, broken);
    return {equal(engine.knots, plain.knots), equal(engine.ends, plain.ends), equal(engine.x, plain.x) && equal(engine.theta, plain.theta) && equal<T>({engine.loss}, {plain.loss}),
            equal(partner.x, engine.x) && equal(partner.theta, engine.theta) && equal(partner.knots, engine.knots) && equal(partner.ends, engine.ends) &&
                equal<T>({partner.loss}, {engine.loss})};
}

template <class C>
void values_finding(const Setting& setting, Evidence& evidence) {
    const Nodes given = nodes(steps_in_q(setting));
    const OnGrid<C> engine = by_engine<C>("dto", setting, given);
    C found = engine.ends.front() * from_rational<C>(motion(0)) + engine.ends.back() * from_rational<C>(motion(given.knots.size() - 1));
    for (std::size_t k = 1; k + 1 < given.knots.size(); ++k) found += engine.knots[k] * from_rational<C>(motion(k));
    const C expected = derivative_of_values<C>(setting, given);
    evidence.findings.push_back(derivative_finding<C>("values", R"(where knot $k$ moves by $\varepsilon (-1)^k (k + 2)/7$)", found, expected));
}

constexpr const char *of_knots = R"($\bar{s}_k$ of every knot, by the sweep and step by step, equal)", *of_ends = R"($\bar{t}_0$ and $\bar{t}_1$ those of the first and last knot)",
                     *of_state = R"($L$, $\bar{x}_0$ and $\bar{\theta}$ of both equal)", *of_partner = "the adjoint equation, solved by the partner on the same grid, gives the same";

void compare_exactly(const Setting& setting, bool broken, Evidence& evidence) {
    const std::size_t few = steps_in_q(setting);
    const Agreement q = agreement<Rational>(setting, few, broken), p = agreement<PrimeField>(setting, steps_in_p, broken);
    evidence.findings.push_back(in_both("knots", of_knots, q.knots, few, p.knots, steps_in_p));
    evidence.findings.push_back(in_both("ends", of_ends, q.ends, few, p.ends, steps_in_p));
    evidence.findings.push_back(in_both("state", of_state, q.state, few, p.state, steps_in_p));
    evidence.findings.push_back(in_both("partner", of_partner, q.partner, few, p.partner, steps_in_p));
    values_finding<Rational>(setting, evidence);
}

void compare_on_a_network(const Setting& setting, bool broken, Evidence& evidence) {
    const Agreement r = agreement<Mpfr50>(setting, 3, broken);
    const auto add = [&](const char* name, const char* what, bool holds) {
        evidence.findings.push_back(in_scalar<Mpfr50>(equality(name, what, holds ? "equal to 1e-40 over 3 steps" : "differs", holds)));
    };
    add("knots", of_knots, r.knots);
    add("ends", of_ends, r.ends);
    add("state", of_state, r.state);
    add("partner", of_partner, r.partner);
    values_finding<Mpfr50>(setting, evidence);
}

Figure along_the_knots(const Setting& setting) {
    const Nodes given = nodes(steps_in_picture);
    const OnGrid<double> engine = by_engine<double>("dto", setting, given), plain = by_steps<double>(setting, given, false);
    Curve curve{R"($\bar{s}_k$)", {}, engine.knots, plain.knots};
    for (const std::size_t n : given.knots) curve.x.push_back(ScalarTraits<Rational>::to_double(given.times[n]));
    return {"Derivative of a loss along the way with respect to every knot, 32 steps that grow over $[0, 1]$, in double precision", "t", R"($\bar{s}_k$)", false, false,
            {std::move(curve)}};
}

Evidence evidence_of(const Setting& setting, bool broken) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    if (setting.field == "network") compare_on_a_network(setting, broken, evidence);
    else compare_exactly(setting, broken, evidence);
    evidence.figures.push_back(along_the_knots(setting));
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, false); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, true); }

}  // namespace

Claim grid_times() {
    Claim claim{.id = "grid-times",
                .title = "The gradient with respect to every time of a grid",
                .source = "Chen, Rubanova, Bettencourt, Duvenaud 2018, Section 2 and Appendix C (continuous); here for the computed solution",
                .explanation =
                    R"(A grid of unequal steps is given by its knots $s_0 < s_1 < \ldots$: both ends, and the times at which a solution is saved. The nodes between two knots move with them and keep their share of the way. So a loss of the states at the knots, here $L = \sum_k \langle v, x(s_k) \rangle / (k + 1)$, is a function of them, and its derivative with respect to each says what a later start, a later end or a later measurement would change.

One sweep serves all terms: $\lambda$ jumps by the gradient of a term where the sweep meets its knot. It collects $\bar{t}_n$ and $\bar{h}_n$ from every step and shares them out among the two knots on either side. Here the same is computed step by step, each step as a solve of its own: what its two ends are worth is added up at the nodes, and a hat function over the knots says how much of a node's motion is which knot's. Both have to be equal, in rational numbers over as many steps as digits allow and in the field of $2^{61} - 1$ elements over sixty.

That it is the derivative of what was computed is shown once more by moving all knots at once by a formal $\varepsilon$: this calls no derivative of the field at all. (Where digits allow two steps only, all nodes are knots.))",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\bar{s}_k = \sum_n w_k(t_n) \left( \bar{t}_n - \bar{h}_n + \bar{h}_{n-1} \right)$, $w_k$ the hat function of knot $k$, $\bar{t}_n$ and $\bar{h}_n$ the derivatives of $L$ with respect to the start and the length of step $n$.)",
                       .expected = always(true),
                       .run = run,
                       .control = {"The nodes between the knots are taken to stand still.", "knots", run_broken}}};
    claim.axes = {.tableaus = {"midpoint", "euler", "heun", "kutta3", "rk4"}, .fields = {"polynomial", "linear", "gaussian"}, .dims = {2, 1, 3}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
