// D-Flow on the exact flow of five points, where most starts fall to a point that the measurement excludes and the gradient all but vanishes.
#include "tests/guidance/guide/linear_gaussian.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

bool reached(const GuidanceResult<double>& result) { return result.note.find("wanted reached") != std::string::npos; }

}  // namespace

TEST_CASE("d-flow begins again where a start leads nowhere, and only there") {
    FlowModel<double> model(EmpiricalData<double>({-1, -1, 1, -1, -1, 1, 1, 1, 0, 0.2}, 2, 0.02, CondOt{}));
    Objective<double> objective({measured<double>({1, 2, {1, 0.25}}, {0.75})});
    const auto loss = [&](const GuidanceResult<double>& r) { return objective(std::span<const double>(r.x)); };
    const GuidanceMethod method = find_guidance_method("d-flow"), alone = method.with("restarts", 0);
    std::size_t good = 0, bad = 0, mended = 0;
    for (std::uint32_t image = 0; image < 24; ++image) {
        INFO("image " << image);
        const auto one = guided(alone, model, objective, {}, 1, image), several = guided(method, model, objective, {}, 1, image);
        CHECK(reached(one) == (loss(one) <= 2 * std::pow(10, -4.5)));
        CHECK(one.restarts == 0);
        CHECK((several.restarts == 0) == reached(one));
        CHECK(several.restarts <= 4);
        if (reached(one)) CHECK(several.x == one.x);
        CHECK(loss(several) <= loss(one));
        CHECK(several.note.find(std::to_string(several.restarts) + " restart") != std::string::npos);
        ++(reached(one) ? good : bad);
        mended += !reached(one) && reached(several);
    }
    // half of the starts are bad, and others are found for most of those
    CHECK((good >= 8 && bad >= 8 && mended >= 6));
}

TEST_CASE("a start is left where its pace does not reach the target; when all were left the best goes on") {
    // steepest descent, one step an iteration
    FlowModel<double> model(gaussian3<double>().mixture());
    Objective<double> objective({measured<double>({3, 3, {1, 0.5, 0, -0.25, 1, 0.75, 1, 0.5, 0}}, {1.5, -2, 0.5})});  // the first and the last contradict each other
    const GuidanceMethod slow = find_guidance_method("d-flow:inner=1:memory=0"), far = slow.with("target", 45);
    const NormalSource random(1);
    double done = 0;
    GuidanceProblem<double> problem{model, objective, random, {}, [&](double fraction) { done = fraction; }};
    const auto iterations = [&](const GuidanceMethod& method, double starts) {
        method(problem);
        return done * starts * 15;
    };
    // alone it has its 15 iterations, left or not; of four that are left each has two at least, few more, and the best the rest of its 15
    CHECK(iterations(far.with("restarts", 0), 1) == Approx(14));
    const double of_four = iterations(far.with("restarts", 3), 4);
    CHECK((of_four >= 4 * 2 + 13 - 1.5 && of_four < 30));
    const auto all = guided(far.with("restarts", 3), model, objective), alone = guided(far.with("restarts", 0), model, objective);
    CHECK((all.restarts == 3 && alone.restarts == 0));
    CHECK_FALSE((reached(all) || reached(alone)));
    CHECK(objective(std::span<const double>(all.x)) < objective(std::span<const double>(alone.x)));
    const auto near = guided(slow.with("target", 8), model, objective);
    CHECK((near.restarts == 0 && reached(near)));
}
