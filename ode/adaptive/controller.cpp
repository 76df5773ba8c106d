#include "ode/adaptive/controller.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

namespace {

// err^(−exponent), 1 where there is no err yet.
double power(double error, double exponent) { return error == 0 || exponent == 0 ? 1 : std::pow(error, -exponent); }

double integral_factor(const Controller& c, double error, double k) { return c.safety * std::pow(error, -1 / k); }

double filtered_factor(const Controller& c, double error, double k, const ControllerMemory& past) {
    double factor = c.safety * power(error, c.beta[0] / k);
    for (std::size_t i = 0; i < 2; ++i) {
        factor *= power(past.errors[i], c.beta[i + 1] / k);
        factor *= power(past.ratios[i], c.alpha[i]);
    }
    return factor;
}

Controller filter(std::string_view name, const std::array<double, 3>& beta, const std::array<double, 2>& alpha = {0, 0}) {
    Controller controller;
    controller.name = name;
    controller.beta = beta;
    controller.alpha = alpha;
    controller.at_most_integral = false;
    return controller;
}

}  // namespace

Controller Controller::integral() { return filter("integral", {1, 0, 0}); }
Controller Controller::pi() { return filter("pi", {0.85, -0.2, 0}); }
Controller Controller::gustafsson_pi() { return filter("gustafsson-pi", {0.7, -0.4, 0}); }
Controller Controller::gustafsson_predictive() { return {}; }
Controller Controller::h211b() { return filter("h211b", {0.25, 0.25, 0}, {0.25, 0}); }

double after_acceptance(const Controller& c, double error, double k, double h, ControllerMemory& memory) {
    if (memory.last_step > 0) memory.ratios = {h / memory.last_step, memory.ratios[0]};
    memory.last_step = h;
    double factor = c.grow;
    if (error > 0) {
        const bool first = memory.errors[0] == 0;  // nothing to filter with yet
        factor = first ? integral_factor(c, error, k) : filtered_factor(c, error, k, memory);
        if (c.at_most_integral) factor = std::min(factor, integral_factor(c, error, k));
    }
    memory.errors = {std::max(error, c.least_error), memory.errors[0]};
    const double most = memory.rejected ? 1 : c.grow;
    memory.rejected = false;
    return std::clamp(factor, c.shrink, most);
}

double after_rejection(const Controller& c, double error, double k, ControllerMemory& memory) {
    memory.rejected = true;
    if (!(error < HUGE_VAL)) return c.shrink;
    return std::clamp(integral_factor(c, error, k), c.shrink, c.safety);
}

std::span<const Controller> controllers() {
    static const std::vector<Controller> all{Controller::gustafsson_predictive(), Controller::pi(), Controller::gustafsson_pi(), Controller::integral(),
                                             Controller::h211b()};
    return all;
}

const Controller& find_controller(std::string_view name) {
    std::string known;
    for (const Controller& controller : controllers()) {
        if (controller.name == name) return controller;
        known += (known.empty() ? "" : ", ") + std::string(controller.name);
    }
    throw std::invalid_argument("there is no controller named '" + std::string(name) + "'; known are " + known);
}

void check_controller(const Controller& c) {
    bool finite = true;
    for (const double x : {c.beta[0], c.beta[1], c.beta[2], c.alpha[0], c.alpha[1], c.grow, c.least_error}) finite = finite && std::isfinite(x);
    if (!finite || !(c.safety > 0 && c.safety <= 1) || !(c.shrink > 0 && c.shrink < 1) || !(c.grow > 1) || !(c.least_error >= 0))
        throw std::invalid_argument("controller '" + std::string(c.name) + "': safety " + std::to_string(c.safety) + ", factors " + std::to_string(c.shrink) +
                                    " to " + std::to_string(c.grow) + "; give finite numbers with 0 < safety <= 1 and 0 < shrink < 1 < grow");
}

}  // namespace costate::ode
