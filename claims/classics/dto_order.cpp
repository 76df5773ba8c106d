#include "claims/classics/common.hpp"
#include "claims/classics/list.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/global_error.hpp"

namespace costate::claims {

namespace {

using namespace classical;

// K of g_h - g = h^(q-1) K + … over [0, T]: ⟨v, E⟩ for the tangents along every axis, E the principal error of the field of (x, δ).
double predicted_constant(const Setting& setting, std::size_t q, const Mpfr50& T) {
    const Subject<RealSeries> subject = make_subject<RealSeries>(setting);
    const std::size_t n = subject.x0.size();
    const std::vector<Mpfr50> v = coefficients<Mpfr50>(std::span<const RealSeries>(subject.v), 0);
    std::vector<Mpfr50> constant;
    for (std::size_t j = 0; j < n; ++j) {
        std::vector<Mpfr50> y = coefficients<Mpfr50>(std::span<const RealSeries>(subject.x0), 0);
        y.resize(2 * n + 1, Mpfr50(0));
        y[n + j] = 1;
        const std::vector<Mpfr50> error = global_error(setting.tableau, q, tangent_field<Mpfr50>(subject.field), y, T).error;
        constant.push_back(dot(std::vector<Mpfr50>(error.begin() + static_cast<std::ptrdiff_t>(n), error.end()), v));
    }
    return ScalarTraits<Mpfr50>::to_double(norm(constant));
}

// ‖g_h - g‖ over [0, 1/16] in 1, 2, 4, … 4096 steps.
void interval(const Setting& setting, std::size_t order, Evidence& evidence) {
    Subject<Mpfr50> subject = make_subject<Mpfr50>(setting);
    const Mpfr50 end = Mpfr50(1) / 16;
    const double constant = predicted_constant(setting, order + 1, end);
    const Flow flow = exact_step(subject.field, 0, end, subject.x0, 20);
    const std::size_t n = subject.x0.size();
    std::vector<Mpfr50> truth(n, Mpfr50(0));
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) truth[j] += subject.v[i] * flow.jacobian[i * n + j];
    const Loss<Mpfr50> loss = along(subject.v);
    const Slope slope = slope_over(1.0 / 16, [&](std::size_t steps) {
        return distance(gradient<Mpfr50>("dto", subject.field, loss, setting.tableau, 0, end, steps, subject.x0).x_bar, truth);
    });
    evidence.hypotheses.push_back({"the true gradient is known to a millionth of the smallest error", flow.error == 0 ? "exactly, in 50 digits" : "to " + number(flow.error, 1),
                                   flow.error * 1e6 <= slope.error.back()});
    evidence.findings.push_back(slope_finding("slope", slope, order));
    evidence.findings.push_back(constant_finding(constant, slope));
    evidence.figures.push_back(slope_figure(R"(Error of the gradient over $[0, 1/16]$, and its predicted leading term)", R"($\lVert g_h - g \rVert$)",
                                            {curve_of(slope, static_cast<double>(order), constant, setting.tableau.name)}));
}

Evidence evidence_of(const Setting& setting, const ode::Tableau& method) {
    Evidence evidence{.subject = setting.tableau.name + " on " + describe(setting)};
    const std::size_t p = ode::order(setting.tableau);
    evidence.hypotheses.push_back({"the method has an order, by all rooted trees", std::to_string(p), p >= 1});
    evidence.hypotheses.push_back(smoothness(setting, p + 2));
    in_series(setting, [&]<class C>(std::type_identity<C>) {
        const Term<C> predicted = gradient_error<C>("leading term", setting, "dto", method, evidence);
        if (affordable(setting) && predicted.exponent < series_terms) interval(setting, predicted.exponent - 1, evidence);
    });
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, setting.tableau); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, with_moved_weight(setting.tableau)); }

}  // namespace

Claim dto_order() {
    Claim claim{.id = "dto-order",
                .title = "Discretize-then-optimize converges with the order of the forward method",
                .source = "Hager 2000; Sanz-Serna 2016",
                .explanation =
                    R"(The gradient of the computed solution is not the gradient of the true one. It tends to it as the steps shrink, with the order $p$ of the method, for no other reason than that the derivative of an error $C(x) h^{p+1}$ with respect to $x$ is again of that size. Here $C = \sum_{\lvert\tau\rvert = p+1} e(\tau) F(\tau)$ over the rooted trees with $p + 1$ vertices, $F(\tau)$ the elementary differentials of the field ($f'f$, $f''(f, f)$, …) and $e(\tau)$ numbers that the coefficients of the method give.

That sentence predicts more than an exponent: the leading coefficient of the gradient's error after one step is the derivative of the method's error constant, and that is found from the rooted trees by applying them to the field of $(x, \delta)$, a solution and a small variation of it, $\delta' = D_x f\, \delta$. It is computed first. Then one step is reversed with $h$ as a formal variable, the true gradient is expanded by Taylor's recursion, and the first coefficient of the difference is compared.

Over an interval the errors of the steps add up, which costs one power. What they add up to is predicted as well: the principal error solves a linear equation along the exact solution, with the error constants as its source. Power and constant are measured at 50 digits while the number of steps is doubled twelve times.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\langle \nabla_x \ell(x_1) - \nabla_x \ell(\Phi_h(x)), u \rangle = h^{p+1} \langle v, D_x C(x) u \rangle + O(h^{p+2})$, $C = \sum_{\lvert\tau\rvert = p+1} e(\tau) F(\tau)$ the error constant (below), $v = \nabla \ell$; over an interval $O(h^p)$.)",
                       .expected = always(true),
                       .run = run,
                       .control = {[](const Setting& setting) { return "In the step that is reversed " + moved_weight(setting.tableau) + ": it no longer has the order that is predicted."; },
                                   "leading term", run_broken}}};
    claim.axes = {.tableaus = all_tableaus("midpoint"), .fields = {"polynomial", "linear", "mixture"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
