#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"
#include "claims/classics/otd_plain.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/global_error.hpp"

#include <fmt/format.h>

namespace costate::claims {

namespace {

using namespace classical;

// λ₀ of "stored-states" with one method less λ₀ of "dto" with another, one step of length h.
template <class C>
std::vector<Expansion<C>> gap(Subject<Expansion<C>>& subject, const ode::Tableau& backward, const ode::Tableau& forward) {
    using Power = Expansion<C>;
    const Loss<Power> loss = along(subject.v);
    return minus(gradient<Power>("stored-states", subject.field, loss, backward, 0, Power::variable(), 1, subject.x0).x_bar,
                 gradient<Power>("dto", subject.field, loss, forward, 0, Power::variable(), 1, subject.x0).x_bar);
}

// Where a step starts: x, t, and the state's companions, λ and a direction.
template <class C>
struct Start {
    std::vector<C> x;
    C t;
    std::vector<C> lambda, u;

    // (x, w, t)
    [[nodiscard]] std::vector<C> with(const std::vector<C>& w) const {
        std::vector<C> y = x;
        y.insert(y.end(), w.begin(), w.end());
        y.push_back(t);
        return y;
    }
};

// K of ⟨gap, u⟩ = K h^(p+1) + …:  K = (-1)^(p+1) ⟨Σ e F_λ, u⟩ - ⟨λ, D_x(Σ e F) u⟩, F_λ the adjoint's part of the field of (x, λ).
// The base point may be taken at either end of the step: the difference is of the next order.
template <class C>
C predicted_gap(const Field<Expansion<C>>& field, const ode::Tableau& tableau, const Start<C>& at) {
    const std::size_t n = at.x.size();
    const std::vector<C> y_lambda = at.with(at.lambda), y_u = at.with(at.u);
    const ErrorConstant<C> adjoint = predicted_error<C>(tableau, adjoint_field<C>(field), std::span<const C>(y_lambda));
    const ErrorConstant<C> tangent = predicted_error<C>(tableau, tangent_field<C>(field), std::span<const C>(y_u));
    const auto part = [n](const std::vector<C>& c) { return std::vector<C>(c.begin() + static_cast<std::ptrdiff_t>(n), c.end()); };
    const C of_adjoint = dot(part(adjoint.constant), at.u), of_tangent = dot(part(tangent.constant), at.lambda);
    return adjoint.order % 2 == 1 ? C(of_adjoint - of_tangent) : C(-of_adjoint - of_tangent);
}

// ‖K‖ of gap = h^p K + … over [0, T]: K_j the integral of the one-step coefficient at x(s), λ(s) and the variation that starts as e_j.
double integrated_gap(const Setting& setting, const Mpfr50& T) {
    const Field<RealSeries> series = make_subject<RealSeries>(setting).field;
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    const std::size_t n = subject.x0.size();
    const std::vector<Mpfr50> k = integral(T, [&](const Mpfr50& s) {
        const Flow before = exact_step(subject.field, 0, s, subject.x0), after = exact_step(subject.field, s, T, before.x1);
        std::vector<Mpfr50> value, lambda(n, Mpfr50(0));
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) lambda[j] += subject.v[i] * after.jacobian[i * n + j];
        for (std::size_t j = 0; j < n; ++j) {
            std::vector<Mpfr50> u;
            for (std::size_t i = 0; i < n; ++i) u.push_back(before.jacobian[i * n + j]);
            value.push_back(predicted_gap<Mpfr50>(series, setting.tableau, {before.x1, s, lambda, u}));
        }
        return value;
    });
    return ScalarTraits<Mpfr50>::to_double(norm(k));
}

// Prediction first: K, or that the exponent exceeds p + 1. Returns the exponent that one step is known to have at least.
template <class C>
std::size_t one_step(const std::string& name, const Setting& setting, const ode::Tableau& backward, Evidence& evidence, bool& vanishes) {
    Subject<Expansion<C>> subject = make_subject<Expansion<C>>(setting);
    const std::vector<C> u = second_direction<C>(setting, subject.x0.size());
    const std::size_t exponent = ode::order(setting.tableau) + 1;
    const auto value_of = [](const std::vector<Expansion<C>>& series) { return coefficients<C>(std::span<const Expansion<C>>(series), 0); };
    const C constant = predicted_gap<C>(subject.field, setting.tableau, {value_of(subject.x0), C(0), value_of(subject.v), u});
    vanishes = all_zero(std::vector<C>{constant});
    const std::vector<Expansion<C>> difference = gap<C>(subject, backward, setting.tableau);
    const Term<C> whole = leading<C>(difference);
    if (vanishes) {
        evidence.findings.push_back({name, fmt::format("$0$ at $h^{{{}}}$: the exponent is larger", exponent),
                                     fmt::format("exponent {}{}", whole.exponent, whole.exponent == series_terms ? " or more" : ""),
                                     uncertainty_of<C>(), Proof::coefficient, whole.exponent > exponent});
        return exponent + 1;
    }
    Expansion<C> along_u(0);
    for (std::size_t i = 0; i < u.size(); ++i) along_u += difference[i] * u[i];
    evidence.findings.push_back(term_finding(name, Term<C>{exponent, {constant}}, leading<C>(std::vector<Expansion<C>>{along_u})));
    return exponent;
}

// ‖OTD - DTO‖ over [0, 1/16] in 1, 2, 4, … 4096 steps.
void interval(const Setting& setting, std::size_t order, bool at_least, Evidence& evidence) {
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    const Mpfr50 end = Mpfr50(1) / 16;
    const Loss<Mpfr50> loss = along(subject.v);
    const double constant = at_least ? 0 : integrated_gap(setting, end);
    const Slope slope = slope_over(1.0 / 16, [&](std::size_t steps) {
        return distance(gradient<Mpfr50>("stored-states", subject.field, loss, setting.tableau, 0, end, steps, subject.x0).x_bar,
                        gradient<Mpfr50>("dto", subject.field, loss, setting.tableau, 0, end, steps, subject.x0).x_bar);
    });
    Finding finding = slope_finding("slope", slope, order);
    if (at_least) {
        finding.predicted = fmt::format("at least {}", order);
        finding.holds = slope.at_least(static_cast<double>(order));
    }
    evidence.findings.push_back(std::move(finding));
    if (!at_least) evidence.findings.push_back(constant_finding(constant, slope));
    const std::string title = at_least ? R"(Gap over $[0, 1/16]$, and for reference the predicted power through its last point)"
                                       : R"(Gap over $[0, 1/16]$, and its predicted leading term)";
    evidence.figures.push_back(slope_figure(title, R"($\lVert g_{OTD} - g_{DTO} \rVert$)",
                                            {curve_of(slope, static_cast<double>(order), at_least ? slope.constant : constant, setting.tableau.name)}));
}

// On ẋ = Ax both are the same polynomial in hA: the gap over three steps, in ℚ.
void on_a_linear_field(Setting setting, Evidence& evidence) {
    setting.field = "linear";
    Subject<Rational> subject = make_subject<Rational>(setting);
    const Loss<Rational> loss = along(subject.v);
    const std::vector<Rational> difference =
        minus(gradient<Rational>("stored-states", subject.field, loss, setting.tableau, subject.t0, subject.t1, 3, subject.x0).x_bar,
              gradient<Rational>("dto", subject.field, loss, setting.tableau, subject.t0, subject.t1, 3, subject.x0).x_bar);
    const bool zero = all_zero(difference);
    evidence.findings.push_back(equality("linear fields", R"($0$ exactly, on $\dot{x} = Ax$)", zero ? "$0$ in ℚ over 3 steps" : "not $0$", zero));
}

Evidence evidence_of(const Setting& setting, const ode::Tableau& backward) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const std::size_t p = ode::order(setting.tableau);
    evidence.hypotheses.push_back({"the method has an order, and the series reach beyond it", fmt::format("order {}", p), p >= 1 && p + 1 < series_terms});
    evidence.hypotheses.push_back(smoothness(setting, p + 2));
    Setting heun = setting;
    heun.tableau = ode::find_tableau("heun");
    if (heun.field == "linear" || (heun.field != "network" && !rational(heun))) heun.field = "polynomial";
    bool vanishes = false;
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        const std::size_t exponent = one_step<C>("leading term", setting, backward, evidence, vanishes);
        if (affordable(setting) && setting.field != "linear") interval(setting, exponent - 1, vanishes, evidence);
    });
    in_series(heun, [&]<class C>(std::type_identity<C>) { one_step<C>("Heun", heun, heun.tableau, evidence, vanishes); });
    on_a_linear_field(setting, evidence);
    Setting plain = setting;  // on a cubic field digits triple with every stage: 3¹² times for three stages, two steps, there and back
    if (ode::effective_stages(setting.tableau) > 4 || setting.tableau.stages() == 3) plain.field = "linear";
    otd_in_plain_loops(plain, evidence);
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, setting.tableau); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, with_changed_entry(setting.tableau)); }

}  // namespace

Claim otd_gap() {
    Claim claim{.id = "otd-gap",
                .title = "Optimize-then-discretize less discretize-then-optimize",
                .source = "Hager 2000; Sanz-Serna 2016",
                .explanation =
                    R"(One may also write down the continuous adjoint equation and solve the field of $(x, \lambda)$ backwards by the method itself, each step from the stored state at its right end. That is not the gradient of the computed solution, and not the true gradient either. How far is it from the former?

Both errors are known from the rooted trees $\tau$: $F(\tau)$ are the elementary differentials of a field ($f'f$, $f''(f, f)$, …), $e(\tau)$ numbers that the coefficients of the method give, and $F_\lambda(\tau)$ is the part in $\lambda$ of the elementary differential of the field of $(x, \lambda)$. One backward step of the field of $(x, \lambda)$ errs by $(-h)^{p+1} \sum e(\tau) F(\tau)$ of that field, the reversed forward step by the derivative of $h^{p+1} \sum e(\tau) F(\tau)$ of the field of $x$. The difference of their leading coefficients is computed in rational numbers first; then both gradients are computed with $h$ as a formal variable and subtracted. Over an interval the gap is the integral of that coefficient along the solution, its adjoint and its variations; that is computed, too, before the slope is measured.

The difference may vanish. For Heun's method it always does, so that its gap is $O(h^4)$ in one step and $O(h^3)$ over an interval, one power better than its order; and on a linear field with constant coefficients all methods have no gap at all, which is shown in rational numbers.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\lambda_0^{OTD} - \lambda_0^{DTO} = h^{p+1} \left[ (-1)^{p+1} \sum_\tau e(\tau) F_\lambda(\tau)(x, \lambda) - \left( D_x \sum_\tau e(\tau) F(\tau)(x) \right)^\top \lambda \right] + O(h^{p+2})$, sums over $\lvert\tau\rvert = p + 1$; at least $O(h^p)$ over an interval.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) { return "For the way back, and for the state that it starts from, " + changed_entry(setting.tableau) + "."; },
                                   "leading term", run_broken}}};
    claim.axes = {.tableaus = all_tableaus("midpoint"), .fields = {"polynomial", "linear", "mixture"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
