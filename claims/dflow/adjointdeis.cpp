// λ_s = (α_t/α_s) λ_t + σ_s (e^h - 1) (α_t²/α_s²) λ_tᵀ∂ε̂(x_t): not the gradient of DDIM, by a factor α_t/α_s and by where ∂ε̂ is taken.
#include "claims/dflow/adjointdeis_steps.hpp"
#include "claims/dflow/equality.hpp"
#include "claims/dflow/list.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <algorithm>
#include <string>

namespace costate::claims {

namespace {

// One step between times at which σ is rational on the rational paths.
template <class C>
struct OneStep {
    Knot<C> s, t;
    NoiseModel<C> model;
    std::vector<C> x_s, x_t, lambda;  ///< λ at t is the gradient of the loss v·x_t
};

template <class C>
OneStep<C> one_step(const Setting& setting) {
    const bool pythagorean = std::holds_alternative<guidance::LinearVp>(setting.path);
    const Rational s = pythagorean ? ratio(3, 5) : ratio(1, 4), t = pythagorean ? ratio(4, 5) : ratio(1, 2);
    const Subject<C> subject = make_subject<C>(setting);
    OneStep<C> step{knot_at<C>(setting.path, from_rational<C>(s)),
                    knot_at<C>(setting.path, from_rational<C>(t)),
                    noise_model<C>(setting),
                    subject.x0,
                    {},
                    subject.v};
    step.x_t = ddim(step.model, step.s, step.t, step.x_s);
    return step;
}

// The gradient of v·x_t with respect to x_s from the map itself: one tangent a coordinate.
template <class C>
std::vector<C> gradient_of_ddim(OneStep<C>& step) {
    const std::size_t d = step.x_s.size();
    std::vector<C> result(d, C(0)), unit(d, C(0));
    for (std::size_t j = 0; j < d; ++j) {
        unit[j] = C(1);
        const std::vector<C> moved =
            combined<C>(step.t.alpha / step.s.alpha, unit, ddim_factor(step.s, step.t), step.model.pushed(step.s.t, step.x_s, unit));
        unit[j] = C(0);
        for (std::size_t i = 0; i < d; ++i) result[j] += step.lambda[i] * moved[i];
    }
    return result;
}

template <class C>
Evidence printed_in(const Setting& setting) {
    OneStep<C> step = one_step<C>(setting);
    const std::vector<C> back = deis_reverse(step.model, step.s, step.t, step.x_t, step.lambda, Exponent::exact);
    Evidence evidence{.subject = describe(setting) + " as noise model, path " + guidance::name_of(setting.path)};
    evidence.findings.push_back(equality<C>("one step", "the gradient of DDIM", back, gradient_of_ddim(step)));
    if (setting.field != "network") evidence.figures.push_back(gap_over_one_step(setting, Exponent::exact).figure);
    return evidence;
}

template <class C>
Evidence precise_in(const Setting& setting, Exponent exponent) {
    OneStep<C> step = one_step<C>(setting);
    const Knot<C>&s = step.s, &t = step.t;
    Evidence evidence{.subject = describe(setting) + " as noise model, path " + guidance::name_of(setting.path)};
    evidence.hypotheses.push_back({"$\\sigma_s, \\sigma_t, \\alpha_s, \\alpha_t$ are not 0",
                                   "$\\alpha_s = $ " + number(Mpfr50(s.alpha), 6) + ", $\\sigma_t = $ " + number(Mpfr50(t.sigma), 6),
                                   s.alpha != C(0) && t.alpha != C(0) && s.sigma != C(0) && t.sigma != C(0)});
    const C factor = deis_factor(s, t, exponent), ratio_found = factor / ddim_factor(s, t);
    evidence.findings.push_back(equality<C>(
        "ratio", "factor of the Jacobian / that of DDIM $= \\alpha_t/\\alpha_s = $ " + number(Mpfr50(C(t.alpha / s.alpha)), 8),
        {ratio_found}, {t.alpha / s.alpha}));
    const std::vector<C> restored =
        combined<C>(t.alpha / s.alpha, step.lambda, factor * s.alpha / t.alpha, step.model.pulled(s.t, step.x_s, step.lambda));
    evidence.findings.push_back(
        equality<C>("one step", "divided by $\\alpha_t/\\alpha_s$, with $\\partial\\hat\\epsilon$ at $x_s$: the gradient of DDIM",
                    restored, gradient_of_ddim(step)));
    if (setting.field != "network") evidence.findings.push_back(gap_over_one_step(setting, exponent).finding);
    many_steps(setting, exponent, evidence);
    return evidence;
}

Evidence printed(const Setting& setting) {
    return exact_noise_model(setting) ? printed_in<Rational>(setting) : printed_in<Mpfr50>(setting);
}
Evidence precise_with(const Setting& setting, Exponent exponent) {
    return exact_noise_model(setting) ? precise_in<Rational>(setting, exponent) : precise_in<Mpfr50>(setting, exponent);
}
Evidence precise(const Setting& setting) { return precise_with(setting, Exponent::exact); }
Evidence broken(const Setting& setting) { return precise_with(setting, Exponent::first_order); }

// α constant and a Jacobian that is the same everywhere: then the two formulas are one.
bool equal_by_luck(const Setting& setting) { return std::holds_alternative<guidance::Ve>(setting.path) && setting.field == "linear"; }

Evidence other_subject(const Setting& setting) {
    Setting other = setting;
    const bool equal = equal_by_luck(setting);
    other.field = equal ? "polynomial" : "linear";
    other.path = equal ? guidance::AnyPath(guidance::CondOt{}) : guidance::AnyPath(guidance::Ve{});
    if (setting.field == "network") other.dim = 2;
    return printed(other);
}

constexpr const char* text =
    "DDIM goes from the noisier time $s$ to $t$ by $x_t = (\\alpha_t/\\alpha_s) x_s + (\\sigma_t - \\sigma_s \\alpha_t/\\alpha_s) "
    "\\hat\\epsilon(s, x_s)$. Its gradient multiplies $\\lambda_t^\\top \\partial\\hat\\epsilon$, taken at $x_s$, by the same "
    "factor. AdjointDEIS-1 discretises the continuous adjoint equation instead and arrives at $\\sigma_s (e^h - 1) "
    "\\alpha_t^2/\\alpha_s^2$ with $\\partial\\hat\\epsilon$ at $x_t$.\n\n"
    "Since $e^h = \\alpha_s \\sigma_t / (\\sigma_s \\alpha_t)$, the exponential is a rational number where $\\alpha$ and $\\sigma$ "
    "are, and one step can be compared exactly: the factors differ by $\\alpha_t/\\alpha_s$, and with that divided out and the "
    "Jacobian moved to $x_s$ nothing differs. The gradient of DDIM is found from tangents of its map, not from the formula above.\n\n"
    "Over one step of length $h$ the two differ by a term in $h^2$ whose coefficient is computed beforehand; over many steps both "
    "approach the gradient of the flow with order 1 and each other with a constant that the same coefficient predicts.";

}  // namespace

Claim adjointdeis_1() {
    const Reading print{"printed",
                        "$\\lambda_s = \\frac{\\alpha_t}{\\alpha_s}\\lambda_t + \\sigma_s(e^h - "
                        "1)\\frac{\\alpha_t^2}{\\alpha_s^2}\\lambda_t^\\top \\partial\\hat\\epsilon(t, x_t)$ is the gradient of DDIM",
                        equal_by_luck,
                        printed,
                        Control{"$\\alpha$ is constant (path ve) and $\\hat\\epsilon$ linear, so that its Jacobian is the same "
                                "everywhere (cond-ot and a polynomial, where the setting is that)",
                                "one step", other_subject},
                        "Read as an exact gradient. The continuous adjoint equation is discretised on its own, so the result is the "
                        "gradient of no discrete map."};
    const Reading exact{"precise",
                        "the factor of $\\lambda_t^\\top\\partial\\hat\\epsilon$ is $\\alpha_t/\\alpha_s$ times that of DDIM, and "
                        "$\\partial\\hat\\epsilon$ is taken at $x_t$, not $x_s$; both have order 1 "
                        "and the same limit",
                        always(true), precise,
                        Control{"$e^h - 1$ is replaced by $2\\tanh(h/2)$, which agrees with it to first order", "ratio", broken}};
    return {"adjointdeis-1",
            "AdjointDEIS-1 against backpropagation through DDIM",
            "Blasingame & Liu 2024 (AdjointDEIS), the solver of order one",
            text,
            {print, exact},
            {.paths = all_paths("cond-ot"), .fields = {"polynomial", "linear"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true}};
}

}  // namespace costate::claims
