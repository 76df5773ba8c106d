// How does the distance of a pendulum's end from a target depend on where it began, on its length, and on when it ends?
#include "autodiff/program_field.hpp"
#include "ode/flow.hpp"

#include <cstdio>

int main() {
    using namespace costate;
    const auto pendulum = [](auto, auto x, auto p, auto dx) {  // x = (angle, angular velocity), p = (g/l)
        using std::sin;
        dx[0] = x[1];
        dx[1] = -p[0] * sin(x[0]);
    };
    autodiff::ProgramField<double> field(autodiff::record_field<double>(2, std::vector{9.81}, pendulum));
    const ode::SquaredDistance<double> loss({0.0, 1.0});  // L = ½‖x(t₁) - (0, 1)‖²
    const std::vector x0 = {1.0, 0.0};
    const auto g = ode::gradient(field, loss, x0, {0.0, 1.0}, {.tableau = "dormand-prince", .steps = 200});
    std::printf("L = %.9f\n", g.loss);
    std::printf("dL/dx0 = (%.9f, %.9f)\n", g.x_bar[0], g.x_bar[1]);
    std::printf("dL/dp = %.9f  dL/dt1 = %.9f\n", g.theta_bar[0], g.t1_bar);
}
