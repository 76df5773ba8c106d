// R = ½‖x₀‖² - (d-1) log‖x₀‖ = -log p(‖x₀‖) + c for the density of χ_d; print has +log p.
#include "claims/dflow/list.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"
#include "scalar/series_functions.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace costate::claims {

namespace {

// R = sign · (½r² - (d-1) log r): +1 is -log p, -1 what is printed.
RationalSeries around_sphere(int sign, int d) {
    const RationalSeries e = RationalSeries::variable();
    if (d == 1) return RationalSeries(sign) * e * e / RationalSeries(2);  // the sphere is the point 0
    const RationalSeries square = (RationalSeries(1) + e) * (RationalSeries(1) + e);
    return RationalSeries(sign * (d - 1)) * (square / RationalSeries(2) - log1p(e));
}

// d‖x - η∇R‖²/dη = -2 x·∇R = -2 sign (‖x‖² - (d-1)): the sign that says whether a step leads to the sphere.
bool leads_to_sphere(int sign, const std::vector<Rational>& x) {
    Rational square = 0, change = 0;
    for (const Rational& value : x) square += value * value;
    const int d = static_cast<int>(x.size());
    for (const Rational& value : x) change -= 2 * sign * value * (value - (d - 1) * value / square);
    return square < d - 1 ? change > 0 : change < 0;
}

Finding descent(int sign, const Setting& setting) {
    const int d = static_cast<int>(setting.dim);
    std::vector<Rational> direction = rational_numbers(setting.seed, 5, setting.dim);
    direction[0] += direction[0] < 0 ? ratio(-1) : ratio(1);  // never 0
    int starts = 0, right = 0;
    for (int k = -6; k <= 6; ++k) {
        std::vector<Rational> x = direction;
        Rational square = 0;
        for (Rational& value : x) {
            value = k < 0 ? Rational(value / (1 << -k)) : Rational(value * (1 << k));
            square += value * value;
        }
        if (square == d - 1) continue;
        ++starts;
        right += leads_to_sphere(sign, x) ? 1 : 0;
    }
    return {"descent", "a step along $-\\nabla R$ leads towards the sphere from each of " + std::to_string(starts) + " starts",
            "from " + std::to_string(right), "exact", Proof::exact, right == starts};
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
    evidence.findings.push_back({"critical point", "$R' = 0$ at $\\|x_0\\| = \\sqrt{d-1}$",
                                 "coefficient of $\\varepsilon$: " + number(R[1]), "exact", Proof::coefficient, R[1] == 0, false});
    evidence.findings.push_back(
        {"minimum", "the coefficient of $\\varepsilon^2$ is positive", number(R[2]), "exact", Proof::coefficient, R[2] > 0});
    evidence.findings.push_back(descent(sign, setting));
    evidence.figures.push_back(picture(sign, d));
    return evidence;
}

Evidence precise(const Setting& setting) { return with_sign(1, setting); }
Evidence printed(const Setting& setting) { return with_sign(-1, setting); }

constexpr const char* text =
    "The length of a standard normal vector in $d$ dimensions has the density of $\\chi_d$, largest at $r = \\sqrt{d-1}$. A "
    "regulariser that is to keep $x_0$ where noise lives must be smallest there. With $\\|x_0\\| = \\sqrt{d-1}\\,(1 + "
    "\\varepsilon)$ (in one dimension $\\|x_0\\| = \\varepsilon$) both readings are power series in $\\varepsilon$ with rational "
    "coefficients: the sphere is a critical point of both, and the coefficient of $\\varepsilon^2$ tells the minimum from the "
    "maximum.\n\n"
    "Far from the sphere the sign decides likewise: $\\frac{d}{d\\eta}\\|x_0 - \\eta \\nabla R\\|^2$ at $\\eta = 0$, in rational "
    "numbers, says whether a step leads towards the sphere, from starts inside and outside.";

}  // namespace

Claim dflow_regulariser() {
    const Reading print{
        "printed",
        "minimise $R = -\\log p(\\|x_0\\|) = c + (d-1)\\log\\|x_0\\| - \\frac{1}{2}\\|x_0\\|^2$",
        always(false),
        printed,
        Control{"the sign is turned: $R = \\frac{1}{2}\\|x_0\\|^2 - (d-1)\\log\\|x_0\\|$", "minimum", precise},
        "Equation 10 prints $\\log p$ where it says $-\\log p$. Minimised as printed it drives $x_0$ away from the sphere."};
    const Reading exact{
        "precise",
        "minimise $R = -\\log p(\\|x_0\\|) = c + \\frac{1}{2}\\|x_0\\|^2 - (d-1)\\log\\|x_0\\|$, smallest at $\\|x_0\\| = \\sqrt{d-1}$",
        always(true), precise, Control{"the sign is turned, as in print", "minimum", printed}};
    return {"dflow-regulariser", "The sign of the regulariser of the noise", "Ben-Hamu et al. 2024 (D-Flow), Equation 10", text,
            {print, exact},      {.dims = {2, 1, 3, 10}, .seed = true}};
}

}  // namespace costate::claims
