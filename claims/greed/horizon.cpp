#include "claims/greed/ahead.hpp"
#include "claims/greed/list.hpp"
#include "claims/greed/regular_gaussian.hpp"
#include "claims/hypotheses.hpp"
#include "claims/measure/global_error.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects/components.hpp"
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

// The Gaussian of the setting's path, dimension and seed: what thousands of steps at 50 digits can be taken on.
template <class T>
Field<T> regular_gaussian(const Setting& setting) {
    const auto part = components(setting).front();
    Matrix<T> covariance(part.mean.size(), part.mean.size());
    for (std::size_t i = 0; i < part.mean.size(); ++i)
        for (std::size_t j = 0; j < part.mean.size(); ++j) covariance(i, j) = from_rational<T>(part.covariance(i, j));
    return ode::any_field<T>(RegularGaussian<T>(numbers_in<T>(part.mean), std::move(covariance)));
}

struct Problem {
    Place<Mpfr50> from, to;
    std::vector<Mpfr50> x, target;
    Mpfr50 length;  // r₁ - r₀, negative
};

// ‖K‖ of g_k - g = h^order K + …, h = (r₁ - r₀)/k.
struct Prediction {
    std::size_t order = 0;
    double constant = 0;
};

// g = α₁/α₀ Dᵀ(α₁ x̃₁ - y) with x̃₁ and D = ∂x̃₁/∂x̃₀ each moved by its principal error, from the trees with q vertices; 0 where these
// errors vanish all along the flow.
double constant_of(const Setting& setting, const Problem& at, std::size_t q) {
    const std::size_t n = at.x.size();
    const Autonomous<Mpfr50> field = tangent_field<Mpfr50>(regular_gaussian<RealSeries>(setting));
    std::vector<Mpfr50> constant(n, Mpfr50(0));
    bool vanishes = true;
    for (std::size_t j = 0; j < n; ++j) {
        std::vector<Mpfr50> y(2 * n + 1, Mpfr50(0));
        for (std::size_t i = 0; i < n; ++i) y[i] = at.x[i] / at.from.alpha;
        y[n + j] = 1;
        y[2 * n] = at.from.r;
        const GlobalError found = global_error(setting.tableau, q, field, y, at.length, 8);
        vanishes = vanishes && norm(found.error) < Mpfr50(1e-36);
        for (std::size_t i = 0; i < n; ++i) {
            const Mpfr50 residual = at.to.alpha * found.end[i] - at.target[i];
            constant[j] += at.to.alpha / at.from.alpha * (at.to.alpha * found.error[i] * found.end[n + i] + residual * found.error[n + i]);
        }
    }
    return vanishes ? 0 : ScalarTraits<Mpfr50>::to_double(norm(constant));
}

// The order of the tableau, or one more where the trees with p + 1 vertices cancel along this flow.
Prediction predicted(const Setting& setting, const Problem& at) {
    const std::size_t p = ode::order(setting.tableau);
    const double generic = constant_of(setting, at, p + 1);
    if (generic > 0 || p + 2 >= series_terms) return {p, generic};
    return {p + 1, constant_of(setting, at, p + 2)};
}

// ‖g_k - g‖ for k = 1, 2, 4 … 4096 steps of `used`.
Slope measured_slope(Field<Mpfr50> field, const Setting& setting, const ode::Tableau& used, const Problem& at) {
    std::vector<Mpfr50> z;
    for (const Mpfr50& v : at.x) z.push_back(v / at.from.alpha);
    const Flow flow = exact_flow(field, at.from.r, at.to.r, z, 40);
    const Loss<Mpfr50> loss = squared_distance<Mpfr50>(at.target);
    std::vector<Mpfr50> x1, lambda(z.size());
    for (const Mpfr50& v : flow.x1) x1.push_back(at.to.alpha * v);
    loss.gradient(x1, lambda);
    std::vector<Mpfr50> truth = Matrix<Mpfr50>(z.size(), z.size(), flow.jacobian).transpose()(lambda);
    for (Mpfr50& v : truth) v *= at.to.alpha / at.from.alpha;
    Model<Mpfr50> model{setting.path, {}, {}, std::move(field)};
    std::vector<double> h, error;
    for (std::size_t halved = 0; halved <= certified_halvings; ++halved) {
        const std::size_t k = std::size_t{1} << halved;
        h.push_back(std::abs(ScalarTraits<Mpfr50>::to_double(at.length)) / static_cast<double>(k));
        const auto computed = in_regular<Mpfr50>("dto", model, loss, used, at.from, at.to, k, at.x);
        error.push_back(ScalarTraits<Mpfr50>::to_double(distance(computed.x_bar, truth)));
    }
    return slope_of(h, error);
}

// Findings "order" and "constant" on the Gaussian, and their figure.
Curve add_slope(Setting setting, const ode::Tableau& used, Evidence& evidence) {
    setting.field = "gaussian";
    const Mpfr50 t = from_rational<Mpfr50>(ratio(15, 16));
    const std::size_t d = setting.dim, p = ode::order(setting.tableau);
    Problem at{place_at<Mpfr50>(setting.path, t), place_at<Mpfr50>(setting.path, Mpfr50(1)), numbers_in<Mpfr50>(rational_numbers(setting.seed, 3, d)),
               numbers_in<Mpfr50>(rational_numbers(setting.seed, 4, d)), 0};
    at.length = at.to.r - at.from.r;
    const Prediction expected = predicted(setting, at);
    const Slope slope = measured_slope(regular_gaussian<Mpfr50>(setting), setting, used, at);
    const std::string why = expected.order == p ? "" : ": p = " + std::to_string(p) + ", and on this flow the trees of the next order cancel";
    evidence.findings.push_back({"order", std::to_string(expected.order) + why, slope.text(), "k = 1, 2 … 4096 steps at 50 digits, on " + describe(setting),
                                 Proof::slope, slope.agrees(static_cast<double>(expected.order))});
    evidence.findings.push_back({"constant", number(expected.constant, 7), number(slope.constant, 7), "1e-3 relative", Proof::slope,
                                 std::abs(slope.constant - expected.constant) <= 1e-3 * expected.constant});
    return curve_of(slope, static_cast<double>(expected.order), expected.constant, "one Gaussian, and the predicted leading term");
}

// What the gradients of k = 2, 4, 8 … steps tend to as k → ∞: Richardson's table in the powers p, p + 1, …
template <class T>
struct Limit {
    std::vector<T> value;
    double correction = 0;  // the larger one of the last two columns, relative
};

template <class T>
Limit<T> extrapolated(std::vector<std::vector<T>> table, std::size_t p) {
    Limit<T> limit;
    double before = 0;
    for (std::size_t m = 0; table.size() > 1; ++m) {
        const T factor = T(1) / T((1 << (p + m)) - 1);
        std::vector<std::vector<T>> better;
        for (std::size_t i = 1; i < table.size(); ++i) {
            better.push_back(table[i]);
            for (std::size_t j = 0; j < table[i].size(); ++j) better.back()[j] += factor * (table[i][j] - table[i - 1][j]);
        }
        const double correction = relative_difference<T>(better.back(), table.back());
        limit.correction = std::max(before, correction);
        before = correction;
        table = std::move(better);
    }
    limit.value = std::move(table.front());
    return limit;
}

// Finding "limit" on the field of the setting, and the distances as a curve.
template <class T>
Curve add_limit(const Setting& setting, Model<T>& model, const Loss<T>& loss, const T& t, const std::vector<T>& x, Evidence& evidence) {
    constexpr bool fine = ScalarTraits<T>::digits10 >= 50;
    const Place<T> from = place_at<T>(setting.path, t), to = place_at<T>(setting.path, T(1));
    const std::vector<T> truth = end_to_end(model.velocity, loss, t, x);
    const double length = std::abs(ScalarTraits<T>::to_double(T(to.r - from.r)));
    std::vector<std::vector<T>> gradients;
    Curve curve{fine ? describe(setting) : "the network", {}, {}, {}};
    for (std::size_t k = 2; k <= 32; k *= 2) {
        gradients.push_back(in_regular<T>("dto", model, loss, setting.tableau, from, to, k, x).x_bar);
        curve.x.push_back(length / static_cast<double>(k));
        curve.measured.push_back(relative_difference<T>(gradients.back(), truth) * size_of<T>(truth));
    }
    const Limit<T> limit = extrapolated<T>(std::move(gradients), ode::order(setting.tableau));
    const double off = relative_difference<T>(limit.value, truth), within = std::max(2 * limit.correction, fine ? 1e-20 : 1e-6);
    evidence.findings.push_back({"limit", "the end-to-end gradient", number(off, 2) + " of it away, extrapolated from k = 2, 4 … 32 steps",
                                 "extrapolation to " + number(within, 2), fine ? Proof::bound : Proof::illustration, off <= within && within <= 0.01});
    return curve;
}

template <class T>
Evidence run_in(const Setting& setting, bool broken) {
    Model<T> model = make_ahead<T>(setting);
    const std::size_t d = model.x1hat.dim(), order = ode::order(setting.tableau);
    const T t = from_rational<T>(ratio(15, 16));
    const std::vector<T> x = numbers_in<T>(rational_numbers(setting.seed, 3, d));
    const Loss<T> loss = squared_distance<T>(numbers_in<T>(rational_numbers(setting.seed, 4, d)));
    Evidence evidence{.subject = describe(setting) + ", tableau " + setting.tableau.name + ", t = 15/16"};
    evidence.hypotheses.push_back({"the method is explicit and of order $p > 0$",
                                   "explicit, order " + std::to_string(order) + " by the rooted trees",
                                   ode::is_explicit(setting.tableau) && order > 0});
    evidence.hypotheses.push_back(smoothness(setting, 1));
    if (guidance::reaches_data(setting.path)) {
        const Place<T> from = place_at<T>(setting.path, t), to = place_at<T>(setting.path, T(1));
        const auto one = in_regular<T>("dto", model, loss, ode::find_tableau("euler"), from, to, 1, x);
        evidence.findings.push_back(
            equality<T>("k = 1", "one Euler step: the greedy gradient", one.x_bar, greedy<T>(model, loss, t, x).x_bar));
    }
    Curve certified = add_slope(setting, broken ? spoilt(setting.tableau) : setting.tableau, evidence);
    evidence.figures.push_back({"Distance of the gradient of $k$ steps from the end-to-end gradient", "step in r", R"($\lVert g_k - g \rVert$)", true, true,
                                {std::move(certified), add_limit<T>(setting, model, loss, t, x, evidence)}});
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
        "How fast is predicted and measured on one Gaussian, whose flow is the linear equation "
        "$d\\tilde{x}/dr = r (C + r^2 I)^{-1} (\\tilde{x} - m)$: the error constants of the steps, summed over the rooted trees, are "
        "the source of the principal error, which is carried to the end and gives the constant $K$ before any step is taken. Then "
        "gradients of $k = 1, 2, 4$ … $4096$ steps are computed at 50 digits. (The error constants of the midpoint rule cancel on this "
        "flow; it gains an order, and the prediction says so.) On the field of the setting the gradients of "
        "$k = 2$ … $32$ steps are extrapolated to $k = \\infty$ and compared with the end-to-end gradient from the variational "
        "equation.";
    claim.axes = {.tableaus = all_tableaus("heun"),
                  .paths = all_paths("cond-ot"),
                  .fields = {"mixture", "gaussian", "mixture-isotropic"},
                  .dims = {2, 1},
                  .seed = true,
                  .model = true};
    claim.readings = {{.name = "precise",
                       .statement = "the gradient of $L$ after $k$ steps of a method of order $p$ is $K h^p + O(h^{p+1})$ from the "
                                    "end-to-end gradient, $h = (r_t - r_1)/k$; $k = 1$ with Euler is the greedy gradient",
                       .expected = [](const Setting& setting) { return smoothness(setting, 1).holds; },
                       .run = [](const Setting& setting) { return run(setting, false); },
                       .control = {[](const Setting& setting) { return "In the steps on the Gaussian " + spoilt_weight(setting.tableau) + ": the order is lost."; },
                                   "order", [](const Setting& setting) { return run(setting, true); }}}};
    return claim;
}

}  // namespace costate::claims
