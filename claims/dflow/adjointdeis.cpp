// λ_s = (α_t/α_s) λ_t + σ_s (e^h - 1) (α_t²/α_s²) λ_tᵀ∂ε̂(x_t): not the gradient of DDIM, by a factor α_t/α_s and by where ∂ε̂ is taken.
#include "claims/dflow/adjointdeis_steps.hpp"
#include "claims/dflow/equality.hpp"
#include "claims/dflow/list.hpp"
#include "claims/measure/slope.hpp"
#include "claims/networks.hpp"
#include "claims/subjects.hpp"

#include <algorithm>
#include <cmath>
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

// dx_t along w, a tangent of the map itself.
template <class C>
std::vector<C> pushed_by_ddim(OneStep<C>& step, const std::vector<C>& w) {
    return combined<C>(step.t.alpha / step.s.alpha, w, ddim_factor(step.s, step.t), step.model.pushed(step.s.t, step.x_s, w));
}

template <class C>
C product(const std::vector<C>& a, const std::vector<C>& b) {
    C sum(0);
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// Where tangents are taken: every coordinate; of a network with many inputs a few rational directions.
constexpr std::size_t many_inputs = 16, few_directions = 4;

template <class C>
std::vector<std::vector<C>> directions(const Setting& setting, std::size_t d) {
    std::vector<std::vector<C>> all;
    if (setting.field == "network" && d > many_inputs) {
        const std::vector<Rational> numbers = rational_numbers(setting.seed, 6, few_directions * d);
        for (std::size_t k = 0; k < few_directions; ++k) all.push_back(numbers_in<C>(std::span(numbers).subspan(k * d, d)));
        return all;
    }
    for (std::size_t j = 0; j < d; ++j) {
        all.emplace_back(d, C(0));
        all.back()[j] = C(1);
    }
    return all;
}

// "one step": v against the gradient of λ·x_t with respect to x_s from the map itself, along every direction.
template <class C>
Finding against_ddim(const Setting& setting, OneStep<C>& step, const std::string& predicted, const std::vector<C>& v) {
    std::vector<C> found, expected;
    const auto all = directions<C>(setting, v.size());
    for (const std::vector<C>& w : all) {
        found.push_back(product(v, w));
        expected.push_back(product(step.lambda, pushed_by_ddim(step, w)));
    }
    const bool few = all.size() != v.size();
    return equality<C>("one step", few ? predicted + ", along " + std::to_string(all.size()) + " directions" : predicted, found, expected);
}

// The step of the table as one more point of the picture, which begins at the same time.
template <class C>
void mark(Curve& curve, OneStep<C>& step, const std::vector<C>& back) {
    const std::vector<C> gap = combined<C>(C(1), back, C(-1), ddim_reverse(step.model, step.s, step.t, step.x_s, step.lambda));
    double square = 0;
    for (const C& g : gap) square += std::pow(ScalarTraits<C>::to_double(g), 2);
    const double length = ScalarTraits<C>::to_double(C(step.t.t - step.s.t)), longer = length / curve.x.front();
    curve.x.insert(curve.x.begin(), length);
    curve.measured.insert(curve.measured.begin(), std::sqrt(square));
    curve.predicted.insert(curve.predicted.begin(), curve.predicted.front() * longer * longer);
}

std::string subject_of(const Setting& setting) {
    if (setting.field == "network" && setting.model && gives_noise(*setting.model))
        return "the network " + setting.model->file.filename().string() + ", whose output is the noise, path " + guidance::name_of(setting.path) + ", seed " +
               std::to_string(setting.seed);
    const bool pythagorean = std::holds_alternative<guidance::LinearVp>(setting.path);
    return describe(setting) + " as noise model, path " + guidance::name_of(setting.path) + ", one step from " +
           (pythagorean ? "$s = 3/5$ to $t = 4/5$" : "$s = 1/4$ to $t = 1/2$");
}

template <class C>
Evidence printed_in(const Setting& setting) {
    OneStep<C> step = one_step<C>(setting);
    const std::vector<C> back = deis_reverse(step.model, step.s, step.t, step.x_t, step.lambda, Exponent::exact);
    Evidence evidence{.subject = subject_of(setting), .numbers = in_numbers(setting, {}, "\\hat{\\epsilon}")};
    evidence.findings.push_back(against_ddim<C>(setting, step, "the gradient of DDIM", back));
    if (setting.field == "network") return evidence;
    evidence.figures.push_back(gap_over_one_step(setting, Exponent::exact).figure);
    mark(evidence.figures.back().curves.front(), step, back);
    return evidence;
}

template <class C>
Evidence precise_in(const Setting& setting, Exponent exponent) {
    OneStep<C> step = one_step<C>(setting);
    const Knot<C>&s = step.s, &t = step.t;
    Evidence evidence{.subject = subject_of(setting), .numbers = in_numbers(setting, {}, "\\hat{\\epsilon}")};
    evidence.hypotheses.push_back({"$\\sigma_s, \\sigma_t, \\alpha_s, \\alpha_t$ are not 0",
                                   "$\\alpha_s = $ " + number(Mpfr50(s.alpha), 6) + ", $\\sigma_t = $ " + number(Mpfr50(t.sigma), 6),
                                   s.alpha != C(0) && t.alpha != C(0) && s.sigma != C(0) && t.sigma != C(0)});
    const C factor = deis_factor(s, t, exponent), ratio_found = factor / ddim_factor(s, t);
    evidence.findings.push_back(equality<C>(
        "ratio", "factor of the Jacobian / that of DDIM $= \\alpha_t/\\alpha_s = $ " + number(Mpfr50(C(t.alpha / s.alpha)), 8),
        {ratio_found}, {t.alpha / s.alpha}));
    const std::vector<C> restored =
        combined<C>(t.alpha / s.alpha, step.lambda, factor * s.alpha / t.alpha, step.model.pulled(s.t, step.x_s, step.lambda));
    evidence.findings.push_back(against_ddim<C>(
        setting, step, "divided by $\\alpha_t/\\alpha_s$, with $\\partial\\hat\\epsilon$ at $x_s$: the gradient of DDIM", restored));
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
bool equal_by_luck(const Setting& setting) {
    const auto alpha = [&](const char* t) { return knot_at<Mpfr50>(setting.path, Mpfr50(t)).alpha; };
    return setting.field == "linear" && alpha("0.25") == alpha("0.5");
}

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
    "Over a step of time $\\Delta t$ the two differ by a term in $\\Delta t^2$ whose coefficient is computed beforehand; over many steps both "
    "approach the gradient of the flow with order 1 and each other with a constant that the same coefficient predicts.";

}  // namespace

Claim adjointdeis_1() {
    const Reading print{"printed",
                        "$\\lambda_s = \\frac{\\alpha_t}{\\alpha_s}\\lambda_t + \\sigma_s(e^h - "
                        "1)\\frac{\\alpha_t^2}{\\alpha_s^2}\\lambda_t^\\top \\partial\\hat\\epsilon(t, x_t)$ is the gradient of DDIM",
                        equal_by_luck,
                        printed,
                        Control{[](const Setting& setting) {
                                    return equal_by_luck(setting) ? "The path becomes cond-ot, whose $\\alpha$ varies, and $\\hat\\epsilon$ of degree 3."
                                                                  : "The path becomes ve, whose $\\alpha$ is constant, and $\\hat\\epsilon$ linear: its Jacobian is "
                                                                    "the same everywhere.";
                                },
                                "one step", other_subject},
                        "Read as an exact gradient. The continuous adjoint equation is discretised on its own, so the result is the "
                        "gradient of no discrete map."};
    const Reading exact{"precise",
                        "the factor of $\\lambda_t^\\top\\partial\\hat\\epsilon$ is $\\alpha_t/\\alpha_s$ times that of DDIM, and "
                        "$\\partial\\hat\\epsilon$ is taken at $x_t$, not $x_s$; both have order 1 "
                        "and the same limit",
                        always(true), precise,
                        Control{"$e^h - 1$ is replaced by $2\\tanh(h/2)$, which agrees with it to first order.", "ratio", broken}};
    return {"adjointdeis-1",
            "AdjointDEIS-1 against backpropagation through DDIM",
            "Blasingame & Liu 2024 (AdjointDEIS), the solver of order one",
            text,
            {print, exact},
            {.paths = all_paths("cond-ot"), .fields = {"polynomial", "linear"}, .dims = {2, 1, 3, 10}, .seed = true, .model = true}};
}

}  // namespace costate::claims
