// Predators and prey by steps that follow a tolerance: the end, states on the way, and the gradient by the ways there are.
#include "autodiff/program_field.hpp"
#include "ode/adaptive/dense_output.hpp"
#include "ode/adaptive/solve.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/adaptive_otd.hpp"
#include "ode/gradient/sensitive_steps.hpp"

#include <cstdio>

using namespace costate;
using Field = autodiff::ProgramField<double>;
using Values = std::vector<double>;

int main() {
    Field field(autodiff::record_field<double>(2, Values{1.5, 1, 3, 1}, [](auto, auto x, auto p, auto dx) {
        dx[0] = p[0] * x[0] - p[1] * x[0] * x[1];
        dx[1] = p[3] * x[0] * x[1] - p[2] * x[1];
    }));
    const ode::Tableau& pair = ode::find_tableau("dormand-prince");
    const Values x0 = {1, 1}, knots = {10};  // every gradient goes through the times in `knots`, the last of which is t1
    ode::AdaptiveOptions<double> steps;
    steps.tolerance.rtol = 1e-8;
    steps.tolerance.atol_each = {1e-8, 1e-9};
    steps.controller = ode::find_controller("pi");
    steps.save_at = {2.5, 5, 7.5};  // states there from the interpolant: no step is shortened
    ode::DenseOutput<double> everywhere{ode::PairCoefficients<double>(pair)};
    const auto solution = ode::solve_adaptive(pair, field, 0.0, 10.0, x0, steps, everywhere);
    if (!solution.status.ok()) return std::printf("%s\n", solution.status.sentence().c_str()), 1;
    Values x(2);
    everywhere.at(5.0, x);
    std::printf("x(10) = (%.4f, %.4f), x(5) = (%.4f, %.4f), saved (%.4f, %.4f)\n", solution.x1[0], solution.x1[1], x[0], x[1], solution.saved[2],
                solution.saved[3]);

    const ode::SquaredDistance<double> loss({1.0, 1.0});
    ode::GradientResult<double> g;
    const auto print = [&](const char* how, const ode::Status& status) {
        std::printf("%-14s %s: dL/dx0 = (%.4f, %.4f), dL/dp0 = %.4f, dL/dt1 = %.4f\n", how, name_of(status.outcome), g.x_bar[0], g.x_bar[1], g.theta_bar[0],
                    g.t1_bar);
    };
    ode::dto::AdaptiveDtoWorkspace<Field, double> discrete(pair);
    print("frozen", ode::dto::Adaptive{}(field, loss, 0.0, knots, x0, steps, {}, discrete, g));
    const ode::dto::Adaptive online{{ode::checkpoint::Rule::online, 8, 0}};  // eight states, however many steps
    print("eight slots", online(field, loss, 0.0, knots, x0, steps, {}, discrete, g));
    ode::AdaptiveOptions<double> back = steps;  // the way back has tolerances, a pair and a controller of its own
    back.tolerance = {.rtol = 1e-9, .atol = 1e-9};
    ode::otd::AdaptiveOtdWorkspace<Field, double> continuous(pair, ode::find_tableau("tsitouras"));
    print("adjoint", ode::otd::Adaptive{ode::otd::StateFrom::interpolated}(field, loss, 0.0, knots, x0, steps, back, {}, continuous, g));

    // is the error control blind to what the gradient needs?
    const auto watch = ode::watch_sensitivities(discrete.forward.pair, field, discrete.forward.grid, x0, ode::Directions<double>::along(g.x_bar, g.theta_bar),
                                                {.rtol = 1e-8, .atol = 1e-8});
    std::printf("%s\n", watch.blind() ? watch.warning().c_str() : "the steps suit the gradient");
}
