#include "claims/greed/flow.hpp"
#include "claims/greed/list.hpp"
#include "claims/greed/start.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/slope.hpp"

#include <cmath>
#include <functional>

namespace costate::claims {

namespace {

using namespace ahead;

// Where ∇L is taken, and what is broken.
enum class Gradient { at_guess, at_end };
enum class Change { none, without_flow, linear_loss };

constexpr double run_time = 0.96875;

// Φ_{t,1}(x) and its derivative, and what a derivative made of differences of Φ is good for.
template <class T>
struct FlowMap {
    std::function<std::vector<T>(const std::vector<T>&)> end;
    std::function<std::vector<T>(const std::vector<T>&, const std::vector<T>&)> push;  // ∂Φ/∂x v
    std::function<std::vector<T>(const std::vector<T>&)> sketch;  // Φ to the eye, for the figure
    T step;                                                       // of the differences
    double tolerance;                                             // of their quotient, relative
    std::string uncertainty;
    Proof proof;
};

FlowMap<Mpfr50> flow_map(Field<Mpfr50>& f, const Mpfr50& t) {
    using Vector = std::vector<Mpfr50>;
    constexpr std::size_t columns = 10, few = 6;
    const auto with_columns = [&f, t](std::size_t k) {
        return [&f, t, k](const Vector& x) { return exact_end(f, t, Mpfr50(1), x, k).x1; };
    };
    const auto push = [&f, t](const Vector& x, const Vector& v) {
        return exact_direction(f, t, Mpfr50(1), x, v, columns).x1_dot;
    };
    return {with_columns(columns), push,  with_columns(few),
            Mpfr50("1e-6"),        1e-15, "differences of fourth order at 50 digits, relative 1e-15",
            Proof::bound};
}

FlowMap<double> flow_map(Field<double>& f, double t) {
    using Vector = std::vector<double>;
    static constexpr std::size_t steps = 24;
    const ode::Tableau& tableau = ode::find_tableau("dormand-prince");
    const auto end = [&f, &tableau, t](const Vector& x) { return solve<double>(tableau, f, t, 1.0, steps, x); };
    const auto push = [&f, &tableau, t](const Vector& x, const Vector& v) {
        return solve_tangent<double>(tableau, f, t, 1.0, steps, x, v).x1_dot;
    };
    return {end, push, end, 3e-5, 1e-7, "differences of fourth order in double, relative 1e-7", Proof::illustration};
}

// d/dη Φ(x - ηg) at 0: (8 (Φ(η) - Φ(-η)) - (Φ(2η) - Φ(-2η)))/(12η)
template <class T>
std::vector<T> variation(const FlowMap<T>& flow, const std::vector<T>& x, const std::vector<T>& g) {
    std::vector<T> sum(x.size(), T(0));
    for (const int k : {-2, -1, 1, 2}) {
        std::vector<T> shifted = x;
        for (std::size_t i = 0; i < x.size(); ++i) shifted[i] -= T(k) * flow.step * g[i];
        const std::vector<T> end = flow.end(shifted);
        const T weight = T(k == 1 ? 8 : k == -1 ? -8 : k == 2 ? -1 : 1) / (T(12) * flow.step);
        for (std::size_t i = 0; i < x.size(); ++i) sum[i] += weight * end[i];
    }
    return sum;
}

// ‖(Φ(x - ηg) - Φ(x))/η - δΦ‖ for δΦ as printed and as it is: the first tends to their distance as η → 0, the second to 0.
template <class T>
Figure left_over(const FlowMap<T>& flow, const std::vector<T>& x, const std::vector<T>& g, const std::vector<T>& precise,
                 const std::vector<T>& printed) {
    const std::vector<T> base = flow.sketch(x);
    std::vector<T> apart = precise;
    for (std::size_t i = 0; i < x.size(); ++i) apart[i] -= printed[i];
    Curve right{"$\\nabla L$ at $\\hat{x}_1$", {}, {}, {}}, wrong{"$\\nabla L$ at $x_1$, as printed", {}, {}, {}};
    for (double eta = 0.25; eta > 1e-5; eta /= 4) {
        std::vector<T> shifted = x;
        for (std::size_t i = 0; i < x.size(); ++i) shifted[i] -= T(eta) * g[i];
        const std::vector<T> end = flow.sketch(shifted);
        const auto left = [&](const std::vector<T>& prediction) {
            std::vector<T> rest = end;
            for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = (rest[i] - base[i]) / T(eta) - prediction[i];
            return size_of<T>(rest);
        };
        right.x.push_back(eta);
        right.measured.push_back(left(precise));
        wrong.x.push_back(eta);
        wrong.measured.push_back(left(printed));
        wrong.predicted.push_back(size_of<T>(apart));
    }
    return {"What is left of $(\\Phi_{t,1}(x - \\eta g) - \\Phi_{t,1}(x))/\\eta$ after $\\delta\\Phi$ is taken away; the line: the limit that is predicted for print, for "
            "the other it is 0",
            "$\\eta$", "length", true, true, {std::move(right), std::move(wrong)}};
}

template <class T>
Finding compare(std::string name, const FlowMap<T>& flow, const std::vector<T>& predicted, const std::vector<T>& measured,
                const std::vector<T>& scale) {
    std::vector<T> difference = measured;
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= predicted[i];
    const double off = size_of<T>(difference) / size_of<T>(scale);
    return {std::move(name),
            "a vector of length " + number(size_of<T>(predicted)),
            "length " + number(size_of<T>(measured)) + ", difference " + number(off) + " of the variation",
            flow.uncertainty,
            flow.proof,
            off <= flow.tolerance};
}

template <class T>
Evidence run_in(const Setting& setting, Gradient where, Change change) {
    Model<T> model = make_ahead<T>(setting);
    const std::size_t d = model.x1hat.dim();
    const T t = from_rational<T>(ratio(31, 32));
    const std::vector<T> x = numbers_in<T>(rational_numbers(setting.seed, 3, d)), guess = value<T>(model.x1hat, t, x);
    std::vector<T> y = numbers_in<T>(rational_numbers(setting.seed, 4, d));
    for (std::size_t i = 0; i < d; ++i)  // a target that is reached already, or at 0, may have no gradient
        if (y[i] == T(0) || std::abs(ScalarTraits<T>::to_double(T(guess[i] - y[i]))) < 1e-3) y[i] += T(1);
    const Loss<T> loss = change == Change::linear_loss ? linear_functional<T>(y) : squared_distance<T>(y);
    Evidence evidence{.subject = describe(setting) + ", t = 31/32"};
    evidence.hypotheses = {noise_left(setting.path, run_time), trained<T>(model, t, x), differentiable<T>(loss, x),
                           smoothness(setting, 1)};

    const FlowMap<T> flow = flow_map(model.velocity, t);
    const std::vector<T> x1 = flow.end(x);
    const Matrix<T> J = jacobian<T>(model.x1hat, t, x);
    std::vector<T> at_guess(d), at_end(d);
    loss.gradient(guess, at_guess);
    loss.gradient(x1, at_end);
    const auto through = [&](const std::vector<T>& v) {  // -∂Φ Jᵀ v
        std::vector<T> result = J.transpose()(v);
        if (change != Change::without_flow) result = flow.push(x, result);
        for (T& value : result) value = -value;
        return result;
    };
    const std::vector<T> precise = through(at_guess), printed = through(at_end), g = J.transpose()(at_guess),
                         measured = variation(flow, x, g);
    evidence.findings.push_back(
        compare("variation", flow, where == Gradient::at_guess ? precise : printed, measured, measured));
    if (where == Gradient::at_end) {
        std::vector<T> predicted = precise, gap = measured;
        for (std::size_t i = 0; i < d; ++i) {
            predicted[i] -= printed[i];
            gap[i] -= printed[i];
        }
        evidence.findings.push_back(compare("gap", flow, predicted, gap, measured));
        evidence.findings.back().decides = false;
    }
    evidence.figures.push_back(left_over(flow, x, g, precise, printed));
    return evidence;
}

Evidence run(const Setting& setting, Gradient where, Change change) {
    const bool coarse = setting.field == "network" && !fifty_digits_affordable(setting);
    return coarse ? run_in<double>(setting, where, change) : run_in<Mpfr50>(setting, where, change);
}

}  // namespace

Claim greedy_dynamics() {
    Claim claim;
    claim.id = "greed-proposition-2";
    claim.title = "How the flow's end moves under greedy guidance";
    claim.source = "Blasingame & Liu 2025, Proposition 2";
    claim.explanation =
        "A greedy step moves $x$ to $x - \\eta g$ with $g = J^\\top\\nabla L$ and $J = \\partial\\hat{x}_1/\\partial x$. The "
        "run measures the derivative of $\\Phi_{t,1}(x - \\eta g)$ in $\\eta$ at 0 by differences of the exact flow at 50 "
        "digits, and compares it with $-\\partial\\Phi\\, J^\\top\\nabla L$, the Jacobian of the flow from its variational "
        "equation and $J$ from the posterior covariance.\n\n"
        "By the chain rule $\\nabla L$ is taken where the greedy loss is, at the guess $\\hat{x}_1(t, x)$. The paper prints "
        "$x_1$, the end of the flow. The two differ by $\\partial\\Phi\\, J^\\top(\\hat{x}_1 - x_1)$ for the squared distance, "
        "of the order of $r_t^2$, and agree when the gradient of the loss is the same everywhere.";
    claim.axes = {.paths = all_paths("cond-ot"),
                  .fields = {"mixture", "gaussian", "data-set"},
                  .dims = {2, 1, 3, 10},
                  .seed = true,
                  .model = true};
    claim.readings = {
        {.name = "printed",
         .statement = "$\\delta\\Phi_{t,1}(x) = -\\nabla_x\\Phi_{t,1}(x)\\, \\nabla_x\\hat{x}_1(x)^\\top\\, \\nabla L(x_1)$ "
                      "with $x_1 = \\Phi_{t,1}(x)$",
         .expected = always(false),
         .run = [](const Setting& setting) { return run(setting, Gradient::at_end, Change::none); },
         .control = {"The loss is linear: its gradient is the same at $x_1$ and at $\\hat{x}_1$.", "variation",
                     [](const Setting& setting) { return run(setting, Gradient::at_end, Change::linear_loss); }},
         .remark = "The gradient of the loss belongs at $\\hat{x}_1(t, x)$, where the greedy loss is evaluated."},
        {.name = "precise",
         .statement = "$\\delta\\Phi_{t,1}(x) = -\\nabla_x\\Phi_{t,1}(x)\\, \\nabla_x\\hat{x}_1(x)^\\top\\, \\nabla "
                      "L(\\hat{x}_1(t, x))$",
         .expected = always(true),
         .run = [](const Setting& setting) { return run(setting, Gradient::at_guess, Change::none); },
         .control = {"In the prediction $\\nabla_x\\Phi$ is left out.", "variation",
                     [](const Setting& setting) { return run(setting, Gradient::at_guess, Change::without_flow); }}}};
    return claim;
}

}  // namespace costate::claims
