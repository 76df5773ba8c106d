// The equilibrium trap: at rest the state's error estimate is 0 and steps explode; control that sees sensitivities returns the derivative.
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/adaptive_saved.hpp"
#include "ode/gradient/sensitive_steps.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <optional>
#include <vector>

using namespace costate;
using namespace costate::ode;
using Catch::Matchers::Contains;

namespace {

/// x' = ax − xy, y' = −ay + xy, in rest at (1, 1) where a = 1.
struct Trap {
    double a = 1;
    static constexpr std::size_t dim() { return 2; }
    static constexpr std::size_t parameter_count() { return 1; }
    void operator()(double, std::span<const double> u, std::span<double> du) const {
        du[0] = a * u[0] - u[0] * u[1];
        du[1] = -a * u[1] + u[0] * u[1];
    }
    void vjp(double, std::span<const double> u, std::span<const double> l, std::span<double> x_bar, std::span<double> theta_bar, double&) const {
        if (!x_bar.empty()) {
            x_bar[0] += l[0] * (a - u[1]) + l[1] * u[1];
            x_bar[1] += -l[0] * u[0] + l[1] * (u[0] - a);
        }
        if (!theta_bar.empty()) theta_bar[0] += l[0] * u[0] - l[1] * u[1];
    }
    void jvp(double t, std::span<const double> u, double, std::span<const double> v, std::span<const double> q, std::span<double> du,
             std::span<double> dv) const {
        (*this)(t, u, du);
        dv[0] = (a - u[1]) * v[0] - u[0] * v[1];
        dv[1] = u[1] * v[0] + (u[0] - a) * v[1];
        if (q.empty()) return;
        dv[0] += u[0] * q[0];
        dv[1] -= u[1] * q[0];
    }
};

using Sum = LinearFunctional<double>;
using Path = SumOverKnots<double, Sum>;
// Σ x + y over t = 0, 0.1, …, 10; by the closed form 202 − 2 Σ cos(i/10), 30 digits from outside the project.
constexpr double exact = 212.710425216819381124340873715;
const std::vector<double> rest{1, 1};

std::vector<double> save_times() {
    std::vector<double> times;
    for (int i = 1; i <= 100; ++i) times.push_back(i / 10.0);
    return times;
}
Path sum() { return Path(std::vector<std::optional<Sum>>(101, Sum({1, 1}))); }

AdaptiveOptions<double> tolerance(double tol) {
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    return options;
}

double on_grid(Trap& f, const TimeGrid<double>& grid) {
    dto::StoreAll::Workspace<Trap, double> ws(find_tableau("dormand-prince"));
    GradientResult<double> result;
    dto::StoreAll{}(f, sum(), grid, rest, {}, ws, result);
    CHECK(result.loss == 202);
    return result.theta_bar[0];
}

const Directions<double> along_a{{}, {1}};

}  // namespace

TEST_CASE("the equilibrium trap: control of state and sensitivities returns the derivative to the tolerance asked for") {
    Trap f;
    for (const double tol : {1e-4, 1e-6, 1e-8, 1e-10, 1e-12}) {
        INFO("tolerance " << tol);
        AdaptiveForward<double> forward(find_tableau("dormand-prince"));
        REQUIRE(follow_sensitivities(f, 0.0, save_times(), rest, along_a, tolerance(tol), forward).ok());
        CHECK(std::abs(on_grid(f, forward.grid) - exact) <= tol * exact);
        const Watch watch = watch_sensitivities(forward.pair, f, forward.grid, rest, along_a, tolerance(tol).tolerance);
        CHECK(watch.state == 0);
        CHECK(watch.sensitivity <= 1.01 * std::sqrt(2));
        CHECK(watch.warning().empty());
    }
}

TEST_CASE("control of the state alone fails at every tolerance, and the watch says so") {
    Trap f;
    // each term by a solve of its own: nothing but the end stops the steps, which then grow without bound
    const auto without_stops = [&](double tol) {
        double total = 0;
        dto::AdaptiveDtoWorkspace<Trap, double> ws(find_tableau("dormand-prince"));
        for (const double end : save_times()) {
            GradientResult<double> result;
            REQUIRE(dto::Adaptive{}(f, Sum({1, 1}), 0.0, std::vector<double>{end}, rest, tolerance(tol), {}, ws, result).ok());
            total += result.theta_bar[0];
        }
        const Watch watch = watch_sensitivities(ws.forward.pair, f, ws.forward.grid, rest, along_a, tolerance(tol).tolerance);
        CHECK(watch.state == 0);
        CHECK(watch.blind());
        CHECK_THAT(watch.warning(), Contains("may be wrong"));
        return total;
    };
    // the terms read off the interpolant of one solve, whose steps have grown to the size of the interval
    const auto interpolated = [&](double tol) {
        dto::SavedWorkspace<Trap, double> ws(find_tableau("dormand-prince"));
        GradientResult<double> result;
        const std::vector<Sum> terms(100, Sum({1, 1}));
        REQUIRE(dto::AdaptiveSaved{}(f, terms, 0.0, 10.0, save_times(), rest, tolerance(tol), {}, ws, result).ok());
        CHECK(ws.forward.grid.steps() < 15);
        const auto along = Directions<double>::along(result.x_bar, result.theta_bar);
        CHECK(watch_sensitivities(ws.forward.pair, f, ws.forward.grid, rest, along, tolerance(tol).tolerance).blind());
        return result.theta_bar[0];
    };
    for (const double tol : {1e-3, 1e-6, 1e-12}) {
        CHECK(std::abs(interpolated(tol) - exact) > 100);
        CHECK(std::abs(without_stops(tol) - exact) > 100);
        // stopping at the save times keeps steps at 1/10: nearer, but as near at every tolerance
        AdaptiveForward<double> forward(find_tableau("dormand-prince"));
        REQUIRE(forward.follow(f, 0.0, save_times(), rest, tolerance(tol)).ok());
        const double error = std::abs(on_grid(f, forward.grid) - exact);
        CHECK(error > 1e-9);
        CHECK(error < 1e-3);
    }
    CHECK(interpolated(1e-3) == interpolated(1e-12));
    CHECK(without_stops(1e-6) == without_stops(1e-9));
}

TEST_CASE("where the state moves, its control serves the derivatives and nothing is said") {
    testing::Polynomial<double> f{testing::parameters<double>()};
    const std::vector<double> x0 = testing::batch_of_two<double>();
    AdaptiveForward<double> forward(find_tableau("dormand-prince"));
    REQUIRE(forward.follow(f, 0.2, std::vector<double>{1.2}, x0, tolerance(1e-8)).ok());
    const auto every = Directions<double>::every(4, 4);
    const Watch watch = watch_sensitivities(forward.pair, f, forward.grid, x0, every, tolerance(1e-8).tolerance);
    CHECK(watch.state > 0.01);
    CHECK(watch.state < 1.5);
    CHECK(watch.warning().empty());
    const std::vector<double> x_bar{0, -4}, theta_bar{2}, still{0, 0};
    const auto along = Directions<double>::along(x_bar, theta_bar);
    CHECK((along.x == std::vector<double>{0, -1} && along.theta == std::vector<double>{0.5}));
    // a pair with two estimates is judged by both, as its control is
    AdaptiveForward<double> eighth(find_tableau("dop853"));
    double largest = 0;
    const auto listen = [&](const AcceptedStep<double>& step) { largest = std::max(largest, step.error); };
    REQUIRE(eighth.follow(f, 0.2, std::vector<double>{1.2}, x0, tolerance(1e-8), listen).ok());
    CHECK(watch_sensitivities(eighth.pair, f, eighth.grid, x0, every, tolerance(1e-8).tolerance).state == Approx(largest));
    PairCoefficients<double> one = eighth.pair;  // control: by one alone it overstates
    one.second = {};
    CHECK(watch_sensitivities(one, f, eighth.grid, x0, every, tolerance(1e-8).tolerance).state > 2 * largest);
    CHECK(Directions<double>::along(still, {}).x == still);
    CHECK_THROWS_WITH((TangentField<testing::Polynomial<double>, double>(f, 4, {{1, 2, 3}, {}})), Contains("rows of 4"));
    CHECK_THROWS_WITH((TangentField<testing::Polynomial<double>, double>(f, 4, {})), Contains("leave one of them out"));
}
