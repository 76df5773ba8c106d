// δx(1) = -D Dᵀ∇L (precise), -D²∇L (printed): what a gradient step on x₀ does to x(1).
#include "claims/dflow/equality.hpp"
#include "claims/dflow/list.hpp"
#include "claims/dflow/trajectory.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

template <class C>
using MatrixOf = guidance::SmallMatrix<C>;

// L = ½‖x₁ - y‖² of the flow by the midpoint rule, as D-Flow computes it; g = ∇L(x₁), w = ∇L as a function of x₀ by a reverse sweep.
template <class C>
struct Step {
    MatrixOf<C> D;
    std::vector<C> g, w;
    std::vector<C> moved;  ///< d/dτ Φ(x₀ - τ w) at τ = 0
};

constexpr const char* method = "midpoint";

// D-Flow's three steps; one where numbers in ℚ would grow by a factor of nine a step.
std::size_t steps_of(const Setting& setting) { return setting.field == "polynomial" || (rational(setting) && setting.dim > 3) ? 1 : 3; }

// The first coefficient of Φ(x₀ - τw) in C[[τ]].
template <class C>
std::vector<C> moved_end(const Setting& setting, const std::vector<C>& x0, const std::vector<C>& w) {
    using S = Series<C, series_terms>;
    Subject<S> subject = make_subject<S>(setting);
    std::vector<S> start;
    for (std::size_t i = 0; i < x0.size(); ++i) start.push_back(S(x0[i]) - S::variable() * S(w[i]));
    std::vector<C> result;
    for (const S& value : solve<S>(ode::find_tableau(method), subject.field, S(0), S(1), steps_of(setting), start))
        result.push_back(value[1]);
    return result;
}

// A network has no power series: the tangent of every step instead.
std::vector<Mpfr50> moved_end_of_network(const Setting& setting, Field<Mpfr50>& f, const std::vector<Mpfr50>& x0, std::vector<Mpfr50> w) {
    for (Mpfr50& value : w) value = -value;
    return solve_tangent<Mpfr50>(ode::find_tableau(method), f, 0, 1, steps_of(setting), x0, w).x1_dot;
}

template <class C>
Step<C> step_of(const Setting& setting) {
    Subject<C> subject = make_subject<C>(setting);
    const std::size_t d = subject.field.dim(), steps = steps_of(setting);
    const ode::Tableau tableau = ode::find_tableau(method);
    const std::vector<C> x0 = numbers_in<C>(start_of(setting, d));
    const Loss<C> loss = ode::any_loss<C>(ode::SquaredDistance<C>(subject.v));
    const auto result = gradient<C>("dto", subject.field, loss, tableau, C(0), C(1), steps, x0);
    Step<C> step{{d, d, discrete_jacobian<C>(tableau, subject.field, C(0), C(1), steps, x0)}, result.x1, result.x_bar, {}};
    for (std::size_t i = 0; i < d; ++i) step.g[i] -= subject.v[i];
    if constexpr (std::same_as<C, Mpfr50>) {
        if (setting.field == "network") {
            step.moved = moved_end_of_network(setting, subject.field, x0, step.w);
            return step;
        }
    }
    step.moved = moved_end<C>(setting, x0, step.w);
    return step;
}

template <class C>
std::vector<C> negative(std::vector<C> v) {
    for (C& value : v) value = -value;
    return v;
}

// D Dᵀ with positive pivots; and g·δx = -‖Dᵀg‖² < 0.
template <class C>
Finding semidefinite(const Step<C>& step) {
    const guidance::Ldl<C> factors(step.D * step.D.transpose());
    C smallest = factors.pivot(0), descent(0);
    for (std::size_t j = 1; j < factors.size(); ++j) smallest = std::min(smallest, factors.pivot(j));
    for (std::size_t i = 0; i < step.g.size(); ++i) descent += step.g[i] * step.moved[i];
    return {"semidefinite", "every pivot of the elimination of $D D^\\top$ at least 0, and $\\nabla L \\cdot \\delta x < 0$",
            "smallest pivot " + number(Mpfr50(smallest), 6) + ", $\\nabla L \\cdot \\delta x = $ " + number(Mpfr50(descent), 6),
            ScalarTraits<C>::exact ? "exact" : "error below 1e-38", ScalarTraits<C>::exact ? Proof::exact : Proof::bound,
            smallest >= C(0) && descent < C(0)};
}

// Data N(0, s²) in one direction: u = ½S'/S x, S = α²s² + σ².
template <class T>
Field<T> narrow(const guidance::AnyPath& path, const Rational& variance) {
    const auto rate = [path, s2 = from_rational<T>(variance)](const T& t) {
        const auto p = guidance::at<T>(path, t);
        return T((p.alpha * p.alpha_dot * s2 + p.sigma2_dot / T(2)) / (p.alpha * p.alpha * s2 + p.sigma2));
    };
    Field<T> field;
    field.dimension = 1;
    field.value = [rate](const T& t, std::span<const T> x, std::span<T> dx) { dx[0] = rate(t) * x[0]; };
    field.reverse = [rate](const T& t, std::span<const T>, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T&) {
        x_bar[0] += rate(t) * lambda[0];
    };
    return field;
}

struct Projection {
    Finding finding;
    Figure figure;
};

// D Dᵀ = diag((α₁²s² + σ₁²)/(α₀²s² + σ₀²)) for data of covariance diag(1, ε²): the part of δx off the data against the part along them.
Projection projection(const Setting& setting) {
    const auto start = guidance::at<Mpfr50>(setting.path, Mpfr50(0)), end = guidance::at<Mpfr50>(setting.path, Mpfr50(1));
    const auto squared = [&](const Rational& variance) {
        const auto s2 = from_rational<Mpfr50>(variance);
        return Mpfr50((end.alpha * end.alpha * s2 + end.sigma2) / (start.alpha * start.alpha * s2 + start.sigma2));
    };
    const auto measured_squared = [&](const Rational& variance) {
        const std::vector<Mpfr50> x0{Mpfr50(1)};
        const Mpfr50 scale = follow({narrow<Mpfr50>(setting.path, variance), narrow<double>(setting.path, variance)}, 0, 1, x0).D(0, 0);
        return Mpfr50(scale * scale);
    };
    Curve curve{"$\\delta x$ off the data / along the data", {}, {}, {}};
    const Mpfr50 along = measured_squared(1);
    Mpfr50 worst = 0;
    Rational epsilon = 1;
    for (int k = 0; k < 4; ++k, epsilon /= 4) {
        const Mpfr50 predicted = squared(epsilon * epsilon) / squared(1), measured = measured_squared(epsilon * epsilon) / along;
        worst = std::max(worst, Mpfr50(abs(Mpfr50(measured / predicted - 1))));
        curve.x.push_back(ScalarTraits<Rational>::to_double(epsilon));
        curve.measured.push_back(ScalarTraits<Mpfr50>::to_double(measured));
        curve.predicted.push_back(ScalarTraits<Mpfr50>::to_double(predicted));
    }
    const bool falls = std::is_sorted(curve.measured.rbegin(), curve.measured.rend());
    Finding finding{"projection",
                    "off the data, $\\varepsilon = 1/64$: " + number(curve.predicted.back(), 8) + " of the part along them",
                    number(curve.measured.back(), 8),
                    "relative difference at most " + number(worst, 2) + ", error below 1e-22",
                    Proof::bound,
                    worst < 1e-22 && falls};
    Figure figure{"Data of covariance $\\operatorname{diag}(1, \\varepsilon^2)$, $\\nabla L = (1, 1)$",
                  "ε",
                  "ratio of the parts",
                  true,
                  true,
                  {std::move(curve)}};
    return {std::move(finding), std::move(figure)};
}

template <class C>
double length(const std::vector<C>& v) {
    std::vector<Mpfr50> values;
    for (const C& value : v) values.push_back(Mpfr50(value));
    return ScalarTraits<Mpfr50>::to_double(norm(values));
}

template <class C>
Hypothesis sloping(const Step<C>& step) {
    const double slope = length(step.g);
    return {"$\\nabla L \\ne 0$ at $x(1)$", "$\\|\\nabla L\\| = $ " + number(slope, 6), slope > 0};
}

template <class C>
std::vector<C> difference(std::vector<C> a, const std::vector<C>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] -= b[i];
    return a;
}

// measured = predicted; else how far apart they are, in lengths of what is measured, as in what `missed` says.
template <class C>
Finding compared(std::string name, std::string predicted, const std::string& of, const std::vector<C>& measured, const std::vector<C>& expected) {
    Finding finding = equality<C>(std::move(name), std::move(predicted), measured, expected);
    if (!finding.holds) finding.measured = "differs by " + number(100 * relative_difference(expected, measured), 4) + " % of " + of;
    return finding;
}

// What print misses, measured, is `predicted`: beside the verdict. 0 where print is right.
template <class C>
Finding missed(std::string name, const std::string& what, const std::string& whole, const std::vector<C>& measured, const std::vector<C>& predicted,
               const std::vector<C>& scale) {
    const double of = length(scale), gap = length(difference(measured, predicted)) / of;
    constexpr bool exact = ScalarTraits<C>::exact;
    return {std::move(name),
            what + ", " + number(100 * length(predicted) / of) + " % of " + whole,
            number(100 * length(measured) / of) + " % of " + whole + (exact ? "" : ", the vectors differ by " + number(gap, 2)),
            exact ? "exact" : "error below 1e-38",
            exact ? Proof::exact : Proof::bound,
            exact ? measured == predicted : gap < 1e-38,
            false};
}

// ‖Φ(x₀ - τ∇L) - x₁ - τδ‖/τ for δ as printed and as it is: D (D - Dᵀ) ∇L and 0 are what should be left as τ → 0.
template <class C>
Figure left_over(const Setting& setting, const Step<C>& step) {
    Subject<double> subject = make_subject<double>(setting);
    const std::size_t d = step.g.size();
    const ode::Tableau tableau = ode::find_tableau(method);
    const auto doubles = [](const std::vector<C>& v) {
        std::vector<double> result;
        for (const C& value : v) result.push_back(ScalarTraits<C>::to_double(value));
        return result;
    };
    const std::vector<C> back = step.D.transpose()(step.g), twice = step.D(step.D(step.g)), right = step.D(back);
    const std::vector<double> x0 = doubles(numbers_in<C>(start_of(setting, d))), w = doubles(step.w);
    const std::vector<double> x1 = solve<double>(tableau, subject.field, 0.0, 1.0, steps_of(setting), x0);
    const auto curve_of_reading = [&](std::string label, const std::vector<double>& delta, double predicted) {
        Curve curve{std::move(label), {}, {}, {}};
        for (double tau = 0x1p-3; tau >= 0x1p-14; tau /= 2) {
            std::vector<double> start = x0;
            for (std::size_t i = 0; i < d; ++i) start[i] -= tau * w[i];
            const std::vector<double> end = solve<double>(tableau, subject.field, 0.0, 1.0, steps_of(setting), start);
            double square = 0;
            for (std::size_t i = 0; i < d; ++i) square += std::pow((end[i] - x1[i]) / tau + delta[i], 2);
            curve.x.push_back(tau);
            curve.measured.push_back(std::sqrt(square));
            curve.predicted.push_back(predicted);
        }
        return curve;
    };
    return {"What is left of $(\\Phi(x_0 - \\tau \\nabla_{x_0} L) - x(1))/\\tau$ after $\\delta x(1)$ is taken away; predicted: "
            "its limit",
            "τ",
            "length",
            true,
            false,
            {curve_of_reading("$\\delta x(1)$ as printed", doubles(twice), length(difference(twice, right))),
             curve_of_reading("$-D D^\\top \\nabla L$", doubles(right), 0)}};
}

constexpr const char *of_gradient = "$\\lVert \\nabla_{x_0} L \\rVert$", *of_variation = "$\\lVert \\delta x(1) \\rVert$";

std::string subject_of(const Setting& setting) {
    const std::size_t steps = steps_of(setting);
    return describe(setting) + ", the flow by the midpoint rule in " + (steps == 1 ? "1 step" : std::to_string(steps) + " steps");
}

template <class C>
Evidence printed_in(const Setting& setting) {
    const Step<C> step = step_of<C>(setting);
    Evidence evidence{.subject = subject_of(setting), .numbers = in_numbers(setting, start_of(setting, step.g.size()))};
    evidence.hypotheses.push_back(sloping(step));
    evidence.hypotheses.push_back(smoothness(setting, 1));
    const std::vector<C> on_g = step.D(step.g), twice = step.D(on_g), turned = difference(step.D.transpose()(step.g), on_g);
    evidence.findings.push_back(compared<C>("gradient", "$\\nabla_{x_0} L = D \\nabla L$", of_gradient, step.w, on_g));
    evidence.findings.push_back(compared<C>("variation", "$\\delta x(1) = -D^2 \\nabla L$", of_variation, step.moved, negative(twice)));
    evidence.findings.push_back(missed<C>("gradient gap", "$\\nabla_{x_0} L - D \\nabla L = (D^\\top - D) \\nabla L$", of_gradient,
                                          difference(step.w, on_g), turned, step.w));
    evidence.findings.push_back(missed<C>("gap", "$\\delta x(1) + D^2 \\nabla L = D (D - D^\\top) \\nabla L$", of_variation,
                                          difference(step.moved, negative(twice)), negative(step.D(turned)), step.moved));
    evidence.figures.push_back(left_over(setting, step));
    return evidence;
}

template <class C>
Evidence precise_in(const Setting& setting, bool broken) {
    const Step<C> step = step_of<C>(setting);
    Evidence evidence{.subject = subject_of(setting), .numbers = in_numbers(setting, start_of(setting, step.g.size()))};
    evidence.hypotheses.push_back(sloping(step));
    evidence.hypotheses.push_back(smoothness(setting, 1));
    const std::vector<C> back = step.D.transpose()(step.g);
    evidence.findings.push_back(compared<C>("gradient", "$\\nabla_{x_0} L = D^\\top \\nabla L$", of_gradient, step.w, back));
    evidence.findings.push_back(compared<C>("variation", broken ? "$\\delta x(1) = -D \\nabla L$" : "$\\delta x(1) = -D D^\\top \\nabla L$", of_variation, step.moved,
                                            negative(step.D(broken ? step.g : back))));
    evidence.findings.push_back(semidefinite(step));
    evidence.figures.push_back(left_over(setting, step));
    if (setting.field == "network") return evidence;
    Projection bias = projection(setting);
    evidence.findings.push_back(std::move(bias.finding));
    evidence.figures.push_back(std::move(bias.figure));
    return evidence;
}

Evidence printed(const Setting& setting) { return rational(setting) ? printed_in<Rational>(setting) : printed_in<Mpfr50>(setting); }
Evidence precise(const Setting& setting) {
    return rational(setting) ? precise_in<Rational>(setting, false) : precise_in<Mpfr50>(setting, false);
}
Evidence broken(const Setting& setting) {
    return rational(setting) ? precise_in<Rational>(setting, true) : precise_in<Mpfr50>(setting, true);
}

Evidence other_subject(const Setting& setting) {
    Setting other = setting;
    other.field = commuting(setting) && symmetric(setting) ? "mixture" : guidance::is_transcendental(setting.path) ? "mixture-commuting" : "gaussian";
    other.dim = setting.field == "network" ? 2 : std::max<std::size_t>(2, setting.dim);
    return printed(other);
}

constexpr const char* text =
    "D-Flow moves the noise $x_0$ against the gradient of $L(x(1))$. To first order $x(1)$ then moves by $\\delta x(1) = -D "
    "\\nabla_{x_0} L$ with $D = D_{x_0}x(1)$, and $\\nabla_{x_0} L = D^\\top \\nabla L$ by the chain rule. Print has $D$ for "
    "$D^\\top$, which is right only where $D$ is symmetric.\n\n"
    "The flow is the one that D-Flow computes: a few steps of the midpoint rule. $\\nabla_{x_0} L$ comes from one reverse sweep, "
    "$D$ from a sweep for each coordinate, and the movement from the flow itself, run on $x_0 - \\tau \\nabla_{x_0} L$ as a "
    "power series in $\\tau$: three computations that share no formula, compared with $=$ in rational numbers where the field "
    "has such values.\n\n"
    "What print misses is $D (D - D^\\top) \\nabla L$: it is computed first, and found again in the flow's own movement.\n\n"
    "$D D^\\top$ is positive semidefinite whatever $D$ is, so the message about the implicit bias survives: for Gaussian data of "
    "covariance $\\operatorname{diag}(1, \\varepsilon^2)$ it is $\\operatorname{diag}(\\alpha_1^2 s^2 + \\sigma_1^2) / "
    "(\\alpha_0^2 s^2 + \\sigma_0^2)$ with $s^2 = 1, \\varepsilon^2$: what leaves the data is suppressed by $\\varepsilon^2$ "
    "where the path ends on them.";

}  // namespace

Claim dflow_variation() {
    const Reading print{
        "printed",
        "$\\delta x(1) = -[D_{x_0}x(1)]^2 \\nabla_{x(1)} L$",
        [](const Setting& setting) { return commuting(setting) && symmetric(setting); },
        printed,
        Control{[](const Setting& setting) {
                    return std::string("The subject is exchanged for one on which $D$ is ") + (commuting(setting) && symmetric(setting) ? "not symmetric." : "symmetric.");
                },
                "variation", other_subject},
        "The v1 text prints $D \\nabla L$ for $\\nabla_{x_0} L$ because it takes $D$ to be symmetric (Theorem 4.1)."};
    const Reading exact{
        "precise", "$\\delta x(1) = -D D^\\top \\nabla_{x(1)} L$, $D = D_{x_0}x(1)$; $D D^\\top$ is positive semidefinite", always(true),
        precise, Control{"The factor $D^\\top$ is left out of the prediction: $-D \\nabla L$.", "variation", broken}};
    return {"dflow-variation",
            "What a gradient step on the noise does to the sample",
            "Ben-Hamu et al. 2024 (D-Flow), Section 4, first variation",
            text,
            {print, exact},
            {.paths = all_paths("cond-ot"),
             .fields = {"mixture", "gaussian", "mixture-isotropic", "mixture-commuting", "data-set", "polynomial"},
             .dims = {2, 1, 3, 10},
             .seed = true,
             .model = true}};
}

}  // namespace costate::claims
