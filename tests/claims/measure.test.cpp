#include "claims/measure/series.hpp"
#include "claims/measure/slope.hpp"
#include "claims/subjects.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace costate;
using namespace costate::claims;

namespace {

// x' = x² as a field on series; its elementary differentials at x are known: F(•) = x², F([•]) = 2x³, F([•,•]) = 2x⁴, F([[•]]) = 4x⁴.
Autonomous<Rational> square() {
    return [](std::span<const RationalSeries> y, std::span<RationalSeries> slope) { slope[0] = y[0] * y[0]; };
}

Setting setting_of(const std::string& field, std::size_t dim, const std::string& tableau = "rk4") {
    Setting setting;
    setting.field = field;
    setting.dim = dim;
    setting.tableau = ode::find_tableau(tableau);
    return setting;
}

std::vector<Rational> with_time(const std::vector<Rational>& x, const Rational& t) {
    std::vector<Rational> y = x;
    y.push_back(t);
    return y;
}

}  // namespace

TEST_CASE("elementary differentials of x' = x², by hand") {
    const auto trees = ode::rooted_trees(3);
    const std::vector<Rational> y{ratio(3)};
    const auto f = elementary_differentials<Rational>(square(), y, trees);
    for (std::size_t k = 0; k < trees.size(); ++k) {
        const std::size_t branches = trees[k].children.size();
        const Rational expected = trees[k].order == 1 ? ratio(9) : trees[k].order == 2 ? ratio(54) : branches == 2 ? ratio(162) : ratio(324);
        CHECK(f[k][0] == expected);
    }
}

TEST_CASE("the flow of x' = x² is the geometric series") {
    const std::vector<Rational> y{ratio(1, 2)};
    const auto x = flow_series<Rational>(square(), y);
    Rational power = ratio(1, 2);
    for (std::size_t k = 0; k < series_terms; ++k, power /= 2) CHECK(x[0][k] == power);  // x/(1 - xh)
}

TEST_CASE("a step's error in ℚ[[h]] is what the trees predict, and a broken tableau's is not") {
    for (const ode::Tableau& tableau : ode::tableaus()) {
        for (const char* field : {"polynomial", "gaussian"}) {
            if (tableau.stages() > 4 && field[0] == 'g') continue;
            const Setting setting = setting_of(field, 2);
            auto subject = make_subject<RationalSeries>(setting);
            const auto x0 = numbers_in<Rational>(rational_numbers(0, 3, 2));
            const Rational t0 = ratio(1, 4);
            const auto field_of_time = autonomous<Rational>(subject.field);
            const auto exact = flow_series<Rational>(field_of_time, with_time(x0, t0));
            const RationalSeries start(t0), end = start + RationalSeries::variable();
            const auto difference_of = [&](const ode::Tableau& method) {
                auto step = solve<RationalSeries>(method, subject.field, start, end, 1, numbers_in<RationalSeries>(x0));
                for (std::size_t i = 0; i < step.size(); ++i) step[i] -= exact[i];
                return step;
            };
            const auto predicted = predicted_error<Rational>(tableau, field_of_time, with_time(x0, t0));
            const auto measured = difference_of(tableau);
            CHECK(predicted.order == ode::order(tableau));
            // the midpoint rule gains an order on the flow of one Gaussian: its predicted constant is 0
            const bool vanishes = std::all_of(predicted.constant.begin(), predicted.constant.end(), [](const Rational& c) { return c == 0; });
            CHECK(vanishes == (field[0] == 'g' && tableau.name == "midpoint"));
            CHECK(valuation<Rational>(measured) == predicted.order + (vanishes ? 2 : 1));
            const auto constant = coefficients<Rational>(measured, predicted.order + 1);
            CHECK(std::equal(constant.begin(), constant.end(), predicted.constant.begin()));

            ode::Tableau broken = tableau;
            broken.b[0] += ratio(1, 100);
            CHECK(valuation<Rational>(difference_of(broken)) == 1);
        }
    }
}

TEST_CASE("the tangent field gives the derivative of the flow, the adjoint field keeps λ·ẋ") {
    const Setting setting = setting_of("polynomial", 3);
    const auto subject = make_subject<RationalSeries>(setting);
    std::vector<Rational> x = rational_numbers(0, 3, 3), v = rational_numbers(0, 4, 3), w = rational_numbers(0, 5, 3);
    const auto state = [&](const std::vector<Rational>& more) {
        std::vector<Rational> y = x;
        y.insert(y.end(), more.begin(), more.end());
        y.push_back(ratio(1, 3));
        return y;
    };
    const auto tangent = flow_series<Rational>(tangent_field<Rational>(subject.field), state(v));
    const auto adjoint = flow_series<Rational>(adjoint_field<Rational>(subject.field), state(w));
    RationalSeries product(0);
    for (std::size_t i = 0; i < 3; ++i) product += tangent[3 + i] * adjoint[3 + i];
    CHECK(!(product[0] == 0));
    for (std::size_t k = 1; k < series_terms; ++k) CHECK(product[k] == 0);
}

TEST_CASE("a slope is found with its uncertainty, and a wrong one is refused") {
    const auto error = [](const Mpfr50& h) -> Mpfr50 { return 3 * h * h * h * (1 + h); };
    const Slope slope = slope_of(error, Mpfr50(0.25));
    CHECK(slope.agrees(3));
    CHECK_FALSE(slope.agrees(2));
    CHECK_FALSE(slope.agrees(4));
    CHECK(slope.at_least(3));
    CHECK_FALSE(slope.at_least(3.5));
    CHECK(std::abs(slope.constant - 3) < 1e-6);
    CHECK(slope.error.size() == certified_halvings + 1);
    CHECK_THROWS_AS(slope_of([](const Mpfr50&) { return Mpfr50(0); }, Mpfr50(1)), std::runtime_error);
}

TEST_CASE("errors that do not settle have an uncertainty that forbids a verdict") {
    int k = 0;
    const Slope slope = slope_of([&](const Mpfr50& h) -> Mpfr50 { return h * h * (++k % 2 ? 1 : 2); }, Mpfr50(0.5));
    CHECK(slope.uncertainty > 0.1);
    CHECK_FALSE(slope.agrees(slope.value));
}

TEST_CASE("the exact flow and its Jacobian agree with one step of high order and with closed forms") {
    Setting setting = setting_of("linear", 1);
    auto subject = make_subject<Mpfr50>(setting);
    const Flow flow = exact_flow(subject.field, 0, 1, subject.x0, 30);
    std::vector<Mpfr50> slope(1);
    subject.field(Mpfr50(0), std::vector<Mpfr50>{1}, slope);
    CHECK(abs(flow.jacobian[0] - exp(slope[0])) < Mpfr50("1e-28"));

    setting = setting_of("mixture", 2);
    subject = make_subject<Mpfr50>(setting);
    const Mpfr50 t0("0.5"), t1 = t0 + Mpfr50("0.0009765625");
    const Flow by_flow = exact_flow(subject.field, t0, t1, subject.x0, 32), by_step = exact_step(subject.field, t0, t1, subject.x0);
    CHECK(distance(by_flow.jacobian, by_step.jacobian) < Mpfr50("1e-30"));
    CHECK(distance(by_flow.x1, by_step.x1) < Mpfr50("1e-30"));
    CHECK(by_step.error < 1e-30);
}
