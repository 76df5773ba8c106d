#include "claims/greed/list.hpp"
#include "claims/greed/start.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"

#include <cmath>
#include <functional>
#include <stdexcept>

namespace costate::claims {

namespace {

using namespace ahead;

// What is broken: nothing, or the sequence, which then misses x₁* by (r_t - r₁) x₁*.
enum class Sequence { exact, off_target };

struct Problem {
    Model<Mpfr50> model;
    std::vector<Mpfr50> target;  // x₁*
    Place<Mpfr50> end;
};

Problem problem_of(const Setting& setting) {
    Model<Mpfr50> model = make_ahead<Mpfr50>(setting);
    const std::size_t d = model.x1hat.dim();
    std::vector<Rational> target = rational_numbers(setting.seed, 3, d);
    if (setting.field == "data-set") {  // x̂₁ stays near the data: a point of it, moved a little
        const std::vector<Rational> point = rational_numbers(setting.seed, 200, d);
        for (std::size_t i = 0; i < d; ++i) target[i] = point[i] + target[i] / 40;
    }
    return {std::move(model), numbers_in<Mpfr50>(target), place_at<Mpfr50>(setting.path, Mpfr50(1))};
}

// x with on_x x + on_x1 x̂₁(t, x) = target, by Newton's method from α_t · target.
std::vector<Mpfr50> solve_for(Problem& p, const Mpfr50& t, const Mpfr50& on_x, const Mpfr50& on_x1,
                              const std::vector<Mpfr50>& target) {
    const Mpfr50 alpha = place_at<Mpfr50>(p.model.path, t).alpha;
    std::vector<Mpfr50> x = target;
    for (Mpfr50& v : x) v *= alpha;
    for (int iteration = 0; iteration < 60; ++iteration) {
        std::vector<Mpfr50> miss = value<Mpfr50>(p.model.x1hat, t, x);
        for (std::size_t i = 0; i < x.size(); ++i) miss[i] = on_x * x[i] + on_x1 * miss[i] - target[i];
        const Matrix<Mpfr50> J = jacobian<Mpfr50>(p.model.x1hat, t, x);
        const std::vector<Mpfr50> step = solve_linear<Mpfr50>(on_x * Matrix<Mpfr50>::identity(x.size()) + on_x1 * J, miss);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] -= step[i];
        if (norm(step) < Mpfr50("1e-40")) return x;
    }
    throw std::runtime_error("Newton's method did not find the x with x1hat(x) = x1* at t = " + number(t) +
                             "; take another "
                             "seed");
}

// ‖Φ_{t,1}(x) - x₁*‖, two steps of order 5 where h⁶ is far below the error.
Mpfr50 miss_of_flow(Problem& p, const Mpfr50& t, const std::vector<Mpfr50>& x) {
    if (t == 1) return distance(x, p.target);
    return distance(solve<Mpfr50>(ode::find_tableau("dormand-prince"), p.model.velocity, t, Mpfr50(1), 2, x), p.target);
}

std::vector<Mpfr50> moved(const std::vector<Mpfr50>& x, const Mpfr50& by) {
    std::vector<Mpfr50> result = x;
    for (Mpfr50& v : result) v *= 1 + by;
    return result;
}

// The error at t of the sequence x̂₁(x⁽ⁿ⁾) → x₁*.
Mpfr50 error_in_h(Problem& p, const Mpfr50& h, Sequence sequence) {
    const Mpfr50 t = 1 - h;
    const Mpfr50 off = sequence == Sequence::exact ? Mpfr50(0) : Mpfr50(place_at<Mpfr50>(p.model.path, t).r);
    return miss_of_flow(p, t, solve_for(p, t, 0, 1, moved(p.target, off)));
}

// The same for the one-step map (α₁ - σ₁α_t/σ_t) x̂₁ + (σ₁/σ_t) x at r = r₁ + δ; it is x̂₁ when σ₁ = 0, α₁ = 1.
Mpfr50 error_in_r(Problem& p, const Mpfr50& delta, Sequence sequence) {
    const Mpfr50 r = p.end.r + delta, t = guidance::time_of_ratio<Mpfr50>(p.model.path, r),
                 alpha = place_at<Mpfr50>(p.model.path, t).alpha;
    const Mpfr50 share = p.end.alpha * p.end.r / (alpha * r);
    const Mpfr50 off = sequence == Sequence::exact ? Mpfr50(0) : delta;
    return miss_of_flow(p, t, solve_for(p, t, share, p.end.alpha - share * alpha, moved(p.target, off)));
}

// ½ x̃'' at (r, x̃) = (r₁, x₁*/α₁) from the series of dx̃/dr = ε̂. In these variables the flow of a mixture is the same on every
// path; cond-ot's is taken, whose t(r) is rational. That of a network belongs to its own path.
std::vector<Mpfr50> half_curvature(Setting setting, const std::vector<Mpfr50>& target, const Place<Mpfr50>& end) {
    if (setting.field != "network") setting.path = guidance::CondOt{};
    std::vector<Mpfr50> start = target;
    for (Mpfr50& v : start) v /= end.alpha;
    start.push_back(end.r);
    const auto series = flow_series<Mpfr50>(autonomous<Mpfr50>(make_ahead<RealSeries>(setting).regular), start);
    std::vector<Mpfr50> c = coefficients<Mpfr50>(series, 2);
    c.pop_back();
    return c;
}

// α₁ = 1 though σ₁ > 0, as on ve; else α₁² = 1 - σ₁².
bool keeps_alpha(const guidance::AnyPath& path) { return guidance::end_of(path).alpha == 1; }

// σ₁ = ρ on the setting's kind of path. The flow at t = 1 sees nothing of a path but its end, so one's own is told by that alone.
guidance::AnyPath with_end(const guidance::AnyPath& path, const Rational& rho) {
    if (const auto* ve = std::get_if<guidance::Ve>(&path)) return guidance::Ve{ve->sigma_max, rho};
    if (keeps_alpha(path)) return guidance::Ve{ratio(10), rho};
    return guidance::EdmPoly2{rho * rho / (1 + rho * rho)};
}

// At t = 1 the flow is the identity: x - x₁* = (α₁ - 1) x₁* + r₁² x̃'' + …, for ends ρ = 2⁻⁶, 2⁻⁷, …
Finding floor_finding(const Setting& setting, const Problem& own, Figure& figure) {
    std::vector<Mpfr50> leading = half_curvature(setting, own.target, {Mpfr50(1), Mpfr50(0)});
    const bool keeps_variance = !keeps_alpha(setting.path);  // α₁ - 1 = -ρ²/2
    for (std::size_t i = 0; i < leading.size(); ++i)
        leading[i] = 2 * leading[i] - (keeps_variance ? Mpfr50(own.target[i] / 2) : Mpfr50(0));
    const double constant = ScalarTraits<Mpfr50>::to_double(norm(leading));
    std::vector<double> at, error;
    Rational rho = ratio(1, 64);
    for (std::size_t k = 0; k <= certified_halvings; ++k, rho /= 2) {
        Setting shifted = setting;
        shifted.path = with_end(setting.path, rho);
        Problem p = problem_of(shifted);
        at.push_back(ScalarTraits<Rational>::to_double(rho));
        error.push_back(ScalarTraits<Mpfr50>::to_double(miss_of_flow(p, Mpfr50(1), solve_for(p, Mpfr50(1), 0, 1, p.target))));
    }
    const Slope slope = slope_of(at, error);
    figure = {"The floor that is left at t = 1",
              "σ₁/α₁",
              "distance from x₁*",
              true,
              true,
              {curve_of(slope, 2, constant, "‖x - x₁*‖ with x̂₁(1, x) = x₁*")}};
    return {"floor",
            "$" + number(constant, 6) + " r_1^2$",
            number(slope.constant, 6) + " times $r_1$ to the " + slope.text(),
            "± " + number(slope.uncertainty, 1),
            Proof::slope,
            slope.agrees(2) && std::abs(slope.constant / constant - 1) < 1e-3};
}

// Order and constant of one slope.
void add(Evidence& evidence, const std::string& variable, const Slope& slope, double order, double constant) {
    evidence.findings.push_back({"order in " + variable, number(order), slope.text(), "± " + number(slope.uncertainty, 1),
                                 Proof::slope, slope.agrees(order)});
    evidence.findings.push_back(
        size_finding("constant in " + variable, constant, slope.constant, 1e-3, Proof::slope, "relative 1e-3, extrapolated"));
}

// What the theorem asks for: the model and the sequence, at h = 2⁻¹⁰.
void add_hypotheses(Evidence& evidence, const Setting& setting, Problem& p, Sequence kind) {
    const Mpfr50 h = Mpfr50(1) / 1024, t = 1 - h, off = kind == Sequence::exact ? Mpfr50(0) : place_at<Mpfr50>(p.model.path, t).r;
    const std::vector<Mpfr50> x = solve_for(p, t, 0, 1, moved(p.target, off));
    const Mpfr50 miss = distance(value<Mpfr50>(p.model.x1hat, t, x), p.target);
    evidence.hypotheses.push_back(trained<Mpfr50>(p.model, t, x));
    evidence.hypotheses.push_back({"a sequence of states converges: $\\hat{x}_1(t, x^{(n)}) \\to x_1^*$",
                                   (miss == 0 ? "exactly, in 50 digits," : "to within " + number(miss, 1)) + " at $t = 1 - 2^{-10}$", miss < Mpfr50("1e-38")});
    evidence.hypotheses.push_back(smoothness(setting, 2));
}

Slope slope_in_h(Problem& p, Sequence sequence) {
    return slope_of([&](const Mpfr50& h) { return error_in_h(p, h, sequence); }, Mpfr50(1) / 1024);
}

// Where print fails, beside the verdict: the order and constant, or the floor, that is predicted in its place.
void add_what_is_there(Evidence& evidence, const Setting& setting, const Problem& p, const Slope& slope) {
    const auto end = guidance::end_exponent(setting.path);
    if (end && end->exponent >= 2) return;
    if (end) {
        const double constant = ScalarTraits<Mpfr50>::to_double(norm(half_curvature(setting, p.target, p.end))) * ScalarTraits<Mpfr50>::to_double(end->constant);
        evidence.findings.push_back({"what there is", "$" + number(constant, 6) + " h$: order 1", number(slope.constant, 6) + " times $h$ to the " + slope.text(),
                                     "± " + number(slope.uncertainty, 1) + ", constant 1e-3 relative", Proof::slope,
                                     slope.agrees(1) && std::abs(slope.constant / constant - 1) < 1e-3, false});
    } else if (setting.field != "network") {  // whose flow on a path with another end is another
        evidence.figures.emplace_back();
        Finding left = floor_finding(setting, p, evidence.figures.back());
        left.decides = false;
        evidence.findings.push_back(std::move(left));
    }
}

Evidence printed(const Setting& setting) {
    Problem p = problem_of(setting);
    Evidence evidence{.subject = describe(setting)};
    const auto end = guidance::end_exponent(setting.path);
    const std::string found = end ? "$\\sigma_t^2 = " + number(end->constant, 4) + " h^" + std::to_string(end->exponent) +
                                        " + O(h^" + std::to_string(end->exponent + 1) + ")$"
                                  : "$\\sigma_1 > 0$";
    add_hypotheses(evidence, setting, p, Sequence::exact);
    evidence.hypotheses.push_back({"$\\sigma_t = O(1 - t)$", found, end && end->exponent >= 2, false});
    const double half = ScalarTraits<Mpfr50>::to_double(norm(half_curvature(setting, p.target, p.end)));
    const Slope slope = slope_in_h(p, Sequence::exact);
    evidence.findings.push_back({"order", "at least 2 in $h = 1 - t$", slope.text(), "± " + number(slope.uncertainty, 1),
                                 Proof::slope, slope.at_least(2)});
    evidence.figures.push_back({"Distance of the flow's end from the optimum; predicted: $h^2$, as printed",
                                "$h = 1 - t$",
                                "distance",
                                true,
                                true,
                                {curve_of(slope, 2, half, "")}});
    add_what_is_there(evidence, setting, p, slope);
    return evidence;
}

// σ = O(1 - t)
bool ends_linearly(const Setting& setting) {
    const auto end = guidance::end_exponent(setting.path);
    return end && end->exponent >= 2;
}

// Cond-ot where the statement fails, linear-vp where it holds.
Evidence on_another_path(Setting setting) {
    if (ends_linearly(setting)) setting.path = guidance::LinearVp{};
    else setting.path = guidance::CondOt{};
    return printed(setting);
}

Evidence precise(const Setting& setting, Sequence sequence) {
    Problem p = problem_of(setting);
    Evidence evidence{.subject = describe(setting)};
    const auto end = guidance::end_exponent(setting.path);
    const double half = ScalarTraits<Mpfr50>::to_double(norm(half_curvature(setting, p.target, p.end)));
    const double in_r = half * ScalarTraits<Mpfr50>::to_double(p.end.alpha);
    add_hypotheses(evidence, setting, p, sequence);
    const double exponent = end ? static_cast<double>(end->exponent) : 0;

    const Slope h = slope_in_h(p, sequence);
    if (end) {
        const double constant = half * ScalarTraits<Mpfr50>::to_double(end->constant);
        add(evidence, "h", h, exponent, constant);
        evidence.figures.push_back({"Distance of the flow's end from the optimum",
                                    "h = 1 - t",
                                    "distance",
                                    true,
                                    true,
                                    {curve_of(h, exponent, constant, "path " + guidance::name_of(setting.path))}});
    } else {
        evidence.findings.push_back(
            {"order in h", "0: a floor", h.text(), "± " + number(h.uncertainty, 1), Proof::slope, h.agrees(0)});
        if (setting.field != "network") {  // whose flow on a path with another end is another
            evidence.figures.emplace_back();
            evidence.findings.push_back(floor_finding(setting, p, evidence.figures.back()));
        }
    }
    const Slope r = slope_of([&](const Mpfr50& delta) { return error_in_r(p, delta, sequence); }, Mpfr50(1) / 1024);
    add(evidence, "r", r, 2, in_r);
    evidence.figures.push_back(
        {"The same in r = σ/α", "r - r₁", "distance", true, true, {curve_of(r, 2, in_r, "one-step map")}});
    return evidence;
}

}  // namespace

Claim greedy_convergence() {
    Claim claim;
    claim.id = "greed-theorem-3";
    claim.title = "Where greedy guidance converges to";
    claim.source = "Blasingame & Liu 2025, Theorem 3";
    claim.explanation =
        "Greedy guidance makes $\\hat{x}_1(t, x)$ optimal, not $\\Phi_{t,1}(x)$. For a given optimum $x_1^*$ the run solves "
        "$\\hat{x}_1(t, x) = x_1^*$ for $x$ at 50 digits, follows the flow from there to $t = 1$, and measures how far from "
        "$x_1^*$ it ends, for 12 halvings of the distance to the end.\n\n"
        "In $\\tilde{x} = x/\\alpha$ and $r = \\sigma/\\alpha$ the guess is one Euler step of length $r$, so the distance is "
        "$r^2$ times half the second derivative $\\lVert d^2\\tilde{x}/dr^2 \\rVert$ of the trajectory at the data: the constant is computed first, from the power series "
        "of $d\\tilde{x}/dr = \\hat{\\epsilon}$. With $\\sigma^2 = C h^m + O(h^{m+1})$ at the end of the path the order in $h "
        "= 1 - t$ is $m$: 2 for cond-ot, polynomial and cosine, 1 for linear-vp and vp.\n\n"
        "Paths with $\\sigma_1 > 0$ leave a floor of about $r_1^2 \\lVert d^2\\tilde{x}/dr^2 \\rVert$ (and $1 - \\alpha_1$ times $x_1^*$). "
        "There the step that ends at $r_1$, $(\\alpha_1 - \\sigma_1\\alpha_t/\\sigma_t)\\hat{x}_1 + (\\sigma_1/\\sigma_t) x$, "
        "takes the place of $\\hat{x}_1$; its distance is $O((r_t - r_1)^2)$.";
    claim.axes = {.paths = all_paths("cond-ot"),
                  .fields = {"mixture", "gaussian", "mixture-isotropic", "data-set"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    claim.readings = {
        {.name = "printed",
         .statement = "if $\\hat{x}_1(t, x^{(n)}) \\to x_1^*$ then $\\Phi_{t,1}(x^{(n)})$ tends to within $O(h^2)$ of $x_1^*$, "
                      "$h = 1 - t$, for every affine path",
         .expected = ends_linearly,
         .run = printed,
         .control = {[](const Setting& setting) {
                         return ends_linearly(setting) ? "The path becomes linear-vp, whose $\\sigma$ is $O(h^{1/2})$." : "The path becomes cond-ot, whose $\\sigma$ is $h$.";
                     },
                     "order", on_another_path},
         .remark = "In $h$ it needs $\\sigma_t = O(1 - t)$: on cond-ot, polynomial and cosine it holds, on linear-vp and vp the order is 1, on ve and edm "
                   "there is a floor.",
         .shown = "path=ve"},
        {.name = "precise",
         .statement = "the distance is $O((r_t - r_1)^2)$ for the step that ends at $r_1$, with half the second derivative "
                      "$\\lVert d^2\\tilde{x}/dr^2 \\rVert$ of the trajectory as its constant; in $h$ the order is $m$ where $\\sigma^2(1 - h) = C h^m + O(h^{m+1})$, and "
                      "for $\\hat{x}_1$ itself there is a floor where $\\sigma_1 > 0$",
         .expected = always(true),
         .run = [](const Setting& setting) { return precise(setting, Sequence::exact); },
         .control = {"The sequence has another limit: $\\hat{x}_1(x^{(n)}) \\to (1 + r_t - r_1) x_1^*$.", "order in r",
                     [](const Setting& setting) { return precise(setting, Sequence::off_target); }}}};
    return claim;
}

}  // namespace costate::claims
