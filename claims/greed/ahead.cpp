#include "claims/greed/ahead.hpp"

#include "claims/greed/start.hpp"

#include <cmath>

namespace costate::claims::ahead {

bool exact_here(const Setting& setting) {
    const auto* power = std::get_if<guidance::PolynomialPath>(&setting.path);
    if (power && power->n > 2) return false;  // t(r) is an n-th root
    for (const Rational& t : {start_time<Rational>(), Rational(1)})
        if (std::holds_alternative<guidance::OwnPath>(setting.path) && !guidance::has_rational_sigma(setting.path, t)) return false;
    return !guidance::is_transcendental(setting.path) &&
           (setting.field == "gaussian" || setting.field == "polynomial" || setting.field == "linear");
}

Finding size_finding(std::string name, double predicted, double measured, double tolerance, Proof proof,
                     std::string uncertainty) {
    const bool holds = std::isfinite(measured) && std::abs(measured - predicted) <= tolerance * std::abs(predicted);
    return {std::move(name), number(predicted, 8), number(measured, 8), std::move(uncertainty), proof, holds};
}

ode::Tableau spoilt(const ode::Tableau& tableau) {
    ode::Tableau broken = ode::without_idle_stages(tableau);
    broken.b_hat.clear();
    if (broken.stages() == 1) {
        broken.b[0] -= ratio(1, 8);
    } else {
        broken.b.front() += ratio(1, 8);
        broken.b.back() -= ratio(1, 8);
    }
    return broken;
}

std::string spoilt_weight(const ode::Tableau& tableau) {
    const std::size_t s = ode::effective_stages(tableau);
    return s == 1 ? "an eighth of the only weight is lost" : "an eighth of the weight moves from stage " + std::to_string(s) + " to stage 1";
}

Axes axes_of_one_euler_step() {
    return {.paths = all_paths("cond-ot"),
            .fields = {"gaussian", "mixture", "polynomial", "data-set"},
            .dims = {2, 1, 3, 10},
            .seed = true,
            .model = true};
}

Hypothesis noise_left(const guidance::AnyPath& path, double t) {
    const double sigma2 = guidance::at<double>(path, t).sigma2;
    return {"$\\sigma_t > 0$", "$\\sigma_t^2 = " + number(sigma2) + "$ at $t = " + number(t) + "$", sigma2 > 0};
}

Hypothesis ends_on_data(const guidance::AnyPath& path) {
    const guidance::PathEnd end = guidance::end_of(path);
    return {"$\\sigma_1 = 0$ and $\\alpha_1 = 1$",
            "$\\sigma_1 = " + number(end.sigma) +
                "$, $\\alpha_1 = "
                "" +
                number(end.alpha) + "$",
            guidance::reaches_data(path)};
}

}  // namespace costate::claims::ahead
