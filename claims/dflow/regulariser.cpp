// R = ½‖x₀‖² - (d-1) log‖x₀‖ = -log p(‖x₀‖) + c for the density of χ_d; print has +log p.
#include "claims/dflow/list.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "scalar/series_functions.hpp"

#include <algorithm>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

// R(r² = start² (1 + growth)) up to a constant, sign · (½r² - ½(d-1) log r²): +1 is -log p, -1 what is printed. In ℚ[[ε]] the
// logarithm is log1p of the growth, which starts with ε.
RationalSeries regulariser(int sign, int d, const Rational& start_square, const RationalSeries& growth) {
    const RationalSeries square = RationalSeries(start_square) * (RationalSeries(1) + growth);
    return RationalSeries(sign) * (square / RationalSeries(2) - RationalSeries(ratio(d - 1, 2)) * log1p(growth));
}

// At ‖x₀‖ = √(d-1) (1 + ε); in one dimension, where the sphere is the point 0, at ‖x₀‖ = ε.
RationalSeries around_sphere(int sign, int d) {
    const RationalSeries e = RationalSeries::variable();
    if (d == 1) return RationalSeries(sign) * e * e / RationalSeries(2);
    return regulariser(sign, d, ratio(d - 1), e * (RationalSeries(2) + e));
}

// ∇R, the coefficient of ε in R(x + ε e_i), one i after the other.
std::vector<Rational> differentiated(int sign, const std::vector<Rational>& x) {
    Rational square = 0;
    for (const Rational& value : x) square += value * value;
    const RationalSeries e = RationalSeries::variable();
    std::vector<Rational> gradient;
    for (const Rational& value : x)
        gradient.push_back(regulariser(sign, static_cast<int>(x.size()), square,
                                       e * (RationalSeries(2 * value) + e) / RationalSeries(square))[1]);
    return gradient;
}

// A start, and -∇ log p(‖x‖) there in closed form, (1 - (d-1)/‖x‖²) x, for the density r^(d-1) e^(-r²/2) of χ_d.
struct Start {
    std::vector<Rational> x, gradient;
    Rational square;  ///< ‖x‖²
};

Start start_at(std::vector<Rational> x) {
    Start start{std::move(x), {}, 0};
    for (const Rational& value : start.x) start.square += value * value;
    const Rational factor = 1 - (static_cast<int>(start.x.size()) - 1) / start.square;
    for (const Rational& value : start.x) start.gradient.push_back(factor * value);
    return start;
}

// 2⁻⁶ … 2⁶ times a vector made from the seed, none of them 0: inside the sphere and outside.
std::vector<Start> starts_of(const Setting& setting) {
    std::vector<Rational> direction = rational_numbers(setting.seed, 5, setting.dim);
    direction[0] += direction[0] < 0 ? ratio(-1) : ratio(1);
    std::vector<Start> starts;
    for (int k = -6; k <= 6; ++k) {
        std::vector<Rational> x = direction;
        for (Rational& value : x) value = k < 0 ? Rational(value / (1 << -k)) : Rational(value * (1 << k));
        starts.push_back(start_at(std::move(x)));
    }
    return starts;
}

Hypothesis not_zero(const std::vector<Start>& starts) {
    Rational smallest = starts.front().square;
    for (const Start& start : starts) smallest = std::min(smallest, start.square);
    return {"$x_0 \\ne 0$: there $\\log\\|x_0\\|$ is smooth", "smallest $\\|x_0\\|^2$: " + number(smallest), smallest > 0};
}

Finding gradients(int sign, const std::vector<Start>& starts) {
    std::size_t equal = 0;
    for (const Start& start : starts) equal += differentiated(sign, start.x) == start.gradient ? 1 : 0;
    const std::string count = std::to_string(starts.size());
    return {"gradient",
            "$\\nabla R = (1 - (d-1)/\\|x_0\\|^2)\\, x_0 = -\\nabla\\log p$ at each of " + count + " starts",
            "equal at " + std::to_string(equal) + " of " + count,
            "exact",
            Proof::exact,
            equal == starts.size()};
}

// d‖x - η∇R‖²/dη = -2 x·∇R has the sign of (d-1) - ‖x‖²: a step leads towards the sphere, and stays on it.
Finding descent(int sign, const std::vector<Start>& starts) {
    std::size_t right = 0;
    for (const Start& start : starts) {
        const Rational inward = static_cast<int>(start.x.size()) - 1 - start.square;
        const std::vector<Rational> gradient = differentiated(sign, start.x);
        Rational change = 0;
        for (std::size_t i = 0; i < gradient.size(); ++i) change -= 2 * start.x[i] * gradient[i];
        right += (inward == 0 ? change == 0 : change * inward > 0) ? 1 : 0;
    }
    return {"descent",
            "a step along $-\\nabla R$ leads towards the sphere, or stays on it, from each of " + std::to_string(starts.size()) + " starts",
            "from " + std::to_string(right) + " of " + std::to_string(starts.size()),
            "exact",
            Proof::exact,
            right == starts.size()};
}

Figure picture(int sign, int d) {
    Curve curve{sign > 0 ? "R" : "R as printed", {}, {}, {}};
    const double radius = std::sqrt(std::max(1, d - 1));
    for (int k = 1; k <= 24; ++k) {
        const double r = radius * k / 12;
        curve.x.push_back(r);
        curve.measured.push_back(sign * (r * r / 2 - (d - 1) * std::log(r)));
        // minus the logarithm of the density of χ_d, up to its constant
        curve.predicted.push_back(-(d - 1) * std::log(r) + r * r / 2);
    }
    return {"The regulariser and $-\\log p$ of $\\chi_d$, $d = " + std::to_string(d) + "$", "r", "R", false, false, {std::move(curve)}};
}

Evidence with_sign(int sign, const Setting& setting) {
    const int d = static_cast<int>(setting.dim);
    const RationalSeries R = around_sphere(sign, d);
    Evidence evidence{.subject = "$R(\\|x_0\\|)$ in " + std::to_string(d) + (d == 1 ? " dimension" : " dimensions") + ", seed " +
                                 std::to_string(setting.seed)};
    const std::vector<Start> starts = starts_of(setting);
    const Rational curvature = d == 1 ? ratio(1, 2) : ratio(d - 1);  // of -log p
    evidence.hypotheses.push_back(not_zero(starts));
    evidence.findings.push_back({"critical point", "$R' = 0$ at $\\|x_0\\| = \\sqrt{d-1}$",
                                 "coefficient of $\\varepsilon$: " + number(R[1]), "exact", Proof::coefficient, R[1] == 0, false});
    evidence.findings.push_back({"minimum",
                                 "the coefficient of $\\varepsilon^2$ is " + number(curvature) + ", that of $-\\log p$",
                                 number(R[2]), "exact", Proof::coefficient, R[2] == curvature});
    evidence.findings.push_back(gradients(sign, starts));
    evidence.findings.push_back(descent(sign, starts));
    evidence.figures.push_back(picture(sign, d));
    return evidence;
}

Evidence precise(const Setting& setting) { return with_sign(1, setting); }
Evidence printed(const Setting& setting) { return with_sign(-1, setting); }

// Where the printed R does what it should: from a point of the sphere, d = 5 and ‖x₀‖ = 2, neither sign leads away.
Evidence printed_on_the_sphere(const Setting&) {
    const std::vector<Start> starts{start_at({ratio(1), ratio(1), ratio(1), ratio(1), ratio(0)})};
    Evidence evidence{.subject = "$R(\\|x_0\\|)$ in 5 dimensions, from $(1, 1, 1, 1, 0)$ on the sphere $\\|x_0\\| = 2$"};
    evidence.hypotheses.push_back(not_zero(starts));
    evidence.findings.push_back(gradients(-1, starts));
    evidence.findings.push_back(descent(-1, starts));
    return evidence;
}

constexpr const char* text =
    "The length of a standard normal vector in $d$ dimensions has the density of $\\chi_d$, largest at $r = \\sqrt{d-1}$. A "
    "regulariser that is to keep $x_0$ where noise lives must be smallest there. With $\\|x_0\\| = \\sqrt{d-1}\\,(1 + "
    "\\varepsilon)$ (in one dimension $\\|x_0\\| = \\varepsilon$) both readings are power series in $\\varepsilon$ with rational "
    "coefficients: the sphere is a critical point of both, and the coefficient of $\\varepsilon^2$ tells the minimum from the "
    "maximum.\n\n"
    "Far from the sphere the sign decides likewise. $\\nabla R$ is found by differentiating $R$ itself, as a power series along "
    "each coordinate in rational numbers, and compared with $-\\nabla\\log p$ of the density $r^{d-1} e^{-r^2/2}$ in closed "
    "form; $\\frac{d}{d\\eta}\\|x_0 - \\eta \\nabla R\\|^2$ at $\\eta = 0$ then says whether a step leads towards the sphere, "
    "from starts inside and outside.";

}  // namespace

Claim dflow_regulariser() {
    const Reading print{
        "printed",
        "minimise $R = -\\log p(\\|x_0\\|) = c + (d-1)\\log\\|x_0\\| - \\frac{1}{2}\\|x_0\\|^2$",
        always(false),
        printed,
        Control{"The start is exchanged for one on the sphere, $d = 5$ and $\\|x_0\\| = 2$, where $\\nabla\\log p = 0$ and neither sign leads away.",
                "gradient", printed_on_the_sphere},
        "Equation 10 prints $\\log p$ where it says $-\\log p$. Minimised as printed it drives $x_0$ away from the sphere."};
    const Reading exact{
        "precise",
        "minimise $R = -\\log p(\\|x_0\\|) = c + \\frac{1}{2}\\|x_0\\|^2 - (d-1)\\log\\|x_0\\|$, smallest at $\\|x_0\\| = \\sqrt{d-1}$",
        always(true), precise, Control{"The sign is turned, as in print.", "minimum", printed}};
    return {"dflow-regulariser", "The sign of the regulariser of the noise", "Ben-Hamu et al. 2024 (D-Flow), Equation 10", text,
            {print, exact},      {.dims = {2, 1, 3, 10}, .seed = true, .no_model = "it is about the length of a normal vector; no flow enters"}};
}

}  // namespace costate::claims
