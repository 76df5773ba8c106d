// A long solve and little memory: the gradient of all 20 000 steps in 40 kB, the same to the last bit as with every step stored.
#include "autodiff/program_field.hpp"
#include "ode/flow.hpp"

#include <cstdio>

int main() {
    using namespace costate;
    const auto predator_and_prey = [](auto, auto x, auto p, auto dx) {
        dx[0] = p[0] * x[0] - p[1] * x[0] * x[1];
        dx[1] = p[3] * x[0] * x[1] - p[2] * x[1];
    };
    autodiff::ProgramField<double> field(autodiff::record_field<double>(2, std::vector{1.5, 1.0, 3.0, 1.0}, predator_and_prey));
    const ode::SquaredDistance<double> loss({1.0, 1.0});  // L = ½‖x(t₁) - (1, 1)‖²
    const std::vector x0 = {1.0, 1.0};
    const ode::SolveOptions options{.tableau = "rk4", .steps = 20000};

    // the budget decides
    const auto choice = ode::dto::within_memory(40'000, field, loss, ode::find_tableau("rk4"), 0.0, 10.0, options.steps, x0).choice;
    std::printf("%s\n", choice.sentence.c_str());
    const auto within = ode::gradient(field, loss, x0, {0.0, 10.0}, options, "memory:40kB");
    std::printf("held %s 40 kB\n", within.cost.peak_bytes <= 40'000 ? "at most" : "more than");

    // every step stored, and a schedule by name: as many slots as one likes
    const auto all = ode::gradient(field, loss, x0, {0.0, 10.0}, options);
    const auto eight = ode::gradient(field, loss, x0, {0.0, 10.0}, options, "binomial:8");
    std::printf("every step stored: %zu times as much memory\n", all.cost.peak_bytes / within.cost.peak_bytes);
    std::printf("evaluations: %zu, %zu in 40 kB, %zu with 8 states\n", all.cost.evaluations, within.cost.evaluations, eight.cost.evaluations);
    std::printf("the same bits: %s\n", all.x_bar == within.x_bar && all.x_bar == eight.x_bar && all.theta_bar == within.theta_bar ? "yes" : "no");
    std::printf("dL/dx0 = (%.9f, %.9f)\n", within.x_bar[0], within.x_bar[1]);
}
