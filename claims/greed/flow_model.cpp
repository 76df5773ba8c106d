#include "claims/greed/list.hpp"
#include "claims/greed/model_derivatives.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "guidance/paths/conversions.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace costate::claims {

namespace {

using guidance::Parametrisation;
using Vector = std::vector<Mpfr50>;
constexpr double bound = 1e-38;

// One exact model at one point, with everything that is said of it.
struct Place {
    guidance::GaussianMixture<Mpfr50> model;
    Mpfr50 t;
    Vector x, x_dot, lambda, u, x1hat, epsilon, score;
};

Place place_of(const Setting& setting) {
    const std::size_t d = setting.dim;
    const auto numbers = [&](std::uint32_t stream) {
        Vector values = numbers_in<Mpfr50>(rational_numbers(setting.seed, stream, d));
        for (Mpfr50& v : values) v += Mpfr50(1) / 32;
        return values;
    };
    Place p{make_model<Mpfr50>(setting), Mpfr50(3) / 5, numbers(3), numbers(4), numbers(5), Vector(d), Vector(d), Vector(d), Vector(d)};
    p.model(p.t, p.x, p.u);
    p.model.denoiser(p.t, p.x, p.x1hat);
    p.model.noise(p.t, p.x, p.epsilon);
    p.model.score(p.t, p.x, p.score);
    return p;
}

double apart(const Vector& a, const Vector& b) { return ScalarTraits<Mpfr50>::to_double(Mpfr50(distance(a, b) / (norm(b) + Mpfr50("1e-30")))); }

Finding finding(std::string name, std::string predicted, double difference) {
    return {std::move(name), std::move(predicted), "relative difference " + number(difference, 3), "below 1e-38", Proof::bound, difference < bound};
}

Vector apply(const guidance::Affine<Mpfr50>& map, const Vector& x, const Vector& n) {
    Vector y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = map.on_x * x[i] + map.on_n * n[i];
    return y;
}

// u, x̂₁ and ε̂ into each other, all ordered pairs, and both into the score.
Finding conversions(const Setting& setting, const Place& p, bool broken) {
    const std::array kinds{Parametrisation::velocity, Parametrisation::epsilon, Parametrisation::x1};
    const std::array<const Vector*, 3> values{&p.u, &p.epsilon, &p.x1hat};
    double worst = 0;
    for (std::size_t given = 0; given < 3; ++given)
        for (std::size_t wanted = 0; wanted < 3; ++wanted) {
            guidance::Affine<Mpfr50> map = guidance::conversion<Mpfr50>(kinds[given], kinds[wanted], setting.path, p.t);
            if (broken && wanted == 1 && given == 0) map.on_n = -map.on_n;
            worst = std::max(worst, apart(apply(map, p.x, *values[given]), *values[wanted]));
        }
    worst = std::max(worst, apart(apply(guidance::score_from_x1<Mpfr50>(setting.path, p.t), p.x, p.x1hat), p.score));
    worst = std::max(worst, apart(apply(guidance::score_from_epsilon<Mpfr50>(setting.path, p.t), p.x, p.epsilon), p.score));
    return finding("conversions", "$u$, $\\hat{x}_1$, $\\hat{\\epsilon}$ and the score give each other", worst);
}

// d/dt log p(t, x(t)) = -div u along the flow, by a power series in the time that passes.
struct Change {
    Mpfr50 measured, predicted;
};
Change change_of_density(guidance::GaussianMixture<RealSeries>& on_series, guidance::GaussianMixture<Mpfr50>& model, const Mpfr50& t, const Vector& x) {
    Vector u(x.size());
    model(t, x, u);
    const RealSeries h = RealSeries::variable();
    std::vector<RealSeries> moving;
    for (std::size_t i = 0; i < x.size(); ++i) moving.push_back(RealSeries(x[i]) + h * u[i]);
    return {on_series.log_density(RealSeries(t) + h, moving)[1], Mpfr50(-model.divergence(t, x))};
}

Finding continuity(const Setting& setting, Place& p, Figure& figure) {
    auto on_series = make_model<RealSeries>(setting);
    Curve curve{"at one x", {}, {}, {}};
    double worst = 0;
    for (int k = 5; k <= 95; ++k) {
        const Mpfr50 t = Mpfr50(k) / 100;
        curve.x.push_back(k / 100.0);
        curve.predicted.push_back(ScalarTraits<Mpfr50>::to_double(Mpfr50(-p.model.divergence(t, p.x))));
        curve.measured.push_back(std::numeric_limits<double>::quiet_NaN());
        if (k % 10 != 0) continue;
        const Change change = change_of_density(on_series, p.model, t, p.x);
        worst = std::max(worst, apart({change.measured}, {change.predicted}));
        curve.measured.back() = ScalarTraits<Mpfr50>::to_double(change.measured);
    }
    figure = {"How the density that moves with the flow changes as it passes one point $x$; predicted: $-\\operatorname{div} u$", "t", "$d\\,\\log p_t(x_t)/dt$", false, false, {std::move(curve)}};
    return finding("continuity", "$\\frac{d}{dt} \\log p_t(x_t) = -\\operatorname{div} u$", worst);
}

// jvp against the coefficient of h of u(t + h t', x + h x'), and vjp against jvp.
std::array<Finding, 2> derivatives(const Setting& setting, Place& p) {
    auto on_series = make_model<RealSeries>(setting);
    const RealSeries h = RealSeries::variable();
    const Mpfr50 t_dot = Mpfr50(3) / 7;
    const std::size_t d = p.x.size();
    std::vector<RealSeries> x, u(d);
    for (std::size_t i = 0; i < d; ++i) x.push_back(RealSeries(p.x[i]) + h * p.x_dot[i]);
    on_series(RealSeries(p.t) + h * t_dot, x, u);
    Vector expected, dx(d), dx_dot(d), x_bar(d, Mpfr50(0));
    for (const RealSeries& value : u) expected.push_back(value[1]);
    p.model.jvp(p.t, p.x, t_dot, p.x_dot, {}, dx, dx_dot);
    Mpfr50 t_bar = 0, left = 0, right = 0;
    p.model.vjp(p.t, p.x, p.lambda, x_bar, {}, t_bar);
    for (std::size_t i = 0; i < d; ++i) {
        left += p.lambda[i] * dx_dot[i];
        right += x_bar[i] * p.x_dot[i];
    }
    right += t_bar * t_dot;
    return {finding("tangent", "$\\partial_x u\\,\\dot{x} + \\partial_t u\\,\\dot{t}$ is the coefficient of $h$ in $u(t + h\\dot{t}, x + h\\dot{x})$", apart(dx_dot, expected)),
            finding("transpose", "$\\lambda \\cdot (J\\dot{x}) = (J^\\top\\lambda) \\cdot \\dot{x}$ with $J = \\partial_x u$, and the derivative in $t$", apart({left}, {right}))};
}

// Rows of the Jacobians by their transposed products; Var(X₁|x) = (σ²/α) ∂x̂₁/∂x.
Finding covariances(const Setting& setting, Place& p) {
    const std::size_t d = p.x.size();
    const auto point = guidance::at<Mpfr50>(setting.path, p.t);
    const auto J = p.model.denoiser_jacobian(p.t, p.x), Var = p.model.posterior_covariance(p.t, p.x), Du = p.model.velocity_jacobian(p.t, p.x);
    double worst = apart(((point.sigma2 / point.alpha) * J).values(), Var.values());
    for (std::size_t i = 0; i < d; ++i) {
        Vector unit(d, Mpfr50(0)), by_denoiser(d, Mpfr50(0)), by_velocity(d, Mpfr50(0)), row_J, row_Du;
        unit[i] = 1;
        Mpfr50 unused = 0;
        p.model.denoiser_vjp(p.t, p.x, unit, by_denoiser);
        p.model.vjp(p.t, p.x, unit, by_velocity, {}, unused);
        for (std::size_t j = 0; j < d; ++j) {
            row_J.push_back(J(i, j));
            row_Du.push_back(Du(i, j));
        }
        worst = std::max({worst, apart(by_denoiser, row_J), apart(by_velocity, row_Du)});
    }
    return finding("covariance", "$\\operatorname{Var}(X_1|x) = (\\sigma^2/\\alpha)\\,\\partial\\hat{x}_1/\\partial x$, rows by transposed products", worst);
}

Evidence run(const Setting& setting, bool broken) {
    Place p = place_of(setting);
    const std::string numbers = in_numbers(setting);
    Evidence evidence{.subject = describe(setting) + ", t = 3/5", .numbers = numbers.empty() || setting.field == "data-set" ? numbers : numbers + " To all of them $1/32$ is added."};
    const auto point = guidance::at<Mpfr50>(setting.path, p.t);
    evidence.hypotheses.push_back({"$\\sigma_t > 0$ and $\\alpha_t > 0$", "$\\sigma^2 = " + number(point.sigma2, 4) + "$, $\\alpha = " + number(point.alpha, 4) + "$",
                                   point.sigma2 > 0 && point.alpha > 0});
    evidence.findings.push_back(conversions(setting, p, broken));
    evidence.figures.emplace_back();
    evidence.findings.push_back(continuity(setting, p, evidence.figures.back()));
    for (Finding& one : derivatives(setting, p)) evidence.findings.push_back(std::move(one));
    evidence.findings.push_back(covariances(setting, p));
    ahead::add_regular_derivatives(setting, evidence);
    return evidence;
}

}  // namespace

Claim flow_model() {
    Claim claim;
    claim.id = "greed-flow-model";
    claim.title = "An exact flow model and its four faces";
    claim.source = "Blasingame & Liu 2025, Equation 1; Lipman et al. 2023";
    claim.explanation =
        "The velocity $u = E[\\dot{\\alpha} X_1 + \\dot{\\sigma} X_0 | X_t = x]$, the denoiser $\\hat{x}_1$, the noise $\\hat{\\epsilon}$ and the score of a Gaussian mixture are "
        "computed by formulas of their own, and then from each other by the affine conversions.\n\n"
        "That the velocity really moves the densities is the continuity equation: along the flow $\\log p$ changes by $-\\operatorname{div} u$. The derivative is the first "
        "coefficient of a power series in time at 50 digits, and so are those of $u$ in $x$ and $t$, against which the products with vectors are held; so, too, for $\\hat{\\epsilon}$ as a field of $r = \\sigma/\\alpha$ and $x/\\alpha$.";
    std::vector<std::string> paths = all_paths("cond-ot");
    paths.insert(paths.end(), {"polynomial:1", "polynomial:3"});  // their times of a ratio have other formulas
    claim.axes = {.paths = std::move(paths), .fields = {"mixture", "gaussian", "mixture-isotropic", "data-set"}, .dims = {2, 1, 3}, .seed = true,
                  .no_model = "it compares velocity, denoiser, noise and score by formulas of their own, and the density that they move; a network gives one of "
                              "them, the others would be made from it, and its density is not known"};
    claim.readings = {{.name = "precise",
                       .statement = "$u = \\frac{\\dot{\\sigma}}{\\sigma} x + (\\dot{\\alpha} - \\alpha\\frac{\\dot{\\sigma}}{\\sigma}) \\hat{x}_1$, $\\nabla \\log p_t = -\\hat{\\epsilon}/\\sigma$, "
                                    "$\\partial_t p_t + \\operatorname{div}(p_t u) = 0$",
                       .expected = always(true),
                       .run = [](const Setting& setting) { return run(setting, false); },
                       .control = {"In the conversion to $\\hat{\\epsilon}$ the sign of $u$ is reversed.", "conversions", [](const Setting& setting) { return run(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
