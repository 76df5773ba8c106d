// D_{x₀}x(1) = T exp ∫ D_xu dt: time-ordered (precise), ordinary (printed).
#include "claims/dflow/commutators.hpp"
#include "claims/dflow/list.hpp"
#include "claims/dflow/ordered_product.hpp"
#include "claims/dflow/short_time.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "guidance/paths/conversions.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace costate::claims {

namespace {

// Two parts, so that one trajectory serves t = 9/10, where σ > 0 on every path, and t = 1.
struct Way {
    Trajectory early, whole;
};

Way way_of(const Setting& setting) {
    const Fields f = fields_of(setting);
    const std::vector<Mpfr50> x0 = numbers_in<Mpfr50>(start_of(setting, f.exact.dim()));
    Trajectory early = follow(f, 0, Mpfr50(9) / 10, x0);
    Trajectory late = follow(f, early.t1, 1, early.x1);
    return {early, joined(early, std::move(late))};
}

// Errors are far below: about 1e-26, and 1e-30 on most subjects.
constexpr double bound = 1e-20;

// (σ_t/σ_0) exp ∫ γ_t Var(x₁|x(t)) dt, γ_t = ½ d/dt (α²/σ²), by the nodes' quadrature.
Matrix printed_form(const Setting& setting, const Trajectory& way) {
    guidance::GaussianMixture<Mpfr50> model = make_model<Mpfr50>(setting);
    Matrix integral(way.D.rows(), way.D.rows());
    for (const TrajectoryPiece& piece : way.pieces)
        for (const TrajectoryNode& node : piece.nodes) {
            const auto p = guidance::at<Mpfr50>(setting.path, node.t);
            const Mpfr50 gamma = (p.alpha * p.alpha_dot * p.sigma2 - p.alpha * p.alpha * p.sigma2_dot / 2) / (p.sigma2 * p.sigma2);
            integral += Mpfr50(node.weight * gamma) * model.posterior_covariance(node.t, node.x);
        }
    const Mpfr50 scale = guidance::at<Mpfr50>(setting.path, way.t1).sigma() / guidance::at<Mpfr50>(setting.path, way.t0).sigma();
    return scale * exponential(integral);
}

Finding vanishing(std::string name, const std::string& what, const Mpfr50& value) {
    return {std::move(name),
            what + " 0",
            what + " " + number(value, 4) + " (" + percent(value) + ")",
            "error below " + number(bound, 1),
            Proof::bound,
            abs(value) < bound};
}

// ‖D - e^M‖/‖D‖ along the way, and what is predicted of it: D as a product of exponentials with the first commutator in each.
Figure gap_picture(const Trajectory& way) {
    Curve curve{"", {}, {}, {}};
    const std::vector<Matrix> predicted = at_middle_nodes(way);
    for (std::size_t k = 0; k < predicted.size(); ++k) {
        const TrajectoryNode& node = way.pieces[k].nodes[way.pieces[k].nodes.size() / 2];
        const Matrix printed = exponential(node.M);
        curve.x.push_back(ScalarTraits<Mpfr50>::to_double(node.t));
        curve.measured.push_back(ScalarTraits<Mpfr50>::to_double(relative(node.D, printed)));
        curve.predicted.push_back(ScalarTraits<Mpfr50>::to_double(relative(predicted[k], printed)));
    }
    return {"How far $\\exp\\int_0^t D_x u\\,ds$ is from $D_{x_0}x(t)$; predicted from the commutators of $D_x u$ at different times",
            "t",
            "relative difference",
            false,
            false,
            {std::move(curve)}};
}

// The largest ‖[G(t), M(t)]‖/(‖G‖ ‖M‖), M = ∫ G up to t: 0 where the matrices of different times commute.
Mpfr50 most_commutator(const Trajectory& way) {
    Mpfr50 most = 0;
    for (const TrajectoryPiece& piece : way.pieces)
        for (const TrajectoryNode& node : piece.nodes)
            most = std::max(most, Mpfr50(size(commutator(node.G, node.M)) / (size(node.G) * size(node.M))));
    return most;
}

// What print asks of the path and of the field.
void add_hypotheses(const Setting& setting, Evidence& evidence) {
    evidence.hypotheses.push_back(smoothness(setting, 1));
    if (!on_a_path(setting)) return;
    const auto first = guidance::at<Mpfr50>(setting.path, Mpfr50(0)), last = guidance::at<Mpfr50>(setting.path, Mpfr50(1));
    const double off =
        ScalarTraits<Mpfr50>::to_double(abs(Mpfr50(first.alpha)) + abs(Mpfr50(first.sigma2 - 1)) + abs(Mpfr50(last.alpha - 1)));
    evidence.hypotheses.push_back({"the path runs from $\\alpha_0 = 0$, $\\sigma_0 = 1$ to $\\alpha_1 = 1$, $\\sigma_1 \\approx "
                                   "0$",
                                   "$\\alpha_0 = $ " + number(first.alpha, 4) + ", $\\sigma_0^2 = $ " + number(first.sigma2, 4) +
                                       ", $\\alpha_1 = $ " + number(last.alpha, 4) + ", $\\sigma_1^2 = $ " +
                                       number(last.sigma2, 4) + "; the factor $\\sigma_1/\\sigma_0$ is what is checked",
                                   off < 1e-40 && last.sigma2 < 1e-3, false});
    guidance::GaussianMixture<Mpfr50> model = make_model<Mpfr50>(setting);
    const Mpfr50 t = Mpfr50(1) / 2;
    const std::vector<Mpfr50> x = numbers_in<Mpfr50>(start_of(setting, model.dim()));
    std::vector<Mpfr50> u(x.size()), guess(x.size());
    model(t, x, u);
    model.denoiser(t, x, guess);
    const auto from_x1 = guidance::velocity_from_x1<Mpfr50>(setting.path, t);
    const Mpfr50 scale = 1 + norm(u);
    for (std::size_t i = 0; i < x.size(); ++i) u[i] -= from_x1.on_x * x[i] + from_x1.on_n * guess[i];
    const Mpfr50 gap = norm(u) / scale;
    evidence.hypotheses.push_back({"$u_t(x) = a_t x + b_t \\mathbb{E}[x_1 | x(t) = x]$: the path's own velocity",
                                   "relative difference " + number(gap, 2) + " at $t = 1/2$", gap < 1e-40});
}

Evidence printed(const Setting& setting) {
    const Way way = way_of(setting);
    Evidence evidence{.subject = describe(setting), .numbers = in_numbers(setting, start_of(setting, way.whole.x0.size()))};
    add_hypotheses(setting, evidence);
    const Mpfr50 commutators = most_commutator(way.whole);
    evidence.hypotheses.push_back(
        {"the matrices $D_x u$ of different times commute",
         "largest $\\|[D_x u, M]\\| / (\\|D_x u\\| \\|M\\|)$, $M = \\int D_x u\\,dt$: " + number(commutators, 3), commutators < bound, false});
    evidence.findings.push_back(vanishing("formula", "relative difference at $t = 1$:", relative(way.whole.D, exponential(way.whole.M))));
    if (on_a_path(setting))
        evidence.findings.push_back(
            vanishing("literal formula", "relative difference at $t = 9/10$:", relative(way.early.D, printed_form(setting, way.early))));
    evidence.findings.push_back(vanishing("symmetry", "$\\|D - D^\\top\\|/\\|D\\| =$", relative(way.whole.D, way.whole.D.transpose())));
    predicted_gaps(way.whole, commuting(setting), evidence);
    if (setting.field != "network") {
        evidence.findings.push_back(short_time_gap(setting));
        evidence.findings.back().decides = false;
    }
    evidence.figures.push_back(gap_picture(way.whole));
    return evidence;
}

// A subject on which the verdict is the other one.
Evidence other_subject(const Setting& setting) {
    Setting other = setting;
    other.field = commuting(setting) ? "mixture" : "mixture-commuting";
    other.dim = setting.field == "network" ? 2 : std::max<std::size_t>(2, setting.dim);
    return printed(other);
}

Finding determinants(const Trajectory& way) {
    constexpr double digits = 1e-25;
    const Mpfr50 left = determinant(way.D), right = exp(way.M.trace()), gap = abs(Mpfr50(left / right - 1));
    return {"determinant", "$\\exp\\int \\operatorname{tr} D_x u\\,dt = $ " + number(right, 25), "$\\det D = $ " + number(left, 25),
            "relative difference " + number(gap, 2) + ", error below " + number(digits, 1), Proof::bound, gap < digits};
}

Finding asymmetry(const Setting& setting, const Trajectory& way) {
    const Mpfr50 measured = relative(way.D, way.D.transpose()), commutators = most_commutator(way);
    const bool commute = commuting(setting);
    return {"asymmetry",
            commute ? "0: the matrices commute" : "not 0: the matrices do not commute",
            "$\\|D - D^\\top\\|/\\|D\\| = $ " + percent(measured) + ", largest commutator " + number(commutators, 3),
            "error below " + number(bound, 1),
            Proof::bound,
            commute ? measured < bound && commutators < bound : measured > bound && commutators > bound};
}

Evidence precise_with(const Setting& setting, Product product) {
    const Way way = way_of(setting);
    Evidence evidence{.subject = describe(setting), .numbers = in_numbers(setting, start_of(setting, way.whole.x0.size()))};
    const Mpfr50 end = size(way.whole.D);
    evidence.hypotheses.push_back(
        {"the flow and its derivative reach $t = 1$", "$\\|D_{x_0}x(1)\\|_F = $ " + number(end, 6), isfinite(end)});
    add_hypotheses(setting, evidence);
    const OrderedProduct ordered = ordered_product(setting.field == "data-set" ? way.early : way.whole, product);
    evidence.findings.push_back(ordered.finding);
    evidence.findings.push_back(determinants(way.whole));
    if (setting.field != "network") evidence.findings.push_back(short_time_gap(setting));
    evidence.findings.push_back(asymmetry(setting, way.whole));
    evidence.figures.push_back(ordered.figure);
    return evidence;
}

Evidence precise(const Setting& setting) { return precise_with(setting, Product::ordered); }

Evidence broken(const Setting& setting) { return precise_with(setting, commuting(setting) ? Product::left_ends : Product::reversed); }

constexpr const char* text =
    "The flow of $\\dot x = u_t(x)$ carries a small change of $x_0$ along by $\\dot D = G(t) D$, $G(t) = D_x u_t(x(t))$, $D(0) = "
    "I$. For a scalar equation the solution is $\\exp\\int G\\,dt$. For matrices it is the limit of products $e^{hG(t_N)} "
    "\\cdots e^{hG(t_1)}$, $t_1, \\ldots, t_N$ the midpoints of $N$ intervals of length $h$ and the later factor on the left: the "
    "time-ordered exponential. The two agree when the matrices $G(t)$ "
    "commute, and $D$ is then symmetric because each $G(t)$ is.\n\n"
    "The trajectory and $D$ are computed to about 30 digits by Gauss collocation, $\\int G\\,dt$ at the same nodes. On a flow "
    "model $G = (\\dot\\sigma/\\sigma) I + \\gamma_t \\operatorname{Var}(x_1 | x(t))$, so that $\\exp\\int G\\,dt$ is what the "
    "printed formula means where $\\sigma_1 = 0$; at $t = 9/10$, where $\\sigma > 0$, the formula is evaluated letter by letter "
    "from the posterior covariances.\n\n"
    "Products of $N = 1, 2, 4, \\ldots$ exponentials must then approach $D$ like $N^{-2}$, with a constant that is computed "
    "beforehand from $\\ddot G$ and $[\\dot G, G]$ (on a data set up to $t = 9/10$: near the end its field changes over times of "
    "$\\tau^2$, too short for $2^{12}$ intervals). How far the ordinary exponential misses $D$ and how asymmetric $D$ is follow "
    "beforehand, too, from a product of exponentials with the first commutator of Magnus's series in each. Over a time $h$ the "
    "ordinary exponential misses $D$ by $\\frac{1}{12} h^3 [\\dot G, G]$, found as a power series. The determinants agree "
    "whatever the order of the factors (Liouville), so the volume is right even where the matrix is not.";

}  // namespace

Claim dflow_theorem_4_1() {
    const Reading print{
        "printed",
        "$D_{x_0}x(1) = \\sigma_1 \\exp\\left[\\int_0^1 \\gamma_t \\operatorname{Var}(x_1 | x(t))\\,dt\\right]$, a symmetric matrix",
        [](const Setting& setting) { return commuting(setting); },
        printed,
        Control{[](const Setting& setting) {
                    return std::string("The subject is exchanged for one whose matrices $D_x u$ of different times ") + (commuting(setting) ? "do not commute." : "commute.");
                },
                "formula", other_subject},
        "The v1 text prints the ordinary exponential and concludes that $D$ is symmetric; matrices of different times need not commute. "
        "It also starts from "
        "$\\sigma_0 = 1$: the factor is $\\sigma_1/\\sigma_0$, which is what is checked."};
    const Reading exact{
        "precise",
        "$D_{x_0}x(1) = \\mathcal{T}\\exp\\int_0^1 D_x u_t(x(t))\\,dt$, $\\det D_{x_0}x(1) = \\exp\\int_0^1 \\operatorname{div} "
        "u_t(x(t))\\,dt$",
        always(true), precise,
        Control{[](const Setting& setting) {
                    return commuting(setting) ? "The factors, which commute here, are taken at the left ends of their intervals." : "The factors are multiplied in the opposite order.";
                },
                "ordered product", broken}};
    return {"dflow-theorem-4-1",
            "The Jacobian of the flow is a time-ordered exponential",
            "Ben-Hamu et al. 2024 (D-Flow), Theorem 4.1",
            text,
            {print, exact},
            {.paths = all_paths("cond-ot"),
             .fields = {"mixture", "gaussian", "mixture-isotropic", "mixture-commuting", "data-set"},
             .dims = {2, 1, 3, 10},
             .seed = true,
             .model = true}};
}

}  // namespace costate::claims
