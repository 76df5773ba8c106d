// z' = -div u, z(0) = log p₀(x₀) gives z(1) = log p₁(x(1)) (9b, 9c); E εᵀAε = tr A and its variance (Hutchinson 1990).
#include "claims/dflow/list.hpp"
#include "claims/dflow/trajectory.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

double real(const Mpfr50& value) { return ScalarTraits<Mpfr50>::to_double(value); }

// A probe's coordinate: its values and their probabilities.
struct Probe {
    std::vector<Rational> values, probabilities;
};

const Probe& rademacher() {
    static const Probe probe{{ratio(1), ratio(-1)}, {ratio(1, 2), ratio(1, 2)}};
    return probe;
}

// Moments 0, 1, 0, 3 of orders 1 to 4, the Gaussian's; the variance of a quadratic form knows no other.
const Probe& five_values() {
    static const Probe probe{{ratio(0), ratio(1), ratio(-1), ratio(2), ratio(-2)},
                             {ratio(1, 2), ratio(1, 6), ratio(1, 6), ratio(1, 12), ratio(1, 12)}};
    return probe;
}

struct Moments {
    Rational mean, variance;
};

// The first `free` coordinates of ε run through all values, the others are 0; εᵀAε by one jvp an ε.
Moments moments(Field<Rational>& f, const std::vector<Rational>& x, const Probe& probe, std::size_t free) {
    std::vector<Rational> e(x.size(), ratio(0)), dx(x.size()), Ae(x.size());
    Rational mean = 0, square = 0;
    const std::function<void(std::size_t, const Rational&)> visit = [&](std::size_t i, const Rational& probability) {
        if (i < free) {
            for (std::size_t k = 0; k < probe.values.size(); ++k) {
                e[i] = probe.values[k];
                visit(i + 1, probability * probe.probabilities[k]);
            }
            return;
        }
        f.jvp(ratio(0), x, ratio(0), e, {}, dx, Ae);
        Rational estimate = 0;
        for (std::size_t j = 0; j < e.size(); ++j) estimate += e[j] * Ae[j];
        mean += probability * estimate;
        square += probability * estimate * estimate;
    };
    visit(0, ratio(1));
    return {mean, square - mean * mean};
}

// tr A, Σ a_ii² and ‖(A + Aᵀ)/2‖² of the leading block of the field's Jacobian.
struct Invariants {
    Rational trace, diagonal, symmetric;
};
Invariants invariants(Field<Rational>& f, const std::vector<Rational>& x, std::size_t block) {
    std::vector<std::vector<Rational>> columns;
    std::vector<Rational> unit(x.size(), ratio(0)), dx(x.size()), column(x.size());
    for (std::size_t j = 0; j < block; ++j) {
        unit[j] = 1;
        f.jvp(ratio(0), x, ratio(0), unit, {}, dx, column);
        unit[j] = 0;
        columns.push_back(column);
    }
    Invariants sums{};
    for (std::size_t i = 0; i < block; ++i) {
        sums.trace += columns[i][i];
        sums.diagonal += columns[i][i] * columns[i][i];
        for (std::size_t j = 0; j < block; ++j) {
            const Rational entry = (columns[i][j] + columns[j][i]) / 2;
            sums.symmetric += entry * entry;
        }
    }
    return sums;
}

Finding same(std::string name, const std::string& what, const Rational& predicted, const Rational& measured) {
    return {std::move(name), what + " " + number(predicted), number(measured), "exact", Proof::exact, predicted == measured};
}

void hutchinson(const Setting& setting, Evidence& evidence) {
    Setting linear = setting;
    linear.field = "linear";
    Subject<Rational> subject = make_subject<Rational>(linear);
    const std::size_t d = setting.dim, block = std::min<std::size_t>(d, 4);
    const Invariants whole = invariants(subject.field, subject.x0, d), part = invariants(subject.field, subject.x0, block);
    const Moments signs = moments(subject.field, subject.x0, rademacher(), d),
                  gaussian = moments(subject.field, subject.x0, five_values(), block);
    const std::string count = std::to_string(std::size_t{1} << d), rows = std::to_string(block);
    evidence.findings.push_back(
        same("unbiased", "mean over all " + count + " vectors of signs $= \\operatorname{tr} A =$", whole.trace, signs.mean));
    evidence.findings.push_back(
        same("variance with signs", "$2(\\|A_s\\|_F^2 - \\sum a_{ii}^2) =$", 2 * (whole.symmetric - whole.diagonal), signs.variance));
    evidence.findings.push_back(same("variance with Gaussian moments", "$2\\|A_s\\|_F^2 =$ ($A$ its first " + rows + " rows and columns)",
                                     2 * part.symmetric, gaussian.variance));
}

// log N(x; 0, I)
Mpfr50 standard_normal(const std::vector<Mpfr50>& x) {
    const Mpfr50 length = norm(x);
    return -length * length / 2 - static_cast<int>(x.size()) * log(Mpfr50(2 * guidance::detail::Pi<Mpfr50>::value())) / 2;
}

Finding start(const Setting& setting, const Mpfr50& log_p0, const std::vector<Mpfr50>& x0) {
    const auto p = guidance::at<Mpfr50>(setting.path, Mpfr50(0));
    const bool standard = abs(p.alpha) < 1e-45 && abs(Mpfr50(p.sigma2 - 1)) < 1e-45;
    const Mpfr50 gap = abs(Mpfr50(log_p0 - standard_normal(x0)));
    return {"start",
            standard ? "$\\log p_0 = \\log N(0, I)$: $\\alpha_0 = 0$, $\\sigma_0 = 1$"
                     : "$p_0$ is not $N(0, I)$: $\\alpha_0 = $ " + number(p.alpha, 4) + ", $\\sigma_0^2 = $ " + number(p.sigma2, 4),
            "$\\log p_0(x_0)$ differs from $\\log N(x_0; 0, I)$ by " + number(gap, 3),
            "error below 1e-40",
            Proof::bound,
            standard == (gap < 1e-40)};
}

Finding exact_divergence(const Setting& setting, guidance::GaussianMixture<Mpfr50>& model, const TrajectoryNode& node) {
    Field<Mpfr50> f = make_subject<Mpfr50>(setting).field;
    const std::size_t d = node.x.size();
    std::vector<Mpfr50> unit(d, Mpfr50(0)), dx(d), column(d);
    Mpfr50 sum = 0;
    for (std::size_t j = 0; j < d; ++j) {
        unit[j] = 1;
        f.jvp(node.t, node.x, Mpfr50(0), unit, {}, dx, column);
        unit[j] = 0;
        sum += column[j];
    }
    const Mpfr50 closed = model.divergence(node.t, node.x), gap = abs(Mpfr50(sum - closed)) / (1 + size(node.G));
    return {"divergence", "$\\operatorname{tr} D_x u = $ " + number(closed, 12), std::to_string(d) + " jvps: " + number(sum, 12),
            "relative difference " + number(gap, 2) + ", error below 1e-40", Proof::bound, gap < 1e-40};
}

Evidence with_sign(const Setting& setting, int sign) {
    guidance::GaussianMixture<Mpfr50> model = make_model<Mpfr50>(setting);
    const std::vector<Mpfr50> x0 = numbers_in<Mpfr50>(start_of(setting, setting.dim));
    const Trajectory way = follow(fields_of(setting), 0, 1, x0);
    const Mpfr50 log_p0 = model.log_density(way.t0, x0), z1 = log_p0 - sign * way.M.trace(), log_p1 = model.log_density(way.t1, way.x1);
    Curve curve{"$z(t)$ against $\\log p_t(x(t))$", {}, {}, {}};
    for (const TrajectoryPiece& piece : way.pieces)
        for (std::size_t j = 0; j < piece.nodes.size(); j += 6) {
            const TrajectoryNode& node = piece.nodes[j];
            curve.x.push_back(real(node.t));
            curve.measured.push_back(real(Mpfr50(log_p0 - sign * node.M.trace())));
            curve.predicted.push_back(real(model.log_density(node.t, node.x)));
        }
    Evidence evidence{.subject = describe(setting)};
    const Mpfr50 gap = abs(Mpfr50(z1 - log_p1)) / (1 + abs(log_p1)), volume = determinant(way.D);
    evidence.hypotheses.push_back(
        {"the flow is invertible along the trajectory", "$\\det D_{x_0}x(1) = $ " + number(volume, 6), volume > 0});
    evidence.findings.push_back({"density", "$\\log p_1(x(1)) = $ " + number(log_p1, 25), "$z(1) = $ " + number(z1, 25),
                                 "relative difference " + number(gap, 2) + ", error below 1e-25", Proof::bound, gap < 1e-25});
    evidence.findings.push_back(start(setting, log_p0, x0));
    evidence.findings.push_back(exact_divergence(setting, model, way.pieces.front().nodes[way.pieces.front().nodes.size() / 2]));
    hutchinson(setting, evidence);
    evidence.figures.push_back({"The log-likelihood along a trajectory", "t", "log p", false, false, {std::move(curve)}});
    return evidence;
}

Evidence precise(const Setting& setting) { return with_sign(setting, 1); }
Evidence broken(const Setting& setting) { return with_sign(setting, -1); }

constexpr const char* text =
    "A coordinate $z$ that travels with $x$ and loses the divergence of the velocity carries the logarithm of the density: density "
    "is squeezed where the flow converges. The model is a Gaussian mixture, whose densities $p_t$ are known in closed form, so that "
    "$z(1)$, a quadrature along the trajectory with the exact divergence, meets a number that was found without any flow. $p_0$ is "
    "the path's density at $t = 0$; it is $N(0, I)$ only where $\\alpha_0 = 0$ and $\\sigma_0 = 1$ (not on vp, ve and edm), and the "
    "finding \"start\" says by how much.\n\n"
    "The exact divergence takes $d$ tangents. Hutchinson's estimator $\\epsilon^\\top A \\epsilon$ takes one; it is run, in "
    "rational numbers, over every vector of signs, which gives its mean and variance without sampling: $\\operatorname{tr} A$ and "
    "$2(\\|A_s\\|_F^2 - \\sum a_{ii}^2)$, $A_s = (A + A^\\top)/2$. With Gaussian probes the variance is $2\\|A_s\\|_F^2$. It "
    "involves moments up to the fourth only, so probes with the values $0, \\pm 1, \\pm 2$ and the probabilities $1/2, 1/6, 1/12$, "
    "which have the Gaussian's first five moments, decide it exactly.";

}  // namespace

Claim dflow_likelihood() {
    const Reading exact{"precise",
                        "$\\dot z = -\\operatorname{div} u_t(x(t))$, $z(0) = \\log p_0(x_0)$ give $z(1) = \\log p_1(x(1))$; "
                        "$\\mathbb{E}\\,\\epsilon^\\top A \\epsilon = \\operatorname{tr} A$",
                        always(true), precise, Control{"the divergence enters with the opposite sign", "density", broken}};
    return {"dflow-likelihood", "The log-likelihood along the flow, and Hutchinson's estimator of its divergence",
            "Ben-Hamu et al. 2024 (D-Flow), Equations 9b and 9c", text, {exact},
            {.paths = all_paths("cond-ot"),
             .fields = {"mixture", "gaussian", "mixture-isotropic", "mixture-commuting", "data-set"},
             .dims = {2, 1, 3, 10},
             .seed = true}};
}

}  // namespace costate::claims
