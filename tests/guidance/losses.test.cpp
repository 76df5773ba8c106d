// Linear observations, and sums over times against one discrete solve reversed by hand, == in ℚ.
#include "guidance/losses.hpp"
#include "ode/gradient/partner.hpp"
#include "ode/gradient/store_all.hpp"
#include "scalar/dual.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;

namespace {

using Q = Rational;

template <class T>
LinearObservation<T> observation(const Q& y) {
    const auto n = [](std::int64_t a, std::int64_t b) { return from_rational<T>(ratio(a, b)); };
    return {SmallMatrix<T>(1, 2, {n(2, 3), n(-1, 2)}), {from_rational<T>(y)}};
}

// Σ ℓᵢ at 1/2, 3/4 and 1 (and at the start when asked), from t₀ = 1/5
template <class T>
SumOverTimes<LinearObservation<T>, T> sum(bool with_start) {
    SumOverTimes<LinearObservation<T>, T> s;
    if (with_start) s.terms.push_back({from_rational<T>(ratio(1, 5)), observation<T>(ratio(5))});
    s.terms.push_back({from_rational<T>(ratio(1, 2)), observation<T>(ratio(1, 3))});
    s.terms.push_back({from_rational<T>(ratio(3, 4)), observation<T>(ratio(-2))});
    s.terms.push_back({T(1), observation<T>(ratio(4, 5))});
    return s;
}

// The whole sum on one scalar program: steps of every interval, losses added as they are passed.
template <class T>
T whole(const ode::Tableau& tableau, bool with_start, std::vector<T> x, const std::vector<T>& p) {
    Polynomial<T> f{p};
    T total(0), t = from_rational<T>(ratio(1, 5));
    for (const auto& term : sum<T>(with_start).terms) {
        if (!(term.t == t)) x = ode::solve(tableau, f, t, term.t, 2, std::span<const T>(x));
        total += term.loss(x);
        t = term.t;
    }
    return total;
}

}  // namespace

TEST_CASE("half the squared residual of a linear observation and its gradient, in the rationals") {
    const LinearObservation<Q> one = observation<Q>(ratio(1));
    const std::vector<Q> x{ratio(3), ratio(4), ratio(0), ratio(2)};  // H x = 0 and -1
    CHECK(one(x) == ratio(5, 2));
    std::vector<Q> x_bar(4);
    one.gradient(x, x_bar);
    CHECK(x_bar == std::vector<Q>{ratio(-2, 3), ratio(1, 2), ratio(-4, 3), ratio(1)});
    const LinearObservation<Q> each(SmallMatrix<Q>(1, 2, {ratio(2, 3), ratio(-1, 2)}), {ratio(1), ratio(-1)});
    CHECK(each(x) == ratio(1, 2));
    CHECK_THROWS_WITH(each(std::vector<Q>(6, ratio(1))), Catch::Contains("6 values"));
    CHECK_THROWS_WITH(one(std::vector<Q>(3, ratio(1))), Catch::Contains("3 values"));
    CHECK_THROWS_AS(LinearObservation<Q>(SmallMatrix<Q>(2, 2), {ratio(1)}), std::invalid_argument);
    // the identity as H is the squared distance
    const LinearObservation<Q> all(SmallMatrix<Q>::identity(2), {ratio(1), ratio(2)});
    CHECK(all(x) == ode::SquaredDistance<Q>({ratio(1), ratio(2)})(x));
}

TEST_CASE("a sum over times is the derivative of the whole discrete solve, == in the rationals and the prime field") {
    const auto check = []<class T>(T, const ode::Tableau& tableau, bool with_start) {
        INFO(tableau.name);
        const std::vector<T> x0 = scalars<T>({ratio(1, 2), ratio(-2, 3)}), p = parameters<T>();
        Polynomial<T> f{p};
        const auto s = sum<T>(with_start);
        const T t0 = from_rational<T>(ratio(1, 5));
        const auto g = gradient_over_times(ode::dto::StoreAll{}, f, s, tableau, t0, 2, x0);
        const auto by_partner = gradient_over_times(ode::dto::Partner{}, f, s, tableau, t0, 2, x0);
        std::vector<Dual<T>> x(x0.begin(), x0.end()), q(p.begin(), p.end());
        std::vector<T> x_bar, theta_bar;
        const auto along = [&](Dual<T>& input) {
            input.tangent = T(1);
            const Dual<T> total = whole<Dual<T>>(tableau, with_start, x, q);
            input.tangent = T(0);
            CHECK(g.loss == total.value);
            return total.tangent;
        };
        for (Dual<T>& input : x) x_bar.push_back(along(input));
        for (Dual<T>& input : q) theta_bar.push_back(along(input));
        CHECK((g.x_bar == x_bar && g.theta_bar == theta_bar));
        CHECK((by_partner.x_bar == x_bar && by_partner.theta_bar == theta_bar));
        // without one of the terms it is another gradient
        auto fewer = s;
        fewer.terms.erase(fewer.terms.end() - 2);
        CHECK_FALSE(gradient_over_times(ode::dto::StoreAll{}, f, fewer, tableau, t0, 2, x0).x_bar == x_bar);
    };
    check(Q(0), ode::find_tableau("euler"), false);
    check(Q(0), ode::find_tableau("midpoint"), true);
    for (const char* name : {"heun", "rk4", "dormand-prince"})
        for (const bool with_start : {false, true}) check(PrimeField(0), ode::find_tableau(name), with_start);
}

TEST_CASE("one term is the method itself, costs included in the sum") {
    Polynomial<Q> f{parameters<Q>()};
    const std::vector<Q> x0 = scalars<Q>({ratio(1, 2), ratio(-2, 3)});
    const SumOverTimes<LinearObservation<Q>, Q> s{{{Q(1), observation<Q>(ratio(1))}}};
    const auto& tableau = ode::find_tableau("midpoint");
    const auto a = gradient_over_times(ode::dto::StoreAll{}, f, s, tableau, ratio(1, 5), 2, x0);
    const auto b = ode::dto::StoreAll{}(f, observation<Q>(ratio(1)), tableau, ratio(1, 5), Q(1), 2, x0);
    CHECK((a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar && a.x1 == b.x1));
    CHECK((a.cost.vjps == b.cost.vjps && a.cost.evaluations == 2 * b.cost.evaluations));
}

TEST_CASE("a sum without terms, or with times that descend, says so") {
    Polynomial<double> f{parameters<double>()};
    const std::vector<double> x0{1, 2};
    SumOverTimes<LinearObservation<double>, double> s;
    CHECK_THROWS_WITH(gradient_over_times(ode::dto::StoreAll{}, f, s, ode::find_tableau("euler"), 0., 1, x0), Catch::Contains("no terms"));
    s.terms = {{.5, observation<double>(ratio(1))}, {.4, observation<double>(ratio(1))}};
    CHECK_THROWS_WITH(gradient_over_times(ode::dto::StoreAll{}, f, s, ode::find_tableau("euler"), 0., 1, x0), Catch::Contains("term 1"));
}
