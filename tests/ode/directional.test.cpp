// Directional derivatives: the products of directions with the discrete gradient, == in exact arithmetic.
#include "ode/gradient/directional.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

/// Three directions of (x, θ): no two alike, no zeros.
template <class T>
std::vector<T> directions(std::size_t values) {
    std::vector<T> d;
    for (std::size_t i = 0; i < values; ++i) d.push_back(from_rational<T>(ratio(static_cast<int>(i * i) - 7, static_cast<int>(2 * i) + 3)));
    return d;
}

template <class T>
T product(std::span<const T> a, const std::vector<T>& b) {
    T sum(0);
    for (std::size_t i = 0; i < b.size(); ++i) sum += a[i] * b[i];
    return sum;
}

template <class T>
void compare(const Tableau& tableau, std::size_t steps) {
    INFO(tableau.name << ", " << steps << " steps");
    Polynomial<T> f{parameters<T>()};
    const SquaredDistance<T> loss(target<T>());
    const std::vector<T> x0 = batch_of_two<T>(), of_x = directions<T>(12), of_theta = directions<T>(12);
    const T t0 = from_rational<T>(ratio(1, 5)), t1 = from_rational<T>(ratio(3, 4));
    const auto g = dto::StoreAll{}(f, loss, tableau, t0, t1, steps, x0);
    const auto both = directional_derivatives(f, loss, tableau, t0, t1, steps, x0, of_x, of_theta);
    const auto x = directional_derivatives(f, loss, tableau, t0, t1, steps, x0, of_x);
    const auto theta = directional_derivatives(f, loss, tableau, t0, t1, steps, x0, {}, of_theta);
    CHECK(both.loss == g.loss);
    CHECK(both.x1 == g.x1);
    CHECK((both.derivatives.size() == 3 && x.derivatives.size() == 3 && theta.derivatives.size() == 3));
    for (std::size_t k = 0; k < 3; ++k) {
        const T by_x = product(std::span<const T>(of_x).subspan(4 * k, 4), g.x_bar), by_theta = product(std::span<const T>(of_theta).subspan(4 * k, 4), g.theta_bar);
        CHECK(x.derivatives[k] == by_x);
        CHECK(theta.derivatives[k] == by_theta);
        CHECK(both.derivatives[k] == by_x + by_theta);
        CHECK_FALSE(both.derivatives[k] == by_x);
    }
}

}  // namespace

TEST_CASE("directional derivatives are the products with the gradient of DTO") {
    for (const Tableau& tableau : tableaus()) compare<PrimeField>(tableau, 100);
    for (const char* name : {"euler", "midpoint", "heun"}) compare<Rational>(find_tableau(name), 2);
    compare<Rational>(find_tableau("rk4"), 1);
}

TEST_CASE("their cost is a jvp a stage and direction, and warm calls allocate nothing") {
    RecordingPolynomial<double> f(parameters<double>());
    const SquaredDistance<double> loss(target<double>());
    const std::vector<double> x0 = batch_of_two<double>(), of_x = directions<double>(12);
    DirectionalWorkspace<double> ws(find_tableau("rk4"));
    DirectionalResult<double> result;
    const auto call = [&](std::size_t steps) { directional_derivatives(f, loss, 0.0, 1.0, steps, x0, of_x, {}, ws, result); };
    call(10);
    CHECK((result.cost.evaluations == 40 && result.cost.jvps == 120 && result.cost.vjps == 0));
    CHECK(f.jvps == 120);
    const std::size_t bytes = result.cost.peak_bytes, before = allocations;
    call(1000);
    CHECK(allocations == before);
    CHECK(result.cost.peak_bytes == bytes);
}

TEST_CASE("directions that do not fit are refused") {
    Polynomial<double> f{parameters<double>()};
    const SquaredDistance<double> loss(target<double>());
    const auto call = [&](std::size_t of_x, std::size_t of_theta) {
        return directional_derivatives(f, loss, find_tableau("euler"), 0.0, 1.0, 2, std::vector<double>{1, 2}, directions<double>(of_x), directions<double>(of_theta));
    };
    CHECK(call(0, 0).derivatives.empty());
    CHECK_THROWS_WITH(call(3, 0), Contains("directions of x have 3 values"));
    CHECK_THROWS_WITH(call(2, 5), Contains("directions of theta have 5 values"));
    CHECK_THROWS_WITH(call(4, 4), Contains("2 directions of x and 1 of theta"));
}
