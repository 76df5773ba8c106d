// Grids of unequal steps: bitwise equal steps where they are equal, exact in the prime field where they are not, losses and derivatives at knots.
#include "ode/gradient/methods.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdint>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

/// N steps of pairwise different lengths from 1/5; descending where `back`.
template <class T>
TimeGrid<T> uneven(std::size_t steps, bool back = false) {
    TimeGrid<T> grid;
    Rational t = ratio(1, 5);
    grid.begin(from_rational<T>(t));
    for (std::size_t n = 0; n < steps; ++n) {
        t += ratio(back ? -1 : 1, static_cast<std::int64_t>(15 + 3 * n % 7 + n / 4));
        grid.push(from_rational<T>(t));
    }
    return grid;
}

template <class T, class Method, class G, class L>
GradientResult<T> by(const Method& method, const G& grid, const L& loss, const char* tableau = "dormand-prince", GradientOptions options = {}) {
    Polynomial<T> f{parameters<T>()};
    typename Method::template Workspace<Polynomial<T>, T> ws(find_tableau(tableau));
    GradientResult<T> result;
    method(f, loss, grid, batch_of_two<T>(), options, ws, result);
    return result;
}

template <class T>
bool same(const GradientResult<T>& a, const GradientResult<T>& b) {
    return a.loss == b.loss && a.x1 == b.x1 && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar &&
           a.knot_bars == b.knot_bars;
}

template <class T>
SquaredDistance<T> end_loss() {
    return SquaredDistance<T>(target<T>());
}

/// Terms at knots 0, 2 and 3 of four.
template <class T>
SumOverKnots<T, SquaredDistance<T>> path_loss() {
    const auto at = [](Rational a, Rational b) { return SquaredDistance<T>(scalars<T>({a, b})); };
    return SumOverKnots<T, SquaredDistance<T>>({at(ratio(1), ratio(2, 3)), std::nullopt, at(ratio(-1, 2), ratio(1, 3)), at(ratio(2), ratio(1, 5))});
}

template <class T>
TimeGrid<T> with_knots() {
    TimeGrid<T> grid;
    const TimeGrid<T> plain = uneven<T>(11);
    grid.begin(plain.at(0));
    for (std::size_t n = 0; n < 11; ++n) {
        grid.push(plain.at(n + 1));
        if (n == 3 || n == 6) grid.mark();
    }
    return grid;
}

/// t_n and h_n on each interval between knots scaled to new knots: what the grid's docstring says that a knot's derivative means.
TimeGrid<Rational> moved(const TimeGrid<Rational>& grid, const std::vector<Rational>& to) {
    TimeGrid<Rational> result;
    result.begin(to.front());
    for (std::size_t k = 0; k + 1 < grid.knots(); ++k) {
        const Rational left = grid.at(grid.knot(k)), width = grid.at(grid.knot(k + 1)) - left;
        for (std::size_t n = grid.knot(k); n < grid.knot(k + 1); ++n)
            result.push(to[k] + (grid.at(n + 1) - left) / width * (to[k + 1] - to[k]));
        result.mark();
    }
    return result;
}

}  // namespace

TEMPLATE_TEST_CASE("equal steps given as a list are equal steps, bitwise", "", double, PrimeField) {
    using T = TestType;
    const Grid<T> equal(from_rational<T>(ratio(1, 4)), from_rational<T>(ratio(5, 4)), 8);  // binary fractions: no rounding
    TimeGrid<T> listed;
    listed.begin(equal.at(0));
    for (std::size_t n = 1; n <= 8; ++n) listed.push(equal.at(n));
    const auto loss = end_loss<T>();
    const auto check = [&](const auto& method) {
        auto a = by<T>(method, equal, loss), b = by<T>(method, listed, loss);
        CHECK(a.x1 == b.x1);
        CHECK(a.x_bar == b.x_bar);
        CHECK(a.theta_bar == b.theta_bar);
        if constexpr (ScalarTraits<T>::exact) CHECK((a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar));
        else CHECK(a.t1_bar == Approx(b.t1_bar).epsilon(1e-13));
        CHECK((a.knot_bars.empty() && b.knot_bars == std::vector<T>{b.t0_bar, b.t1_bar}));
        CHECK_FALSE(by<T>(method, uneven<T>(8), loss).x_bar == a.x_bar);
    };
    check(dto::StoreAll{});
    check(dto::Checkpointed({checkpoint::Rule::mixed, 3, 0}));
    check(otd::Backsolve{});
    check(otd::StoredStates{});
    check(otd::Interpolating{});
    check(otd::Resolve{});
}

TEST_CASE("unequal steps: schedules give store-all's gradient bit for bit, partner and forward sensitivities the same number in the prime field") {
    using T = PrimeField;
    const auto loss = end_loss<T>();
    for (const bool back : {false, true})
        for (const char* tableau : {"euler", "rk4", "dormand-prince"}) {
            const TimeGrid<T> grid = uneven<T>(23, back);
            const auto whole = by<T>(dto::StoreAll{}, grid, loss, tableau);
            for (const char* spelling : {"store-all", "states", "every:4", "sqrt", "binomial:3", "mixed:3", "two-level:2:2", "online:3"}) {
                INFO(spelling << ", " << tableau);
                const auto parts = split_spelling(spelling);
                const auto method = dto::Checkpointed::named(parts.front(), std::span(parts).subspan(1));
                if (parts.front() != "two-level") CHECK(same(by<T>(*method, grid, loss, tableau), whole));
                CHECK(same(by<double>(*method, uneven<double>(23, back), end_loss<double>(), tableau),
                           by<double>(dto::StoreAll{}, uneven<double>(23, back), end_loss<double>(), tableau)));
            }
            auto partner = by<T>(dto::Partner{}, grid, loss, tableau), forward = by<T>(ForwardSensitivities{}, grid, loss, tableau);
            CHECK(same(partner, whole));
            forward.knot_bars = whole.knot_bars;
            CHECK(same(forward, whole));
            CHECK_FALSE(by<T>(dto::StoreAll{}, uneven<T>(22, back), loss, tableau).x_bar == whole.x_bar);
        }
}

TEST_CASE("losses at knots: every reverse sweep is the derivative of the sum, == in exact arithmetic") {
    using T = PrimeField;
    const auto loss = path_loss<T>();
    const TimeGrid<T> grid = with_knots<T>();
    const auto whole = by<T>(dto::StoreAll{}, grid, loss);
    for (const checkpoint::Rule rule : {checkpoint::Rule::store_all, checkpoint::Rule::every, checkpoint::Rule::binomial, checkpoint::Rule::online})
        CHECK(same(by<T>(dto::Checkpointed({rule, 3, 0}), grid, loss), whole));
    CHECK(same(by<T>(dto::Partner{}, grid, loss), whole));
    // the chain of intervals, last one first, each with what the later ones hand back
    Polynomial<T> f{parameters<T>()};
    const Coefficients<T> method(find_tableau("dormand-prince"));
    StepWorkspace<T> ws;
    std::vector<T> states(12 * 4), x_bar(4), lambda(4, T(0));
    solve_states<T>(method, f, grid, batch_of_two<T>(), states, ws);
    T value = loss(std::span<const T>(states).last(4));
    loss.gradient(std::span<const T>(states).last(4), lambda);
    for (std::size_t n = 11; n-- > 0;) {
        const auto x = std::span<const T>(states).subspan(n * 4, 4);
        StepRecord<Polynomial<T>, T> record;
        std::vector<T> next(4);
        step<T>(method, f, grid.at(n), grid.step(n), x, next, record, ws);
        step_vjp<T>(method, f, grid.at(n), grid.step(n), x, record, lambda, lambda, {}, nullptr, ws);
        if (const auto knot = grid.knot_at(n))
            if (const auto term = loss.at_knot(*knot, x, x_bar)) {
                value += *term;
                for (std::size_t i = 0; i < 4; ++i) lambda[i] += x_bar[i];
            }
    }
    CHECK(whole.loss == value);
    CHECK(whole.x_bar == lambda);
    CHECK_FALSE(by<T>(dto::StoreAll{}, grid, end_loss<T>()).x_bar == lambda);
    CHECK_THROWS_WITH(by<T>(dto::StoreAll{}, uneven<T>(11), loss), Contains("4 knots") && Contains("has 2"));
}

TEST_CASE("derivatives with respect to knots: difference quotients in Q, steps between knots the same fractions") {
    using T = Rational;
    TimeGrid<T> grid;
    grid.begin(ratio(1, 5));
    for (const T& t : {ratio(1, 3), ratio(1, 2), ratio(3, 5)}) {
        grid.push(t);
        if (t == ratio(1, 2)) grid.mark();
    }
    const SumOverKnots<T, SquaredDistance<T>> loss({std::nullopt, end_loss<T>(), SquaredDistance<T>(scalars<T>({ratio(2), ratio(1, 5)}))});
    const auto exact = by<T>(dto::StoreAll{}, grid, loss, "euler");
    REQUIRE(exact.knot_bars.size() == 3);
    CHECK((exact.knot_bars.front() == exact.t0_bar && exact.knot_bars.back() == exact.t1_bar));
    for (std::size_t k = 0; k < 3; ++k) {
        const auto quotient = [&](const T& by_much) {
            std::vector<T> up{ratio(1, 5), ratio(1, 2), ratio(3, 5)}, down = up;
            up[k] += by_much;
            down[k] -= by_much;
            const T difference = by<T>(dto::StoreAll{}, moved(grid, up), loss, "euler").loss - by<T>(dto::StoreAll{}, moved(grid, down), loss, "euler").loss;
            return T(difference / (T(2) * by_much));
        };
        // error c h² + O(h⁴): a quarter of it is left at half of h
        const T at = quotient(ratio(1, 1024)) - exact.knot_bars[k], half = quotient(ratio(1, 2048)) - exact.knot_bars[k];
        CHECK(abs(T(at - 4 * half)) * 1000 <= abs(at));
        CHECK((at == 0) == (k == 2));  // one step of Euler before the end: the loss is quadratic in its length
    }
}

TEST_CASE("optimize-then-discretize at knots tends to the same derivatives, save times included") {
    const auto fine = [](std::size_t parts) {
        TimeGrid<double> grid;
        const TimeGrid<double> plain = with_knots<double>();
        grid.begin(plain.at(0));
        for (std::size_t n = 0; n < 11; ++n) {
            for (std::size_t m = 1; m <= parts; ++m)
                grid.push(m == parts ? plain.at(n + 1) : plain.at(n) + static_cast<double>(m) / static_cast<double>(parts) * plain.step(n));
            if (n == 3 || n == 6) grid.mark();
        }
        return grid;
    };
    const auto loss = path_loss<double>();
    const auto exact = by<double>(dto::StoreAll{}, fine(64), loss);
    for (const char* spelling : {"backsolve", "backsolve:4:quadrature", "backsolve:gauss", "stored-states", "stored-states:gauss", "interpolating",
                                 "interpolating:gauss", "interpolating:quadrature", "resolve", "resolve:gauss"})
        with_gradient_method(spelling, [&]<class Method>(const Method& method) {
            if constexpr (!std::is_same_v<Method, ForwardSensitivities> && !has_own_map<Method>() && !std::is_same_v<Method, dto::WithinMemory>) {
                INFO(spelling);
                const auto otd = by<double>(method, fine(64), loss);
                CHECK(otd.loss == Approx(exact.loss).epsilon(1e-14));
                for (std::size_t i = 0; i < 4; ++i) {
                    CHECK(otd.x_bar[i] == Approx(exact.x_bar[i]).epsilon(1e-8));
                    CHECK(otd.theta_bar[i] == Approx(exact.theta_bar[i]).epsilon(1e-8));
                    CHECK(otd.knot_bars[i] == Approx(exact.knot_bars[i]).epsilon(1e-7).margin(1e-9));
                }
            }
        });
}

TEST_CASE("grids that are none") {
    CHECK_THROWS_WITH(TimeGrid<double>({1}), Contains("1 times"));
    CHECK_THROWS_WITH(TimeGrid<double>({0, 1, 1}), Contains("time 2"));
    CHECK_THROWS_WITH(TimeGrid<double>({0, 1, 0.5}), Contains("time 2"));
    CHECK_THROWS_WITH(TimeGrid<double>({1, 0, 0.5}), Contains("time 2"));
    CHECK_THROWS_WITH(TimeGrid<double>({1, NAN}), Contains("time 1"));
    CHECK_THROWS_WITH(TimeGrid<PrimeField>({PrimeField(1), PrimeField(1)}), Contains("time 1"));
    const TimeGrid<double> back({1, 0.5, -2});
    CHECK((back.steps() == 2 && back.step(1) == -2.5 && back.knots() == 2 && back.knot_at(1) == std::nullopt && *back.knot_at(2) == 1));
    CHECK_THROWS_WITH((SumOverKnots<double, SquaredDistance<double>>({std::nullopt})), Contains("1 terms"));
}
