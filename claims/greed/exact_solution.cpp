#include "claims/greed/flow.hpp"
#include "claims/greed/list.hpp"
#include "claims/greed/start.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"
#include "guidance/models/gaussian.hpp"
#include "ode/gauss.hpp"

namespace costate::claims {

namespace {

using namespace ahead;

// The times at which the identity is looked at; σ is rational there on the rational paths (3/5 also on linear-vp).
std::vector<Rational> times(const Setting& setting) {
    if (exact_here(setting) || setting.dim > 3) return {ratio(3, 5)};
    return {ratio(1, 4), ratio(3, 5), ratio(7, 8)};
}

// d/dt [x/σ] - x̂₁ dγ/dt along the flow's own power series about t: coefficients of h⁰ … h⁵, then those of d/dt [x/σ].
template <class C>
void residual_at(const Setting& setting, const Rational& time, std::vector<C>& left, std::vector<C>& right) {
    using S = Expansion<C>;
    Model<S> model = make_ahead<S>(setting);
    const std::size_t d = model.velocity.dim();
    std::vector<C> start = numbers_in<C>(rational_numbers(setting.seed, 3, d));
    start.push_back(from_rational<C>(time));
    std::vector<S> x = flow_series<C>(autonomous<C>(model.velocity), start), guess(d);
    const S t = x.back(), sigma = guidance::at<S>(setting.path, t).sigma(),
            gamma = guidance::at<S>(setting.path, t).alpha / sigma;
    x.pop_back();
    model.x1hat(t, x, guess);
    for (std::size_t i = 0; i < d; ++i) {
        const S slope = (x[i] / sigma).derivative(), product = guess[i] * gamma.derivative();
        for (std::size_t k = 0; k + 2 < series_terms; ++k) {
            left.push_back(slope[k]);
            right.push_back(product[k]);
        }
    }
}

template <class C>
Finding derivative(const Setting& setting) {
    std::vector<C> left, right;
    std::string at;
    for (const Rational& t : times(setting)) {
        residual_at<C>(setting, t, left, right);
        at += (at.empty() ? "" : ", ") + number(t);
    }
    return equality<C>("derivative",
                       "$\\frac{d}{dt}(x/\\sigma) = \\hat{x}_1\\, d\\gamma/dt$ in every coefficient up to $h^5$ "
                       "about t = " +
                           at,
                       left, right);
}

// The right side of the formula from s to t for one Gaussian with a diagonal covariance, its trajectory in closed form.
struct Integral {
    std::vector<Mpfr50> exact, formula;
};

Integral integral(const guidance::DiagonalGaussian<Mpfr50>& gaussian, const std::vector<Mpfr50>& x_s, const Mpfr50& t,
                  std::size_t nodes, bool broken) {
    const Mpfr50 s = from_rational<Mpfr50>(ratio(1, 2));
    const auto rule = ode::gauss_rule<Mpfr50>(nodes);
    auto model = gaussian.mixture();
    const std::size_t d = x_s.size();
    Integral result{x_s, std::vector<Mpfr50>(d, Mpfr50(0))};
    std::vector<Mpfr50> x(d), guess(d);
    for (std::size_t j = 0; j < nodes; ++j) {
        const Mpfr50 time = s + (t - s) * rule.nodes[j];
        const auto p = guidance::at<Mpfr50>(gaussian.path, time);
        gaussian.flow(s, time, x_s, x);
        model.denoiser(time, x, guess);
        const Mpfr50 sigma = p.sigma(), gamma_dot = (p.alpha_dot * sigma - p.alpha * p.sigma_dot()) / p.sigma2;
        const Mpfr50 weight = (t - s) * rule.weights[j] * gamma_dot * (broken ? Mpfr50(p.alpha / sigma) : Mpfr50(1));
        for (std::size_t i = 0; i < d; ++i) result.formula[i] += weight * guess[i];
    }
    const Mpfr50 sigma_s = guidance::at<Mpfr50>(gaussian.path, s).sigma(),
                 sigma_t = guidance::at<Mpfr50>(gaussian.path, t).sigma();
    for (std::size_t i = 0; i < d; ++i) result.formula[i] = sigma_t / sigma_s * x_s[i] + sigma_t * result.formula[i];
    gaussian.flow(s, t, x_s, result.exact);
    return result;
}

Finding closed_form(const Setting& setting, bool broken, Figure& figure) {
    const std::size_t d = setting.dim;
    std::vector<Mpfr50> variance;
    for (std::size_t i = 0; i < d; ++i) variance.push_back(from_rational<Mpfr50>(ratio(static_cast<int>(i % 3) + 1, 4)));
    const guidance::DiagonalGaussian<Mpfr50> gaussian{numbers_in<Mpfr50>(rational_numbers(setting.seed, 6, d)), variance,
                                                      setting.path};
    const auto x_s = numbers_in<Mpfr50>(rational_numbers(setting.seed, 3, d));
    const Integral best = integral(gaussian, x_s, from_rational<Mpfr50>(ratio(7, 8)), 56, broken);
    const double off = relative_difference<Mpfr50>(best.formula, best.exact);
    figure = {"One Gaussian: $x_t$ by the formula, and by the flow in closed form", "t", "$x_t$", false, false, {}};
    for (std::size_t i = 0; i < std::min<std::size_t>(d, 3); ++i) figure.curves.push_back({"coordinate " + std::to_string(i + 1), {}, {}, {}});
    for (int k = 0; k <= 12; ++k) {
        const Rational t = ratio(1, 2) + ratio(k, 32);
        const Integral at = integral(gaussian, x_s, from_rational<Mpfr50>(t), 16, broken);
        for (std::size_t i = 0; i < figure.curves.size(); ++i) {
            figure.curves[i].x.push_back(ScalarTraits<Rational>::to_double(t));
            figure.curves[i].measured.push_back(ScalarTraits<Mpfr50>::to_double(at.formula[i]));
            figure.curves[i].predicted.push_back(ScalarTraits<Mpfr50>::to_double(at.exact[i]));
        }
    }
    std::string means, variances;
    for (const Rational& m : rational_numbers(setting.seed, 6, d)) means += (means.empty() ? "" : ", ") + number(m);
    for (const Mpfr50& v : variance) variances += (variances.empty() ? "" : ", ") + number(v, 3);
    const std::string of = d > 3 ? "" : ", one Gaussian of mean (" + means + ") and variances " + variances + " along the axes";
    return {"integral",
            "$x_t$ at $t = 7/8$ from $s = 1/2$" + of + ", by its flow: first coordinate " + number(best.exact[0], 32),
            "by the formula: " + number(best.formula[0], 32),
            "Gauss quadrature, 56 nodes; error below 1e-30, relative difference " + number(off, 1),
            Proof::bound,
            off < 1e-30};
}

// (x, y)' = (u, x̂₁ dγ/dt): the flow of a network and the integral along it.
struct WithIntegral {
    Model<Mpfr50> model;
    bool broken;

    [[nodiscard]] Field<Mpfr50> field() {
        const std::size_t d = model.velocity.dim();
        Field<Mpfr50> f;
        f.dimension = 2 * d;
        f.value = [model = model, broken = broken, d](const Mpfr50& t, std::span<const Mpfr50> y, std::span<Mpfr50> slope) mutable {
            const auto p = guidance::at<Mpfr50>(model.path, t);
            const Mpfr50 sigma = p.sigma(), gamma_dot = (p.alpha_dot * sigma - p.alpha * p.sigma_dot()) / p.sigma2;
            const Mpfr50 factor = broken ? Mpfr50(gamma_dot * p.alpha / sigma) : gamma_dot;
            model.velocity(t, y.first(d), slope.first(d));
            model.x1hat(t, y.first(d), slope.subspan(d, d));
            for (Mpfr50& v : slope.subspan(d, d)) v *= factor;
        };
        return f;
    }
};

// The formula over [1/2, 9/16] on a network: both integrals by one extrapolated step.
Finding along_the_flow(const Setting& setting, const Model<Mpfr50>& model, bool broken, Figure& figure) {
    const Mpfr50 s = from_rational<Mpfr50>(ratio(1, 2)), t = from_rational<Mpfr50>(ratio(9, 16));
    const std::size_t d = model.velocity.dim();
    std::vector<Mpfr50> start = numbers_in<Mpfr50>(rational_numbers(setting.seed, 3, d)), exact, formula(d);
    const std::vector<Mpfr50> x_s = start;
    start.resize(2 * d, Mpfr50(0));
    Field<Mpfr50> field = WithIntegral{model, broken}.field();
    const Mpfr50 sigma_s = guidance::at<Mpfr50>(model.path, s).sigma(), sigma_t = guidance::at<Mpfr50>(model.path, t).sigma();
    Curve curve{"error of the quadrature", {}, {}, {}};
    double known = 0;
    for (const std::size_t columns : {4, 6, 9, 12}) {
        const Direction end = exact_end(field, s, t, start, columns);
        exact.assign(end.x1.begin(), end.x1.begin() + static_cast<std::ptrdiff_t>(d));
        for (std::size_t i = 0; i < d; ++i) formula[i] = sigma_t / sigma_s * x_s[i] + sigma_t * end.x1[d + i];
        curve.x.push_back(static_cast<double>(columns));
        curve.measured.push_back(std::max(relative_difference<Mpfr50>(formula, exact), 1e-50));
        known = end.error;
    }
    const double off = curve.measured.back(), within = 100 * known / size_of<Mpfr50>(exact);
    figure = {"The formula over $[1/2, 9/16]$ against the flow of the network", "columns of the extrapolation", "relative error", false, true, {std::move(curve)}};
    return {"integral", number(exact[0], 25), number(formula[0], 25), "both to " + number(within, 1) + "; relative difference " + number(off, 1),
            Proof::bound, within < 1e-15 && off <= within};
}

Evidence run(const Setting& setting, bool broken) {
    Evidence evidence{.subject = describe(setting)};
    evidence.hypotheses.push_back(noise_left(setting.path, 0.875));
    Model<Mpfr50> model = make_ahead<Mpfr50>(setting);
    evidence.hypotheses.push_back(
        trained<Mpfr50>(model, start_time<Mpfr50>(), numbers_in<Mpfr50>(rational_numbers(setting.seed, 3, model.velocity.dim()))));
    evidence.hypotheses.push_back(smoothness(setting, 1));
    evidence.findings.push_back(exact_here(setting) ? derivative<Rational>(setting) : derivative<Mpfr50>(setting));
    evidence.figures.emplace_back();
    evidence.findings.push_back(setting.field == "network" ? along_the_flow(setting, model, broken, evidence.figures.back())
                                                           : closed_form(setting, broken, evidence.figures.back()));
    return evidence;
}

}  // namespace

Claim exact_solution() {
    Claim claim;
    claim.id = "greed-exact-solution";
    claim.title = "The exact solution of an affine path";
    claim.source = "Blasingame & Liu 2025, the greedy strategy; Lu et al. 2022 (DPM-Solver)";
    claim.explanation =
        "Along the flow of $X_t = \\alpha_t X_1 + \\sigma_t X_0$ the quotient $x/\\sigma$ moves only by the denoiser: "
        "$\\frac{d}{dt}(x/\\sigma) = \\hat{x}_1\\, d\\gamma/dt$ with $\\gamma = \\alpha/\\sigma$. Integrated, this is the "
        "formula.\n\n"
        "The run expands the flow of the velocity field about a time as a power series and compares the two sides coefficient "
        "by coefficient, $\\hat{x}_1$ from the posterior mean of the data and not from the velocity. For one Gaussian, whose "
        "flow is known in closed form, it also integrates $\\hat{x}_1$ along the trajectory by Gauss quadrature and compares "
        "the whole formula to more than 30 digits. On a network $\\hat{x}_1$ is what its velocity makes it, and the formula is compared with "
        "its flow over $[1/2, 9/16]$.";
    claim.axes = {.paths = all_paths("cond-ot"),
                  .fields = {"mixture", "gaussian", "mixture-isotropic", "data-set"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    claim.readings = {{.name = "precise",
                       .statement = "$x_t = \\frac{\\sigma_t}{\\sigma_s} x_s + \\sigma_t \\int_{\\gamma_s}^{\\gamma_t} "
                                    "\\hat{x}_1\\, d\\gamma$ along the flow",
                       .expected = always(true),
                       .run = [](const Setting& setting) { return run(setting, false); },
                       .control = {"The integral is taken over $\\frac{1}{2} d(\\gamma^2)$ instead of $d\\gamma$.", "integral",
                                   [](const Setting& setting) { return run(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
