// Step sizes differentiated with the rest: difference quotients of the whole adaptive solve.
#include "ode/gradient/controlled_steps.hpp"
#include "ode/gradient/adaptive_forward.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

using F = Polynomial<double>;

AdaptiveOptions<double> options(const Controller& controller, double first_step) {
    AdaptiveOptions<double> made;
    made.tolerance.rtol = made.tolerance.atol = 1e-5;
    made.controller = controller;
    made.first_step = first_step;
    return made;
}

AdaptiveResult<double> solved(std::vector<double> x0, std::vector<double> p, double t0, double t1, const AdaptiveOptions<double>& given) {
    F f{std::move(p)};
    return solve_adaptive<double>(find_tableau("bogacki-shampine"), f, t0, t1, x0, given);
}

}  // namespace

TEST_CASE("tangents through the controller are difference quotients of the whole solve; those of frozen steps are not") {
    const std::vector<double> x0 = batch_of_two<double>(), p = parameters<double>();
    const PairCoefficients<double> pair(find_tableau("bogacki-shampine"));
    const auto directions = Directions<double>::every(4, 4);
    for (const Controller& controller : controllers())
        for (const auto& [t0, t1] : {std::pair{0.2, 1.2}, std::pair{1.2, 0.2}})
            for (const double first : {0.01, 0.5}) {  // the second is rejected
                INFO(controller.name << " from " << t0 << ", first step " << first);
                const AdaptiveOptions<double> given = options(controller, first);
                const AdaptiveResult<double> middle = solved(x0, p, t0, t1, given);
                REQUIRE(middle.status.ok());
                CHECK((middle.counts.rejected > 0) == (first > 0.1));
                F f{p};
                std::vector<double> times;
                const std::vector<double> tangents = controlled_tangents<F, double>(pair, f, t0, t1, x0, directions, given, times);
                REQUIRE(times.size() == middle.times.size());
                for (std::size_t n = 0; n < times.size(); ++n) CHECK(times[n] == Approx(middle.times[n]).epsilon(1e-13));
                AdaptiveForward<double> frozen(find_tableau("bogacki-shampine"));
                double most_frozen = 0;
                for (std::size_t d = 0; d < 8; ++d) {
                    std::vector<double> up_x = x0, down_x = x0, up_p = p, down_p = p;
                    const double by = 1e-6;
                    (d < 4 ? up_x[d] : up_p[d - 4]) += by;
                    (d < 4 ? down_x[d] : down_p[d - 4]) -= by;
                    const auto up = solved(up_x, up_p, t0, t1, given), down = solved(down_x, down_p, t0, t1, given);
                    REQUIRE((up.counts == middle.counts && down.counts == middle.counts));
                    // the same on steps that stay where they are
                    const Coefficients<double> method(find_tableau("bogacki-shampine"));
                    StepWorkspace<double> ws;
                    const TimeGrid<double> grid(middle.times);
                    std::vector<double> up_frozen(4), down_frozen(4);
                    F above{up_p}, below{down_p};
                    solve<double>(method, above, grid, up_x, up_frozen, ws);
                    solve<double>(method, below, grid, down_x, down_frozen, ws);
                    for (std::size_t i = 0; i < 4; ++i) {
                        const double quotient = (up.x1[i] - down.x1[i]) / (2 * by), tangent = tangents[d * 4 + i];
                        CHECK(tangent == Approx(quotient).epsilon(1e-7).margin(1e-8));
                        most_frozen = std::max(most_frozen, std::abs((up_frozen[i] - down_frozen[i]) / (2 * by) - tangent));
                    }
                }
                CHECK(most_frozen > 1e-6);
            }
    F f{p};
    std::vector<double> times;
    CHECK_THROWS_WITH((controlled_tangents<F, double>(pair, f, 0.0, 1.0, x0, directions, options(Controller{}, 0), times)), Contains("give a first step"));
    AdaptiveOptions<double> few = options(Controller{}, 0.01);
    few.max_steps = 2;
    CHECK_THROWS_WITH((controlled_tangents<F, double>(pair, f, 0.0, 1.0, x0, directions, few, times)), Contains("does not reach t1"));
    few.save_at = {0.5};
    CHECK_THROWS_WITH((controlled_tangents<F, double>(pair, f, 0.0, 1.0, x0, directions, few, times)), Contains("save_at has 1 times"));
}
