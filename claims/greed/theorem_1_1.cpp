#include "claims/greed/list.hpp"
#include "claims/greed/start.hpp"
#include "claims/measure/slope.hpp"

#include <cmath>
#include <optional>

namespace costate::claims {

namespace {

using namespace ahead;

// The step ends at σ₁ = cut, α₁ = 1, where a cut is given.

template <class T>
Start<T> start_until(const Setting& setting, const std::optional<Rational>& cut) {
    Start<T> start = start_of<T>(make_ahead<T>(setting), setting);
    if (cut) start.to = {T(1), from_rational<T>(*cut)};
    return start;
}

// on_x I + on_J J
template <class T>
Matrix<T> combination(const T& on_x, const T& on_J, const Matrix<T>& J) {
    return on_x * Matrix<T>::identity(J.rows()) + on_J * J;
}

template <class T>
Finding decay(Start<T>& s, const Matrix<T>& J, bool broken, Figure& figure) {
    const T sigma_t = s.from.sigma();
    const Matrix<T> slope = combination<T>(T(1) / sigma_t, broken ? T(0) : T(-s.from.alpha / sigma_t), J);
    const double size = size_of<T>(J.values()), constant = size_of<T>(slope.values()) / size;
    Curve curve{"$\\lVert \\partial x_1/\\partial x - J \\rVert / \\lVert J \\rVert$", {}, {}, {}};
    std::vector<T> predicted, found;
    for (int k = 1; k <= 4; ++k) {
        Rational sigma = 1;
        for (int i = 0; i < k; ++i) sigma /= 10;
        const T sigma1 = from_rational<T>(sigma);
        Matrix<T> D = jacobian_in_regular<T>(s.model, ode::find_tableau("euler"), s.from, Place<T>{T(1), sigma1}, s.x);
        D -= J;
        const Matrix<T> p = sigma1 * slope;
        found.insert(found.end(), D.values().begin(), D.values().end());
        predicted.insert(predicted.end(), p.values().begin(), p.values().end());
        curve.x.push_back(ScalarTraits<Rational>::to_double(sigma));
        curve.measured.push_back(size_of<T>(D.values()) / size);
        curve.predicted.push_back(curve.x.back() * constant);
    }
    Finding finding = equality<T>("decay", number(constant) + " $\\sigma_1$ for $\\alpha_1 = 1$", found, predicted);
    finding.measured = number(curve.measured[0], 3) + ", " + number(curve.measured[1], 3) + ", " +
                       number(curve.measured[2], 3) + ", " + number(curve.measured[3], 3) +
                       " at $\\sigma_1 = 10^{-1}$ … $10^{-4}$; " + finding.measured;
    figure = {"Distance of the step's Jacobian from the greedy one, the path's end moved to $\\sigma_1$, $\\alpha_1 = 1$", "$\\sigma_1$", "relative distance", true, true, {std::move(curve)}};
    return finding;
}

// How far the gradient of the step is from the greedy one: (σ₁/σ_t) λ₁ + (α₁ - σ₁α_t/σ_t) Jᵀλ₁ - Jᵀ∇L(x̂₁), λ₁ = ∇L where the step ends.
template <class T>
Finding gap(Start<T>& s, const Loss<T>& loss, const ode::GradientResult<T>& greedy, const std::vector<T>& found) {
    const T share = s.to.sigma() / s.from.sigma(), on_x1 = s.to.alpha - share * s.from.alpha;
    std::vector<T> end = greedy.x1, lambda1(end.size()), predicted(end.size(), T(0)), measured = found;
    for (std::size_t i = 0; i < end.size(); ++i) end[i] = share * s.x[i] + on_x1 * end[i];
    loss.gradient(end, lambda1);
    T t_bar(0);
    s.model.x1hat.vjp(s.t, s.x, lambda1, predicted, {}, t_bar);
    for (std::size_t i = 0; i < end.size(); ++i) {
        predicted[i] = share * lambda1[i] + on_x1 * predicted[i] - greedy.x_bar[i];
        measured[i] -= greedy.x_bar[i];
    }
    const double size = size_of<T>(greedy.x_bar);
    Finding finding = equality<T>("gap", "the gradients are apart by " + number(100 * size_of<T>(predicted) / size) + " % of the greedy one", measured, predicted);
    finding.measured = number(100 * size_of<T>(measured) / size) + " %; the vectors: " + finding.measured;
    finding.decides = false;
    return finding;
}

template <class T>
Evidence printed_in(const Setting& setting, const std::optional<Rational>& cut) {
    Start<T> s = start_until<T>(setting, cut);
    Evidence evidence{.subject = describe(setting) + ", t = 3/5"};
    const Loss<T> loss = squared_distance<T>(s.y);
    add_hypotheses<T>(evidence, setting, s, loss);
    evidence.hypotheses.push_back(ends_on_data(setting.path));
    if (cut)
        evidence.hypotheses.back() = {evidence.hypotheses.back().text,
                                      "$\\sigma_1 = " + number(*cut) + "$: the step stops there", false};
    evidence.hypotheses.back().decides = false;
    const auto expected = greedy<T>(s.model, loss, s.t, s.x);
    const auto found = in_regular<T>("dto", s.model, loss, ode::find_tableau("euler"), s.from, s.to, 1, s.x);
    evidence.findings.push_back(
        equality<T>("gradient", "the gradient of the step is the greedy one", found.x_bar, expected.x_bar));
    evidence.findings.push_back(equality<T>("end", "the step ends at $\\hat{x}_1$", found.x1, expected.x1));
    if (std::holds_alternative<guidance::CondOt>(setting.path) && !cut) {
        const auto in_time = gradient<T>("dto", s.model.velocity, loss, ode::find_tableau("euler"), s.t, T(1), 1, s.x);
        evidence.findings.push_back(
            equality<T>("in time", "so is that of Euler in $t$ with $h = 1 - t$", in_time.x_bar, expected.x_bar));
    }
    if (cut || !guidance::reaches_data(setting.path)) evidence.findings.push_back(gap<T>(s, loss, expected, found.x_bar));
    evidence.figures.emplace_back();
    evidence.findings.push_back(decay<T>(s, jacobian<T>(s.model.x1hat, s.t, s.x), false, evidence.figures.back()));
    evidence.findings.back().decides = false;
    return evidence;
}

template <class T>
Evidence precise_in(const Setting& setting, bool broken) {
    Start<T> s = start_until<T>(setting, std::nullopt);
    Evidence evidence{.subject = describe(setting) + ", t = 3/5"};
    const Loss<T> loss = linear_functional<T>(s.y);
    add_hypotheses<T>(evidence, setting, s, loss);
    const T share = s.to.sigma() / s.from.sigma(), on_x1 = s.to.alpha - (broken ? T(0) : T(share * s.from.alpha));
    const Matrix<T> J = jacobian<T>(s.model.x1hat, s.t, s.x), predicted = combination<T>(share, on_x1, J);
    Matrix<T> gap = predicted;
    gap -= J;
    std::vector<T> end = value<T>(s.model.x1hat, s.t, s.x);
    for (std::size_t i = 0; i < end.size(); ++i) end[i] = share * s.x[i] + on_x1 * end[i];

    Matrix<T> D = jacobian_in_regular<T>(s.model, ode::find_tableau("euler"), s.from, s.to, s.x);
    const auto found = in_regular<T>("dto", s.model, loss, ode::find_tableau("euler"), s.from, s.to, 1, s.x);
    evidence.findings.push_back(equality<T>("step",
                                            "$(\\sigma_1/\\sigma_t) x + (\\alpha_1 - \\sigma_1\\alpha_t/\\sigma_t) "
                                            "\\hat{x}_1$",
                                            found.x1, end));
    evidence.findings.push_back(equality<T>("Jacobian",
                                            "$(\\sigma_1/\\sigma_t) I + (\\alpha_1 - \\sigma_1\\alpha_t/\\sigma_t) "
                                            "J$",
                                            D.values(), predicted.values()));
    D -= J;
    const double size = size_of<T>(J.values());
    Finding discrepancy =
        equality<T>("discrepancy", number(size_of<T>(gap.values()) / size) + " of $J$", D.values(), gap.values());
    discrepancy.measured = number(size_of<T>(D.values()) / size) + " of $J$; the matrices: " + discrepancy.measured;
    evidence.findings.push_back(std::move(discrepancy));
    evidence.figures.emplace_back();
    evidence.findings.push_back(decay<T>(s, J, broken, evidence.figures.back()));
    return evidence;
}

Evidence printed(const Setting& setting, const std::optional<Rational>& cut) {
    return in_scalar(setting, [&]<class T>() { return printed_in<T>(setting, cut); });
}

Evidence precise(const Setting& setting, bool broken) {
    return in_scalar(setting, [&]<class T>() { return precise_in<T>(setting, broken); });
}

// Where the statement holds the step stops short of the data; where it does not the path is replaced by one that reaches them.
Evidence other_end(Setting setting) {
    if (guidance::reaches_data(setting.path)) return printed(setting, ratio(1, 100));
    setting.path = guidance::CondOt{};
    return printed(setting, std::nullopt);
}

}  // namespace

Claim greedy_is_explicit_euler() {
    Claim claim;
    claim.id = "greed-theorem-1-1";
    claim.title = "The greedy gradient is discretize-then-optimize with one explicit Euler step";
    claim.source = "Blasingame & Liu 2025, Theorem 1.1";
    claim.explanation =
        "The greedy gradient differentiates the loss at the denoiser's guess $\\hat{x}_1(t, x)$ of the data. Along the flow $y "
        "= x/\\sigma$ obeys $dy/d\\gamma = \\hat{x}_1$ with $\\gamma = \\alpha/\\sigma$, so that guess is where one explicit "
        "Euler step of size $\\gamma_1 - \\gamma_t$ ends, and its gradient is what backpropagation through that step gives.\n\n"
        "At $\\sigma_1 = 0$ the step size is infinite. The same step is explicit Euler in $\\tilde{x} = x/\\alpha$ with time "
        "$r = \\sigma/\\alpha$, $d\\tilde{x}/dr = \\hat{\\epsilon}$, where it is finite: the engine takes it there, once, and "
        "differentiates it. The denoiser is the model's posterior mean, a formula of its own.\n\n"
        "Both agree when the path ends on the data, $\\sigma_1 = 0$ and $\\alpha_1 = 1$. Otherwise the step is one of DDIM, "
        "and its Jacobian differs from the greedy one by $(\\sigma_1/\\sigma_t)(I - \\alpha_t J) + (\\alpha_1 - 1) J$.";
    claim.axes = axes_of_one_euler_step();
    claim.readings = {
        {.name = "printed",
         .statement = "$\\nabla_x L(\\hat{x}_1(t, x))$ is the gradient of $L$ after one explicit Euler step of size $\\gamma_1 "
                      "- \\gamma_t$, for every affine path",
         .expected = [](const Setting& setting) { return guidance::reaches_data(setting.path); },
         .run = [](const Setting& setting) { return printed(setting, std::nullopt); },
         .control = {[](const Setting& setting) {
                         return guidance::reaches_data(setting.path) ? "The step stops short of the data, at $\\sigma_1 = 1/100$, $\\alpha_1 = 1$."
                                                                     : "The path becomes cond-ot, which ends on the data.";
                     },
                     "gradient", other_end},
         .remark = "It needs $\\sigma_1 = 0$ and $\\alpha_1 = 1$, which VE and EDM do not have; on the other paths it holds.",
         .shown = "path=ve"},
        {.name = "precise",
         .statement = "the step is $x_1 = (\\sigma_1/\\sigma_t) x + (\\alpha_1 - \\sigma_1\\alpha_t/\\sigma_t) \\hat{x}_1$ and "
                      "$\\partial x_1/\\partial x = (\\sigma_1/\\sigma_t) I + (\\alpha_1 - \\sigma_1\\alpha_t/\\sigma_t) J$: "
                      "equal to $J = \\partial\\hat{x}_1/\\partial x$ if $\\sigma_1 = 0$ and $\\alpha_1 = 1$, else "
                      "$O(\\sigma_1)$ away",
         .expected = always(true),
         .run = [](const Setting& setting) { return precise(setting, false); },
         .control = {"In the prediction $-\\sigma_1\\alpha_t/\\sigma_t$ is left out of the coefficient of $\\hat{x}_1$.", "decay",
                     [](const Setting& setting) { return precise(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
