// solve and gradient, the two functions in front: the same numbers as the steppers and methods behind them.
#include "ode/flow.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

template <class T>
std::vector<T> by_hand(const char* tableau, std::size_t steps) {
    Polynomial<T> f{parameters<T>()};
    const Coefficients<T> method(find_tableau(tableau));
    StepWorkspace<T> ws;
    std::vector<T> x = batch_of_two<T>();
    const T h = T(1) / T(static_cast<int>(steps));
    for (std::size_t n = 0; n < steps; ++n) step<T>(method, f, T(static_cast<int>(n)) * h, h, x, x, ws);
    return x;
}

}  // namespace

TEST_CASE("solve is its steps, on any scalar") {
    Polynomial<double> f{parameters<double>()};
    CHECK(solve(f, batch_of_two<double>(), {0.0, 1.0}, {.tableau = "rk4", .steps = 8}) == by_hand<double>("rk4", 8));
    CHECK(solve(f, batch_of_two<double>(), {0.0, 1.0}) == by_hand<double>("dormand-prince", 100));
    CHECK(solve(f, batch_of_two<double>(), {0.0, 1.0}, {.tableau = "rk4", .steps = 9}) != by_hand<double>("rk4", 8));
    Polynomial<Rational> exact{parameters<Rational>()};
    CHECK(solve(exact, batch_of_two<Rational>(), {Rational(0), Rational(1)}, {.tableau = "heun", .steps = 2}) == by_hand<Rational>("heun", 2));
    CHECK_THROWS_WITH(solve(f, batch_of_two<double>(), {0.0, 1.0}, {.tableau = "rk5"}), Contains("'rk5'"));
    CHECK_THROWS_WITH(solve(f, std::vector<double>{1, 2, 3}, {0.0, 1.0}), Contains("3 values"));
    CHECK_THROWS_WITH(solve(f, batch_of_two<double>(), {0.0, 1.0}, {.steps = 0}), Contains("0 steps"));
}

TEST_CASE("gradient by value and by name") {
    Polynomial<double> f{parameters<double>()};
    const SquaredDistance<double> loss(target<double>());
    const std::vector<double> x0 = batch_of_two<double>();
    const auto expected = dto::StoreAll{}(f, loss, find_tableau("kutta3"), 0.0, 0.5, 6, x0);
    const SolveOptions options{.tableau = "kutta3", .steps = 6};
    for (const auto& g : {gradient(f, loss, x0, {0.0, 0.5}, options), gradient(f, loss, x0, {0.0, 0.5}, options, "dto"),
                          gradient(f, loss, x0, {0.0, 0.5}, options, dto::StoreAll{})}) {
        CHECK(g.loss == expected.loss);
        CHECK(g.x_bar == expected.x_bar);
        CHECK(g.theta_bar == expected.theta_bar);
        CHECK(g.t1_bar == expected.t1_bar);
    }
    CHECK(gradient(f, loss, x0, {0.0, 0.5}, options, std::string("backsolve")).x_bar != expected.x_bar);
    CHECK(gradient(f, loss, x0, {0.0, 0.5}, options, otd::Backsolve{}, {.want_theta = false}).theta_bar.empty());
    CHECK_THROWS_WITH(gradient(f, loss, x0, {0.0, 0.5}, options, "adjoint"), Contains("'adjoint'"));
}
