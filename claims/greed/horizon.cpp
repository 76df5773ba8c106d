#include "claims/greed/ahead.hpp"
#include "claims/greed/list.hpp"
#include "claims/measure/slope.hpp"
#include "ode/rooted_trees.hpp"

#include <algorithm>
#include <cmath>

namespace costate::claims {

namespace {

using namespace ahead;

// ∇ₓ L(Φ_{t,1}(x)) of the continuous flow.
std::vector<Mpfr50> end_to_end(Field<Mpfr50>& f, const Loss<Mpfr50>& loss, const Mpfr50& t, const std::vector<Mpfr50>& x) {
    const Flow flow = exact_flow(f, t, Mpfr50(1), x, 26);
    std::vector<Mpfr50> lambda(x.size());
    loss.gradient(flow.x1, lambda);
    return Matrix<Mpfr50>(x.size(), x.size(), flow.jacobian).transpose()(lambda);
}

std::vector<double> end_to_end(Field<double>& f, const Loss<double>& loss, double t, const std::vector<double>& x) {
    return gradient<double>("dto", f, loss, ode::find_tableau("dormand-prince"), t, 1.0, 400, x).x_bar;
}

// Halvings that a run in T can pay for: k = 4 … 2^(halvings + 2) steps.
template <class T>
std::size_t halvings(const ode::Tableau& tableau) {
    if constexpr (ScalarTraits<T>::digits10 < 50) return ode::order(tableau) > 2 ? 3 : 5;
    else return tableau.stages() > 3 ? 5 : 6;
}

// Relative distances of the k-step gradients from the truth.
struct Distances {
    std::vector<double> steps, h, error;
};

// Findings "order" and "limit", and the order between k and 2k steps as a figure.
void add_order(Evidence& evidence, const Distances& found, const ode::Tableau& tableau, bool fine) {
    const Slope slope = slope_of(found.h, found.error);
    const double p = static_cast<double>(ode::order(tableau));
    // orders are whole numbers: an uncertainty of a quarter tells them apart
    const bool reached = slope.uncertainty <= 0.25 && slope.value >= p - 0.02 - slope.uncertainty;
    evidence.findings.push_back({"order", "at least " + number(p), slope.text(), "± " + number(slope.uncertainty, 1),
                                 Proof::illustration, reached});  // fewer halvings than a certified slope has
    evidence.findings.push_back({"limit", "0: the end-to-end gradient",
                                 number(found.error.back()) + " of it away after " + number(found.steps.back()) + " steps",
                                 fine ? "truth to more than 20 digits" : "double precision",
                                 fine ? Proof::bound : Proof::illustration, found.error.back() < 0.5 * found.error.front()});
    Curve curve{tableau.name, {}, slope.local, std::vector<double>(slope.local.size(), p)};
    for (std::size_t i = 0; i < slope.local.size(); ++i) curve.x.push_back(found.steps[i]);
    evidence.figures.push_back(
        {"Order of the k-step gradient, from k and 2k steps", "steps k", "order", true, false, {std::move(curve)}});
}

template <class T>
Evidence run_in(const Setting& setting, bool broken) {
    Model<T> model = make_ahead<T>(setting);
    const std::size_t d = model.x1hat.dim(), order = ode::order(setting.tableau);
    const T t = from_rational<T>(ratio(15, 16));
    const std::vector<T> x = numbers_in<T>(rational_numbers(setting.seed, 3, d));
    const Loss<T> loss = squared_distance<T>(numbers_in<T>(rational_numbers(setting.seed, 4, d)));
    const Place<T> from = place_at<T>(setting.path, t), to = place_at<T>(setting.path, T(1));
    Evidence evidence{.subject = describe(setting) + ", tableau " + setting.tableau.name + ", t = 15/16"};
    evidence.hypotheses.push_back({"the method is explicit and of order $p > 0$",
                                   "explicit, order " + std::to_string(order) + " by the rooted trees",
                                   ode::is_explicit(setting.tableau) && order > 0});
    if (guidance::reaches_data(setting.path)) {
        const auto one = in_regular<T>("dto", model, loss, ode::find_tableau("euler"), from, to, 1, x);
        evidence.findings.push_back(
            equality<T>("k = 1", "one Euler step: the greedy gradient", one.x_bar, greedy<T>(model, loss, t, x).x_bar));
    }
    const std::vector<T> truth = end_to_end(model.velocity, loss, t, x);
    const ode::Tableau used = broken ? spoilt(setting.tableau) : setting.tableau;
    Distances found;
    for (std::size_t k = 4; found.h.size() <= halvings<T>(setting.tableau); k *= 2) {
        found.h.push_back(1.0 / static_cast<double>(k));
        found.steps.push_back(static_cast<double>(k));
        found.error.push_back(relative_difference<T>(in_regular<T>("dto", model, loss, used, from, to, k, x).x_bar, truth));
    }
    add_order(evidence, found, setting.tableau, ScalarTraits<T>::digits10 >= 50);
    return evidence;
}

Evidence run(const Setting& setting, bool broken) {
    return setting.field == "network" ? run_in<double>(setting, broken) : run_in<Mpfr50>(setting, broken);
}

}  // namespace

Claim horizon() {
    Claim claim;
    claim.id = "horizon";
    claim.title = "From the greedy gradient to the end-to-end gradient";
    claim.source = "Blasingame & Liu 2025 (the greedy strategy and beyond Euler); Ben-Hamu et al. 2024 (D-Flow)";
    claim.explanation =
        "Between greedy guidance and D-Flow lies one family: differentiate the loss after $k$ steps of a method from $t$ to "
        "the end, here in $\\tilde{x} = x/\\alpha$ and $r = \\sigma/\\alpha$. With explicit Euler and $k = 1$ it is the greedy "
        "gradient, to the last digit. As $k \\to \\infty$ it is the gradient through the whole flow, which D-Flow follows.\n\n"
        "The run computes the end-to-end gradient from the variational equation to more than 20 digits, and the gradients of "
        "$k = 4, 8, 16$ … steps at 50 digits: their distance falls with the order $p$ of the tableau.";
    claim.axes = {.tableaus = all_tableaus("midpoint"),
                  .paths = all_paths("cond-ot"),
                  .fields = {"mixture", "gaussian", "mixture-isotropic"},
                  .dims = {2, 1},
                  .seed = true,
                  .model = true};
    claim.readings = {{.name = "precise",
                       .statement = "the gradient of $L$ after $k$ steps of a method of order $p$ is $O(k^{-p})$ from the "
                                    "end-to-end gradient; $k = 1$ with Euler is the greedy gradient",
                       .expected = always(true),
                       .run = [](const Setting& setting) { return run(setting, false); },
                       .control = {"the weights of the tableau: an eighth moves from the last to the first (of one stage: it "
                                   "is lost), and the order with it",
                                   "order", [](const Setting& setting) { return run(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
