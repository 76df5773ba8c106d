#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace costate::claims {

namespace {

using namespace classical;

/// λ_nᵀδ_n for n = 0 … N: δ by the tangent of every step, λ by one backward step of `sweep` at a time, along the same states.
template <class T>
std::vector<T> products(const Setting& setting, const ode::Tableau& sweep, std::size_t steps) {
    Subject<T> subject = make_subject<T>(setting);
    const T h = (subject.t1 - subject.t0) / T(static_cast<int>(steps));
    const auto at = [&](std::size_t n) { return T(subject.t0 + T(static_cast<int>(n)) * h); };
    std::vector<Tangent<T>> states{{subject.x0, second_direction<T>(setting, subject.x0.size())}};
    for (std::size_t n = 0; n < steps; ++n)
        states.push_back(solve_tangent<T>(setting.tableau, subject.field, at(n), at(n + 1), 1, states[n].x1, states[n].x1_dot));
    std::vector<T> lambda = subject.v, result{dot(lambda, states.back().x1_dot)};
    for (std::size_t n = steps; n-- > 0;) {
        lambda = gradient<T>("partner", subject.field, along(lambda), sweep, at(n), at(n + 1), 1, states[n].x1).x_bar;
        result.insert(result.begin(), dot(lambda, states[n].x1_dot));
    }
    return result;
}

template <class T>
std::size_t different(const std::vector<T>& values) {
    std::vector<T> seen;
    for (const T& v : values)
        if (std::find(seen.begin(), seen.end(), v) == seen.end()) seen.push_back(v);
    return seen.size();
}

Finding constant_finding(std::string name, std::size_t steps, std::size_t values, const std::string& which) {
    return equality(std::move(name), fmt::format("1 value at {} times", steps + 1),
                    fmt::format("{} value{}{}", values, values == 1 ? "" : "s", which), values == 1);
}

// ⟨v, δ_N⟩ of a step against the derivative of ⟨v, x₁(x₀ + ε δ₀)⟩, from values of the field alone.
Finding tangent_finding(const Setting& setting) {
    Subject<RationalSeries> subject = make_subject<RationalSeries>(setting);
    const std::vector<Rational> delta = second_direction<Rational>(setting, subject.x0.size());
    std::vector<RationalSeries> start = subject.x0;
    for (std::size_t i = 0; i < start.size(); ++i) start[i] += RationalSeries::variable() * delta[i];
    const Rational expected = dot(solve<RationalSeries>(setting.tableau, subject.field, subject.t0, subject.t1, 1, start), subject.v)[1];
    Subject<Rational> exact = make_subject<Rational>(setting);
    const Rational found = dot(solve_tangent<Rational>(setting.tableau, exact.field, exact.t0, exact.t1, 1, exact.x0, delta).x1_dot, exact.v);
    return equality("tangent", fmt::format("one step, $\\frac{{d}}{{d\\varepsilon}} \\langle v, x_1(x_0 + \\varepsilon \\delta_0) \\rangle = {}$", shown(expected)),
                    fmt::format("${}$", shown(found)), expected == found);
}

// On a network: the largest |λ_nᵀδ_n - λ_Nᵀδ_N| at 50 digits, relative; and its tangent against a power series of its values.
void on_a_network(const Setting& setting, const ode::Tableau& sweep, Evidence& evidence) {
    constexpr std::size_t steps = 4;
    const std::vector<Mpfr50> all = products<Mpfr50>(setting, sweep, steps);
    std::vector<Mpfr50> first(all.size(), all.front());
    const Mpfr50 off = distance(all, first) / norm(first);
    evidence.findings.push_back({"conserved", fmt::format("1 value at {} times", steps + 1), fmt::format("differences of {} of it", number(off, 2)),
                                 "rounding below 1e-40", Proof::bound, off < Mpfr50("1e-40")});
    Subject<RealSeries> subject = make_subject<RealSeries>(setting);
    Subject<Mpfr50> at = make_subject<Mpfr50>(setting);
    const std::vector<Mpfr50> delta = second_direction<Mpfr50>(setting, at.x0.size());
    for (std::size_t i = 0; i < delta.size(); ++i) subject.x0[i] += RealSeries::variable() * delta[i];
    const Mpfr50 expected = dot(solve<RealSeries>(setting.tableau, subject.field, subject.t0, subject.t1, 1, subject.x0), subject.v)[1],
                 found = dot(solve_tangent<Mpfr50>(setting.tableau, at.field, at.t0, at.t1, 1, at.x0, delta).x1_dot, at.v),
                 error = abs(Mpfr50(expected - found)) / norm(std::vector<Mpfr50>{expected});
    evidence.findings.push_back({"tangent", fmt::format("${}$", shown(expected)), fmt::format("${}$", shown(found)), "rounding below 1e-40", Proof::bound,
                                 error < Mpfr50("1e-40")});
}

// Where it stays finite, λ_nᵀδ_n in double precision, of the pair and of a λ by the partner of a method that differs in one entry; and how far `own` drifts.
void drift(const Setting& setting, const ode::Tableau& sweep, Evidence& evidence) {
    constexpr std::size_t steps = 32;
    const std::vector<double> own = products<double>(setting, sweep, steps);
    if (!std::all_of(own.begin(), own.end(), [](double value) { return std::isfinite(value); })) return;  // some solutions of degree 3 are infinite before t = 1
    double largest = 0;
    for (const double value : own) largest = std::max(largest, std::abs(value - own.back()));
    largest /= std::abs(own.back());
    evidence.findings.push_back({"picture", fmt::format("$\\lambda_n^\\top \\delta_n = {}$ at 33 times, as in the picture", number(own.back(), 4)),
                                 fmt::format("differences of {} of it", number(largest, 1)), "double precision, rounding below 1e-10", Proof::illustration,
                                 largest < 1e-10, false});
    const ode::Tableau other = with_changed_entry(setting.tableau);
    const std::vector<double> foreign = products<double>(setting, other, steps);
    Curve pair{"the pair", {}, {}, {}}, mixed{R"($\lambda$ by the partner of a method with one entry changed)", {}, {}, {}};
    for (std::size_t n = 0; n <= steps; ++n) {
        const double t = static_cast<double>(n) / steps;
        pair.x.push_back(t);
        pair.measured.push_back(own[n]);
        pair.predicted.push_back(own.back());
        mixed.x.push_back(t);
        mixed.measured.push_back(foreign[n]);
    }
    evidence.figures.push_back({R"($\lambda_n^\top \delta_n$ along the grid, 32 steps over $[0, 1]$ in double precision)", "t", R"($\lambda_n^\top \delta_n$)", false,
                                false, {pair, mixed}});
}

// b_i Â_ij + b_j a_ji = b_i b_j, or no partner and the rule for weights 0.
void symplectic(const ode::Tableau& full, Evidence& evidence) {
    const std::optional<ode::Tableau> partner = ode::partner(full);
    const ode::Tableau forward = ode::without_idle_stages(full);
    bool holds = partner.has_value() || ode::has_zero_weight(full);
    for (std::size_t i = 0; partner && i < forward.stages(); ++i)
        for (std::size_t j = 0; j < forward.stages(); ++j)
            holds = holds && forward.b[i] * partner->A(i, j) + forward.b[j] * forward.A(j, i) == forward.b[i] * forward.b[j];
    evidence.hypotheses.push_back({R"(the pair is symplectic: $b_i \hat{A}_{ij} + b_j a_{ji} = b_i b_j$, or a weight is 0 and Matsubara's rule takes the partner's place)",
                                   !partner ? "a weight is 0" : holds ? "so it is for all $i, j$" : "it is not", holds});
}

Evidence evidence_of(const Setting& setting, const ode::Tableau& sweep) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const std::size_t s = ode::effective_stages(setting.tableau), few = s <= 2 ? 3 : s == 3 ? 2 : 1, many = 256;
    symplectic(setting.tableau, evidence);
    if (setting.field == "network") {
        on_a_network(setting, sweep, evidence);
        drift(setting, sweep, evidence);
        return evidence;
    }
    const std::vector<Rational> in_q = products<Rational>(setting, sweep, few);
    const std::vector<PrimeField> in_p = products<PrimeField>(setting, sweep, many);
    evidence.findings.push_back(constant_finding("conserved", many, different(in_p), " in the field of $2^{61} - 1$ elements"));
    evidence.findings.push_back(constant_finding("conserved in ℚ", few, different(in_q), fmt::format(" over {} step{}: ${}$", few, few == 1 ? "" : "s", shown(in_q.back()))));
    evidence.findings.push_back(tangent_finding(setting));
    drift(setting, sweep, evidence);
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, setting.tableau); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, with_changed_entry(setting.tableau)); }

}  // namespace

Claim lambda_delta() {
    Claim claim{.id = "lambda-delta",
                .title = "The pairing of adjoint and variation is conserved",
                .source = "Sanz-Serna 2016",
                .explanation =
                    R"(Along a solution, a small variation follows $\delta' = J \delta$ and the adjoint follows $\lambda' = -J^\top \lambda$, so that $\lambda^\top \delta$ never changes: that is why the adjoint at the start is the gradient. A numerical gradient is exact for the computed solution if the discrete $\lambda_n^\top \delta_n$ does not change either. A Runge–Kutta method and its partner conserve it exactly, as a symplectic pair (where a weight is 0, with the rule of Matsubara, Miyatake and Yaguchi in its place).

Exactly means: the $\lambda_n^\top \delta_n$ of all grid points are one and the same number. It is computed in rational numbers for a few steps and in the field of $2^{61} - 1$ elements for 256, and the different values are counted. That the variation is right is checked against the step at $x_0 + \varepsilon \delta_0$, with a formal $\varepsilon$. On a network, which has no values in rational numbers, all of this is done at 50 digits.

With one entry of the method changed on the way back the product drifts, as the picture shows and the control proves.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\lambda_n^\top \delta_n = \lambda_0^\top \delta_0$ for all $n$, when $\delta$ is solved by $(A, b)$ and $\lambda$ by its partner $(\hat{A}, b)$.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) { return "$\\lambda$ is carried backwards by the partner of another method, in which " + changed_entry(setting.tableau) + "."; },
                                   "conserved", run_broken}}};
    claim.axes = {.tableaus = all_tableaus("rk4"), .fields = {"polynomial", "linear", "gaussian"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
