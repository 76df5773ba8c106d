// z' = -div u, z(0) = log p₀(x₀) gives z(1) = log p₁(x(1)) (9b, 9c); E εᵀAε = tr A and its variance (Hutchinson 1990).
#include "claims/dflow/hutchinson.hpp"
#include "claims/dflow/list.hpp"
#include "claims/dflow/trajectory.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

double real(const Mpfr50& value) { return ScalarTraits<Mpfr50>::to_double(value); }

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

// Σ_j e_jᵀ D_xu e_j, a jvp each.
Mpfr50 by_tangents(const Setting& setting, const TrajectoryNode& node) {
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
    return sum;
}

Finding exact_divergence(const Setting& setting, guidance::GaussianMixture<Mpfr50>& model, const TrajectoryNode& node) {
    const std::size_t d = node.x.size();
    const Mpfr50 sum = by_tangents(setting, node);
    const Mpfr50 closed = model.divergence(node.t, node.x), gap = abs(Mpfr50(sum - closed)) / (1 + size(node.G));
    return {"divergence", "$\\operatorname{tr} D_x u = $ " + number(closed, 12), std::to_string(d) + " jvps: " + number(sum, 12),
            "relative difference " + number(gap, 2) + ", error below 1e-40", Proof::bound, gap < 1e-40};
}

Evidence on_a_mixture(const Setting& setting, int sign) {
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
    Evidence evidence{.subject = describe(setting), .numbers = in_numbers(setting, start_of(setting, setting.dim))};
    const Mpfr50 gap = abs(Mpfr50(z1 - log_p1)) / (1 + abs(log_p1)), volume = determinant(way.D);
    evidence.hypotheses.push_back(
        {"the flow is invertible along the trajectory", "$\\det D_{x_0}x(1) = $ " + number(volume, 6), volume > 0});
    evidence.hypotheses.push_back(smoothness(setting, 1));
    evidence.findings.push_back({"density", "$\\log p_1(x(1)) = $ " + number(log_p1, 25), "$z(1) = $ " + number(z1, 25),
                                 "relative difference " + number(gap, 2) + ", error below 1e-25", Proof::bound, gap < 1e-25});
    evidence.findings.push_back(start(setting, log_p0, x0));
    const TrajectoryNode& node = way.pieces.front().nodes[way.pieces.front().nodes.size() / 2];
    evidence.findings.push_back(exact_divergence(setting, model, node));
    hutchinson(setting, evidence);
    hutchinson_sample(setting, node, evidence);
    evidence.figures.push_back({"The log-likelihood along a trajectory", "t", "log p", false, false, {std::move(curve)}});
    return evidence;
}

// div u by d jvps against the trace of D_xu by d vjps, both of the network.
Finding two_divergences(const Setting& setting, const TrajectoryNode& node) {
    const Mpfr50 sum = by_tangents(setting, node), trace = node.G.trace(), gap = abs(Mpfr50(sum - trace)) / (1 + size(node.G));
    return {"divergence", "$\\operatorname{tr} D_x u$ by " + std::to_string(node.x.size()) + " vjps: " + number(trace, 12),
            std::to_string(node.x.size()) + " jvps: " + number(sum, 12), "relative difference " + number(gap, 2) + ", error below 1e-40", Proof::bound, gap < 1e-40};
}

// On a network p₁ is not known in closed form: p₀ = N(0, I), and log p₁(x(1)) = log p₀(x₀) - log det D by the change of variables.
Evidence on_a_network(const Setting& setting, int sign) {
    const std::vector<Mpfr50> x0 = numbers_in<Mpfr50>(start_of(setting, dimension_of(setting)));
    const Trajectory way = follow(fields_of(setting), 0, 1, x0);
    const Mpfr50 log_p0 = standard_normal(x0), z1 = log_p0 - sign * way.M.trace(), volume = determinant(way.D), log_p1 = log_p0 - log(volume),
                 gap = abs(Mpfr50(z1 - log_p1)) / (1 + abs(log_p1));
    Curve curve{"$z(t)$ against $\\log p_0(x_0) - \\log\\det D_{x_0}x(t)$", {}, {}, {}};
    for (const TrajectoryPiece& piece : way.pieces)
        for (std::size_t j = 0; j < piece.nodes.size(); j += 6) {
            const TrajectoryNode& node = piece.nodes[j];
            curve.x.push_back(real(node.t));
            curve.measured.push_back(real(Mpfr50(log_p0 - sign * node.M.trace())));
            curve.predicted.push_back(real(Mpfr50(log_p0 - log(determinant(node.D)))));
        }
    Evidence evidence{.subject = describe(setting) + ", $p_0 = N(0, I)$"};
    evidence.hypotheses.push_back(
        {"the flow is invertible along the trajectory", "$\\det D_{x_0}x(1) = $ " + number(volume, 6), volume > 0});
    evidence.hypotheses.push_back(smoothness(setting, 1));
    evidence.findings.push_back({"density", "$\\log p_0(x_0) - \\log\\det D_{x_0}x(1) = $ " + number(log_p1, 25), "$z(1) = $ " + number(z1, 25),
                                 "relative difference " + number(gap, 2) + ", error below 1e-25", Proof::bound, gap < 1e-25});
    const TrajectoryNode& node = way.pieces.front().nodes[way.pieces.front().nodes.size() / 2];
    evidence.findings.push_back(two_divergences(setting, node));
    hutchinson(setting, evidence);
    hutchinson_sample(setting, node, evidence);
    evidence.figures.push_back({"The log-likelihood along a trajectory", "t", "log p", false, false, {std::move(curve)}});
    return evidence;
}

Evidence with_sign(const Setting& setting, int sign) { return setting.field == "network" ? on_a_network(setting, sign) : on_a_mixture(setting, sign); }

Evidence precise(const Setting& setting) { return with_sign(setting, 1); }
Evidence broken(const Setting& setting) { return with_sign(setting, -1); }

constexpr const char* text =
    "A coordinate $z$ that travels with $x$ and loses the divergence of the velocity carries the logarithm of the density: "
    "density is squeezed where the flow converges. The model is a Gaussian mixture, whose densities $p_t$ are known in closed "
    "form, so that $z(1)$, a quadrature along the trajectory with the exact divergence, meets a number that was found without "
    "any flow. $p_0$ is the path's density at $t = 0$; it is $N(0, I)$ only where $\\alpha_0 = 0$ and $\\sigma_0 = 1$ (not on "
    "vp, ve and edm), and the finding \"start\" says by how much.\n\n"
    "The exact divergence takes $d$ tangents. Hutchinson's estimator $\\epsilon^\\top A \\epsilon$ takes one; it is run, in "
    "rational numbers, on $A$ the matrix of the field \"linear\" with rational entries and of the same dimension, over every vector of signs, which gives its mean and variance without sampling: $\\operatorname{tr} A$ "
    "and $2(\\|A_s\\|_F^2 - \\sum a_{ii}^2)$, $A_s = (A + A^\\top)/2$. With Gaussian probes the variance is $2\\|A_s\\|_F^2$. It "
    "involves moments up to the fourth only, so probes with the values $0, \\pm 1, \\pm 2$ and the probabilities $1/2, 1/6, "
    "1/12$, which have the Gaussian's first five moments, decide it exactly. A seeded sample of Gaussian probes on the mixture "
    "itself, whose vectors cannot be enumerated, stands beside it: mean and variance lie within intervals that the predicted "
    "cumulants give.\n\n"
    "A network's $p_1$ is not known. There $p_0$ is taken to be $N(0, I)$, and $z(1)$ meets the change of variables, $\\log p_0(x_0) - "
    "\\log\\det D_{x_0}x(1)$, with $D$ from the variational equation.";

}  // namespace

Claim dflow_likelihood() {
    const Reading exact{"precise",
                        "$\\dot z = -\\operatorname{div} u_t(x(t))$, $z(0) = \\log p_0(x_0)$ give $z(1) = \\log p_1(x(1))$; "
                        "$\\mathbb{E}\\,\\epsilon^\\top A \\epsilon = \\operatorname{tr} A$",
                        always(true), precise, Control{"The divergence enters with the opposite sign.", "density", broken}};
    return {"dflow-likelihood", "The log-likelihood along the flow, and Hutchinson's estimator of its divergence",
            "Ben-Hamu et al. 2024 (D-Flow), Equations 9b and 9c", text, {exact},
            {.paths = all_paths("cond-ot"),
             .fields = {"mixture", "gaussian", "mixture-isotropic", "mixture-commuting", "data-set"},
             .dims = {2, 1, 3, 10},
             .seed = true,
             .model = true}};
}

}  // namespace costate::claims
