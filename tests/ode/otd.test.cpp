// Optimize-then-discretize: its variants against each other, == where they are one thing and not where they are not.
#include "ode/gradient/methods.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

template <class T, class F = Polynomial<T>>
GradientResult<T> by(const std::string& spelling, const Tableau& tableau, std::size_t steps, F f = F{parameters<T>()}, GradientOptions options = {}) {
    GradientResult<T> g;
    with_gradient_method(spelling, [&](const auto& method) {
        g = method(f, SquaredDistance<T>(target<T>()), tableau, from_rational<T>(ratio(1, 5)), from_rational<T>(ratio(3, 4)), steps, batch_of_two<T>(), options);
    });
    return g;
}

template <class T>
bool same(const GradientResult<T>& a, const GradientResult<T>& b) {
    return a.loss == b.loss && a.x1 == b.x1 && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar;
}

const std::vector<std::string> theta_ways{"", ":quadrature", ":gauss"};

template <class T>
void check_nodes(const Tableau& tableau, std::size_t steps) {
    for (const std::string base : {"backsolve", "backsolve:1", "stored-states", "interpolating", "resolve:2"}) {
        INFO(base << ", " << tableau.name);
        const auto augmented = by<T>(base, tableau, steps);
        CHECK(same(by<T>(base + ":quadrature", tableau, steps), augmented));
        CHECK_FALSE(by<T>("dto", tableau, steps).theta_bar == augmented.theta_bar);
        if (order(tableau) > 2) continue;
        const auto gauss = by<T>(base + ":gauss", tableau, steps);  // one node
        CHECK(gauss.x_bar == augmented.x_bar);
        CHECK(gauss.t0_bar == augmented.t0_bar);
        CHECK_FALSE(gauss.theta_bar == augmented.theta_bar);
    }
}

}  // namespace

TEST_CASE("the solver's own nodes give the theta gradient of the augmented state, == in exact arithmetic") {
    for (const Tableau& tableau : tableaus()) check_nodes<PrimeField>(tableau, 50);
    for (const char* name : {"euler", "midpoint", "heun"}) check_nodes<Rational>(find_tableau(name), 2);
    check_nodes<Rational>(find_tableau("rk4"), 1);
}

TEMPLATE_TEST_CASE("states solved again and states stored give one gradient, bitwise", "", float, double, PrimeField) {
    for (const char* name : {"euler", "heun", "rk4", "dormand-prince"})
        for (const std::size_t steps : {1, 2, 7, 12, 100})
            for (const std::string& way : theta_ways) {
                const Tableau& tableau = find_tableau(name);
                if (way == ":gauss" && order(tableau) > 2 && ScalarTraits<TestType>::exact) continue;
                INFO(name << way << ", " << steps << " steps");
                const auto stored = by<TestType>("stored-states" + way, tableau, steps);
                for (const char* kept : {"", ":1", ":2", ":3", ":5", ":1000"}) {
                    INFO("resolve" << kept);
                    CHECK(same(by<TestType>("resolve" + (kept + way), tableau, steps), stored));
                }
                // as many states as there are between the ends
                CHECK(same(by<TestType>("backsolve:" + std::to_string(steps) + way, tableau, steps), stored));
                // fewer: another gradient, and float can tell
                if (steps == 7 && order(tableau) <= 2) CHECK_FALSE(by<TestType>("backsolve:1" + way, tableau, steps).x_bar == stored.x_bar);
            }
}

TEST_CASE("how the theta gradient is found does not touch the others, bitwise") {
    for (const std::string base : {"backsolve", "backsolve:3", "stored-states", "interpolating", "resolve"})
        for (const char* name : {"midpoint", "rk4", "fehlberg"}) {
            INFO(base << ", " << name);
            const Tableau& tableau = find_tableau(name);
            auto whole = by<double>(base, tableau, 20);
            for (const std::string& way : theta_ways) {
                const auto other = by<double>(base + way, tableau, 20);
                CHECK(other.x_bar == whole.x_bar);
                CHECK(other.t0_bar == whole.t0_bar);
                CHECK(by<double>(base + way, tableau, 20, Polynomial<double>{parameters<double>()}, {false, true}).x_bar == whole.x_bar);
                CHECK(same(by<double, RecordingPolynomial<double>>(base + way, tableau, 20, RecordingPolynomial<double>(parameters<double>())), other));
            }
        }
}

TEST_CASE("a linear autonomous field: the adjoint of every variant is that of the discrete map, == in the prime field") {
    using T = PrimeField;
    const Linear<T> f{scalars<T>({ratio(1, 3), ratio(2), ratio(-1), ratio(1, 2)})};
    for (const Tableau& tableau : tableaus())
        for (const std::string name : {"backsolve", "backsolve:1", "stored-states", "interpolating", "resolve"}) {
            INFO(name << ", " << tableau.name);
            const auto otd = by<T>(name, tableau, 20, f), dto = by<T>("dto", tableau, 20, f);
            CHECK(otd.x_bar == dto.x_bar);
            CHECK_FALSE(by<T>(name, tableau, 20).x_bar == by<T>("dto", tableau, 20).x_bar);
        }
}

TEST_CASE("calls are counted: what each way back costs") {
    const Tableau& rk4 = find_tableau("rk4");
    const auto cost = [&](const std::string& name, GradientOptions options) {
        RecordingPolynomial<double> f(parameters<double>());
        GradientResult<double> g;
        with_gradient_method(name, [&](const auto& method) {
            g = method(f, SquaredDistance<double>(target<double>()), rk4, 0.2, 0.75, 9, batch_of_two<double>(), options);
        });
        CHECK(g.cost.evaluations == f.evaluations);
        CHECK(g.cost.vjps == f.vjps);
        return g.cost;
    };
    const GradientOptions theta{true, false};
    for (const std::string name : {"backsolve", "backsolve:2", "stored-states", "backsolve:2:quadrature", "stored-states:quadrature"}) {
        INFO(name);
        CHECK(cost(name, theta).evaluations == 72);
        CHECK(cost(name, theta).vjps == 36);
    }
    CHECK(cost("stored-states:gauss", theta).vjps == 9 * (4 + 2) + 1);  // two nodes a step; the slope at t₁
    CHECK(cost("stored-states:gauss", {false, false}).vjps == 36);
    CHECK(cost("interpolating", theta).evaluations == 36 + 1 + 36);
    CHECK(cost("interpolating:gauss", theta).vjps == 9 * (4 + 2) + 1);
    CHECK(cost("resolve:3", theta).evaluations == 36 + 24 + 36);  // two of three segments twice
    CHECK(cost("resolve:1", theta).evaluations == 72);
}

TEST_CASE("memory: what is stored, and parameters without their slopes") {
    const auto bytes = [](const std::string& name, std::size_t steps) {
        return static_cast<double>(by<double>(name, find_tableau("rk4"), steps).cost.peak_bytes) / sizeof(double);
    };
    const auto growth = [&](const std::string& name) { return (bytes(name, 800) - bytes(name, 400)) / 400; };  // values a step; a state has 4
    CHECK(growth("stored-states") == 4);
    CHECK(growth("interpolating") == 8);
    CHECK(growth("resolve:1") == 4);
    CHECK(growth("resolve:4") == 1);
    CHECK(growth("backsolve:7") == 0);
    CHECK(bytes("resolve", 400) - bytes("resolve", 100) == 4 * 20);  // √N states and √N of a segment
    CHECK(bytes("backsolve:7", 100) - bytes("backsolve", 100) == 7 * 4);
    // s = 4 slopes, a stage and the state of P = 4 values against one such row
    CHECK(bytes("stored-states", 100) - bytes("stored-states:quadrature", 100) >= (4 + 2 - 1) * 4);
}

TEST_CASE("spellings of the optimize-then-discretize family") {
    const auto full = [](const std::string& spelling) {
        std::string name;
        with_gradient_method(spelling, [&](const auto& method) { name = method.name; });
        return name;
    };
    CHECK(full("backsolve") == "backsolve");
    CHECK(full("backsolve:quadrature:8") == "backsolve:8:quadrature");
    CHECK(full("resolve:augmented") == "resolve");
    CHECK(full("interpolating:gauss") == "interpolating:gauss");
    for (const std::string bad : {"stored-states:8", "backsolve:0", "backsolve:x", "backsolve:8:8", "resolve:gauss:gauss", "interpolating:"})
        CHECK_THROWS_WITH(full(bad), Contains("'" + std::string(split_spelling(bad).front()) + "'"));
    CHECK_THROWS_WITH(by<Rational>("stored-states:gauss", find_tableau("rk4"), 1), Contains("irrational"));
}
