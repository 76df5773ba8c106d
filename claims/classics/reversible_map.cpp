#include "claims/classics/exact_routes.hpp"
#include "claims/classics/list.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

using namespace classical;

constexpr std::array<const char*, 3> methods{"reversible-heun", "alf", "mccallum-foster:2/3"};
constexpr std::size_t steps = 2;  // the first step of a pair of McCallum and Foster is that of its tableau

// x₀ + ε u, t₀ + ε τ₀, t₁ + ε τ₁
template <class C>
struct Direction {
    std::vector<C> u;
    C tau0 = from_rational<C>(ratio(3, 7)), tau1 = from_rational<C>(ratio(-5, 11));
};

// d/dε ⟨v, x₁⟩ of the scheme's own end: no derivative of the field is called.
template <class C>
C derivative_of_values(const char* method, const Setting& setting, const Direction<C>& along_it) {
    using Power = Series<C, series_terms>;
    Subject<Power> subject = make_subject<Power>(setting);
    const Power epsilon = Power::variable();
    for (std::size_t i = 0; i < along_it.u.size(); ++i) subject.x0[i] += epsilon * along_it.u[i];
    const auto end = solve_own_map<Power>(method, subject.field, setting.tableau, subject.t0 + epsilon * along_it.tau0, subject.t1 + epsilon * along_it.tau1, steps, subject.x0);
    return dot(end, subject.v)[1];
}

template <class C>
Curve compare(const Setting& setting, bool broken, Evidence& evidence) {
    Curve curve{R"($d\ell/d\varepsilon$ of each scheme)", {}, {}, {}};
    bool retraced = true;
    for (const char* const method : methods) {
        Subject<C> subject = make_subject<C>(setting);
        const Direction<C> direction{second_direction<C>(setting, subject.x0.size())};
        const auto result = gradient<C>(broken ? "dto" : method, subject.field, along(subject.v), setting.tableau, subject.t0, subject.t1, steps, subject.x0);
        const C found = dot(result.x_bar, direction.u) + result.t0_bar * direction.tau0 + result.t1_bar * direction.tau1,
                expected = derivative_of_values<C>(method, setting, direction);
        evidence.findings.push_back(derivative_finding<C>(method, "of the scheme's own end", found, expected));
        retraced = retraced && result.reconstruction_error <= negligible<C>;
        curve.x.push_back(static_cast<double>(curve.x.size() + 1));
        curve.measured.push_back(ScalarTraits<C>::to_double(found));
        curve.predicted.push_back(ScalarTraits<C>::to_double(expected));
    }
    const std::string found = retraced ? "so it is" : "another state";
    evidence.findings.push_back(in_scalar<C>(equality("retraced", R"($\tilde{x}_0 = x_0$ on the way back, of every scheme)", found, retraced)));
    return curve;
}

Evidence evidence_of(const Setting& setting, bool broken) {
    Evidence evidence{.subject = fmt::format("{} on {}", setting.tableau.name, describe(setting))};
    Curve curve;
    in_series(setting, [&]<class C>(std::type_identity<C>) { curve = compare<C>(setting, broken, evidence); });
    evidence.figures.push_back({R"($\ell$ at $x_0 + \varepsilon u$, $t_0 + \frac{3}{7} \varepsilon$, $t_1 - \frac{5}{11} \varepsilon$: its derivative, two steps)", "scheme", R"($d\ell/d\varepsilon$)", false,
                                false, {std::move(curve)}, {methods.begin(), methods.end()}});
    return evidence;
}

Evidence run(const Setting& setting) { return evidence_of(setting, false); }
Evidence run_broken(const Setting& setting) { return evidence_of(setting, true); }

}  // namespace

Claim reversible_map() {
    Claim claim{.id = "reversible-map",
                .title = "A reversible scheme's gradient is that of its own map",
                .source = "Kidger, Foster, Li, Lyons 2021; Zhuang, Dvornek, Tatikonda, Duncan 2021; McCallum, Foster 2024",
                .explanation =
                    R"(A reversible scheme carries a second array along and so can be run backwards exactly: no state is stored, each is computed again on the way back, and the gradient is still that of the computed solution. That solution is the scheme's own, not that of a Runge–Kutta method; its second array begins with a slope, $f(t_0, x_0)$, or with $x_0$ once more, which also depends on where and when the solution starts.

In rational numbers nothing is rounded, so the way back has to meet $x_0$ itself. The derivative is compared with that of the scheme's own end at $x_0 + \varepsilon u$, $t_0 + \varepsilon \tau_0$, $t_1 + \varepsilon \tau_1$ with a formal $\varepsilon$, which calls no derivative of the field. Two steps are taken: in the first, the second array does not matter yet. The tableau is that of the pair of McCallum and Foster; the other two schemes have none. On a network all is compared at 50 digits.)",
                .readings = {}};
    claim.readings = {{.name = "precise",
                       .statement = R"($\langle \bar{x}_0, u \rangle + \tau_0 \bar{t}_0 + \tau_1 \bar{t}_1 = \frac{d}{d\varepsilon} \ell(x_N)$ for every $u$, $\tau_0$, $\tau_1$, and $\tilde{x}_0 = x_0$ on the way back.)",
                       .expected = always(true),
                       .run = run,
                       .control = {"The gradient is that of the Runge–Kutta method, not of the scheme.", "alf", run_broken}}};
    claim.axes = {.tableaus = {"midpoint", "euler", "heun"}, .fields = {"polynomial", "linear", "gaussian"}, .dims = {2, 1, 3}, .seed = true, .model = true};
    return claim;
}

}  // namespace costate::claims
