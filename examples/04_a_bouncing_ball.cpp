// A ball is dropped: how do its height after three bounces, and the time of the third, depend on where it began, on gravity and on the floor?
#include "autodiff/program_field.hpp"
#include "ode/adaptive/events_gradient.hpp"
#include "ode/adaptive/events_solve.hpp"
#include "ode/gradient/store_all.hpp"

#include <cstdio>

using namespace costate;

int main() {
    const auto fall = [](auto, auto x, auto p, auto dx) {  // x = (height, velocity), p = (gravity)
        dx[0] = x[1];
        dx[1] = -p[0];
    };
    autodiff::ProgramField<double> field(autodiff::record_field<double>(2, std::vector{9.81}, fall));
    ode::Event<double> bounce = ode::event_of<double>(
        {0.8}, [](const auto&, auto x, auto) { return x[0]; },  // the height is 0,
        [](const auto&, auto x, auto restitution, auto after) {  // and the velocity is turned
            after[0] = x[0];
            after[1] = -restitution[0] * x[1];
        });
    bounce.crossing = ode::Crossing::falling;
    const std::vector events{bounce};
    const ode::Tableau& pair = ode::find_tableau("dormand-prince");
    const auto solution = ode::solve_events(pair, field, events, 0.0, 2.5, std::vector{2.0, 0.0});
    std::printf("%s\n", solution.status.sentence().c_str());
    for (std::size_t k = 0; k < solution.events(); ++k) std::printf("bounce at t = %.12f\n", solution.pieces[k].end);
    const auto print = [&](const char* what, const ode::EventSeeds<double>& seeds) {
        const auto g = ode::event_gradient(ode::dto::StoreAll{}, pair, field, events, solution, seeds);
        std::printf("%s: d/dx0 = (%.9f, %.9f) d/dgravity = %.9f d/drestitution = %.9f\n", what, g.x_bar[0], g.x_bar[1], g.theta_bar[0], g.event_bars[0]);
    };
    print("height", {{1, 0}, {}, {}});
    print("time", {{}, {0, 0, 1}, {}});
}
