// Observed order at 50 digits, without a reference solution: log₂ of the ratio of successive differences on grids N, 2N, 4N.
#include "ode/gradient/methods.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

using T = Mpfr50;

std::vector<T> gradient(std::string_view name, const Tableau& tableau, std::size_t steps) {
    Polynomial<T> f{parameters<T>()};
    GradientResult<T> g;
    with_gradient_method(name, [&](const auto& method) {
        g = method(f, SquaredDistance<T>(target<T>()), tableau, from_rational<T>(ratio(1, 5)), from_rational<T>(ratio(6, 5)),
                   steps, scalars<T>({ratio(1, 2), ratio(-2, 3)}));
    });
    g.x_bar.insert(g.x_bar.end(), g.theta_bar.begin(), g.theta_bar.end());
    g.x_bar.push_back(g.t0_bar);
    g.x_bar.push_back(g.t1_bar);
    return g.x_bar;
}

// ‖a − b‖ over [first, last)
double distance(const std::vector<T>& a, const std::vector<T>& b, std::size_t first, std::size_t last) {
    T total = 0;
    for (std::size_t i = first; i < last; ++i) total += (a[i] - b[i]) * (a[i] - b[i]);
    return static_cast<double>(sqrt(total));
}

}  // namespace

TEST_CASE("every method meets its predicted order with every tableau, in x0, theta and the end times") {
    for (const Tableau& tableau : tableaus())
        for_each_gradient_method([&](const auto& method) {
            const std::vector<T> coarse = gradient(method.name, tableau, 64), middle = gradient(method.name, tableau, 128),
                                 fine = gradient(method.name, tableau, 256);
            const auto observed = [&](std::size_t first, std::size_t last) {
                return std::log2(distance(coarse, middle, first, last) / distance(middle, fine, first, last));
            };
            INFO(method.name << ", " << tableau.name);
            const double predicted = static_cast<double>(method.predicted_order(tableau));
            CHECK(observed(0, 2) == Approx(predicted).margin(0.1));
            CHECK(observed(2, 6) == Approx(predicted).margin(0.1));
            // of ∂L/∂t₁ optimize-then-discretize integrates nothing backwards: the tableau's own order, beside the method's
            const double of_times = observed(6, 8);
            CHECK(of_times >= predicted - 0.1);
            CHECK(of_times <= std::max(predicted, static_cast<double>(order(tableau))) + 0.1);
        });
}

TEST_CASE("spelled variants meet the orders predicted of x0 and of theta: a cubic has order 4") {
    for (const char* name : {"midpoint", "kutta3", "rk4", "dormand-prince"})
        for (const std::string spelling : {"stored-states:gauss", "interpolating:gauss", "interpolating:quadrature", "backsolve:3", "backsolve:3:gauss"}) {
            INFO(spelling << ", " << name);
            const Tableau& tableau = find_tableau(name);
            std::size_t of_x = 0, of_theta = 0;
            with_gradient_method(spelling, [&](const auto& method) {
                of_x = method.predicted_order(tableau);
                if constexpr (requires { method.theta_order(tableau); }) of_theta = method.theta_order(tableau);
            });
            const auto coarse = gradient(spelling, tableau, 64), middle = gradient(spelling, tableau, 128), fine = gradient(spelling, tableau, 256);
            const auto observed = [&](std::size_t first, std::size_t last) {
                return std::log2(distance(coarse, middle, first, last) / distance(middle, fine, first, last));
            };
            CHECK(observed(0, 2) == Approx(static_cast<double>(of_x)).margin(0.1));
            CHECK(observed(2, 6) == Approx(static_cast<double>(of_theta)).margin(0.1));
            CHECK(of_theta == std::min<std::size_t>(order(tableau), spelling == "backsolve:3" ? 5 : 4));
        }
}

TEST_CASE("over an interval the gap of OTD on stored states to DTO keeps the order of one step less one") {
    for (const auto& [name, order_of_gap] : {std::pair{"euler", 1.0}, std::pair{"heun", 3.0}, std::pair{"dormand-prince", 5.0}}) {
        const Tableau& tableau = find_tableau(name);
        const auto gap = [&](std::size_t steps) {
            return distance(gradient("dto", tableau, steps), gradient("stored-states", tableau, steps), 0, 2);
        };
        INFO(name);
        CHECK(std::log2(gap(64) / gap(128)) == Approx(order_of_gap).margin(0.1));
    }
}
