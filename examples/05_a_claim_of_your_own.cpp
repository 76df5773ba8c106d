// A claim of your own: the error constant of your method on your field, predicted from rooted trees and then measured, both exactly.
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "claims/verify.hpp"

#include <cstdio>

using namespace costate;
using namespace costate::claims;

// Nyström's method of order 3 (1925).
ode::Tableau nystroem() {
    return {"nystroem-3", {ratio(0), ratio(2, 3), ratio(2, 3)}, {0, 0, 0, ratio(2, 3), 0, 0, 0, ratio(2, 3), 0}, {ratio(1, 4), ratio(3, 8), ratio(3, 8)}};
}

// x₁ - Φ_h = C h⁴ + … of one step of `used` from x = (1, 1/2), while C and the exponent are those of the setting's tableau.
Evidence run(const Setting& setting, const ode::Tableau& used) {
    Field<RationalSeries> duffing;  // x' = y, y' = -x - x³/6
    duffing.dimension = 2;
    duffing.value = [](const auto&, auto x, auto dx) {
        dx[0] = x[1];
        dx[1] = -x[0] - x[0] * x[0] * x[0] * ratio(1, 6);
    };
    const std::vector<Rational> start{1, ratio(1, 2), 0};  // x, y, t
    const auto field = autonomous<Rational>(duffing);
    const auto predicted = predicted_error<Rational>(setting.tableau, field, start);

    const auto exact = flow_series<Rational>(field, start);
    auto error = solve<RationalSeries>(used, duffing, RationalSeries(0), RationalSeries::variable(), 1, numbers_in<RationalSeries>(std::span(start).first(2)));
    for (std::size_t i = 0; i < 2; ++i) error[i] -= exact[i];
    const std::size_t exponent = valuation<Rational>(error);
    const Rational constant = error[0][predicted.order + 1];
    return {.subject = "Duffing's oscillator at (1, 1/2)",
            .findings = {{"exponent", std::to_string(predicted.order + 1), std::to_string(exponent), "exact", Proof::coefficient, exponent == predicted.order + 1},
                         {"constant", number(predicted.constant[0]), number(constant), "exact", Proof::coefficient, constant == predicted.constant[0]}}};
}

int main() {
    const Reading reading{.name = "precise",
                          .statement = R"($x_1 - \Phi_h(x) = h^{p+1} \sum_{|\tau|=p+1} e(\tau) F(\tau)(x) + O(h^{p+2})$)",
                          .expected = always(true),
                          .run = [](const Setting& setting) { return run(setting, setting.tableau); },
                          .control = {"one weight is moved by 1/100", "exponent", [](const Setting& setting) {
                                          ode::Tableau broken = setting.tableau;
                                          broken.b[0] += ratio(1, 100);
                                          return run(setting, broken);
                                      }}};
    const Claim claim{"my-error-constant", "The error constant of Nyström's method", "Butcher 1963", "Both sides are computed in ℚ[[h]].", {reading}};
    VerifyTask task{&claim, &claim.readings[0]};
    task.setting.tableau = nystroem();
    const VerifyRow row = claims::run(task);
    for (const Finding& finding : row.evidence.findings)
        std::printf("%s: predicted %s, measured %s\n", finding.name.c_str(), finding.predicted.c_str(), finding.measured.c_str());
    std::printf("%s, the control was %s\n", row.holds ? "holds" : "does not hold", row.control_noticed ? "noticed" : "not noticed");
    return row.comes_out() ? 0 : 1;
}
