// Events: times and gradients of a bouncing ball against its closed form, whose derivatives are those of dual numbers on the formula.
#include "ode/adaptive/events_gradient.hpp"
#include "ode/adaptive/events_solve.hpp"
#include "ode/gradient/backsolve.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/reversible_heun.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/ode/any_field.hpp"
#include "tests/ode/bouncing_ball.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using Catch::Matchers::Contains;

namespace {

using Doubles = std::vector<double>;
using Field = testing::AnyField<double>;
using testing::Ball;
using testing::bounce;
using testing::flight;

/// x' = v, v' = −p₀ sin x − p₁ v + t/5: nothing that a method of low order solves exactly.
struct Swing {
    static constexpr std::size_t dim = 2;
    static std::vector<Rational> parameters() { return {ratio(4), ratio(1, 10)}; }
    template <class T>
    void operator()(const T& t, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        using std::sin;
        dx[0] = x[1];
        dx[1] = -p[0] * sin(x[0]) - p[1] * x[1] + t / T(5);
    }
};

AdaptiveOptions<double> tolerance(double tol) {
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    return options;
}

/// x falls to 0, v⁺ = −η v⁻.
Event<double> floor_of(double restitution) {
    auto event = event_of<double>(
        {restitution}, [](const auto&, auto x, auto) { return x[0]; },
        [](const auto&, auto x, auto p, auto next) {
            next[0] = x[0];
            next[1] = -p[0] * x[1];
        });
    event.crossing = Crossing::falling;
    return event;
}

/// d(formula)/dp.
template <class Formula>
Doubles slopes(const Doubles& p, Formula&& formula) {
    std::vector<Dual<double>> q(p.begin(), p.end());
    Doubles result;
    for (auto& input : q) {
        input.tangent = 1;
        result.push_back(formula(q).tangent);
        input.tangent = 0;
    }
    return result;
}
Doubles in_order(const EventGradient<double>& g) { return {g.x_bar[0], g.x_bar[1], g.theta_bar[0], g.event_bars[0]}; }

bool close(const Doubles& a, const Doubles& b, double bound) {
    bool all = a.size() == b.size();
    for (std::size_t i = 0; i < a.size() && all; ++i) all = std::abs(a[i] - b[i]) <= bound * std::max(1.0, std::abs(b[i]));
    return all;
}

const Doubles ball{2, 1.5, 9.81, 0.8};
const Tableau& pair() { return find_tableau("dormand-prince"); }

}  // namespace

TEST_CASE("a bouncing ball: times, position and all derivatives are those of the closed form to 1e-12, forwards and through four bounces") {
    Field f = testing::any_scalar<Ball, double>(Doubles{ball[2]});
    const std::vector events{floor_of(ball[3])};
    const double end = bounce(ball, 4) + 0.3;
    const auto solution = solve_events(pair(), f, events, 0.0, end, Doubles{ball[0], ball[1]}, tolerance(1e-8));
    REQUIRE(solution.status.ok());
    REQUIRE(solution.events() == 4);
    for (int n = 1; n <= 4; ++n) CHECK(std::abs(solution.pieces[static_cast<std::size_t>(n) - 1].end - bounce(ball, n)) <= 1e-12);
    const auto truth = flight(ball, 4, end);
    CHECK(close(solution.x1, {truth[0], truth[1]}, 1e-12));

    const auto check = [&](const auto& method) {
        for (std::size_t i = 0; i < 2; ++i) {
            const EventSeeds<double> seeds{i == 0 ? Doubles{1, 0} : Doubles{0, 1}, {}, {}};
            const auto g = event_gradient(method, pair(), f, events, solution, seeds);
            CHECK(close(in_order(g), slopes(ball, [&](const auto& p) { return flight(p, 4, end)[i]; }), 1e-12));
            CHECK(std::abs(g.t1_bar - (i == 0 ? truth[1] : -ball[2])) <= 1e-12);
            CHECK(std::abs(g.t0_bar + g.t1_bar) <= 1e-12);  // nothing knows what time it is
        }
        for (int n = 1; n <= 4; ++n) {
            EventSeeds<double> seeds{{}, Doubles(4, 0.0), {}};
            seeds.time_bars[static_cast<std::size_t>(n) - 1] = 1;
            const auto g = event_gradient(method, pair(), f, events, solution, seeds);
            CHECK(close(in_order(g), slopes(ball, [&](const auto& p) { return bounce(p, n); }), 1e-12));
            CHECK(std::abs(g.t0_bar - 1) <= 1e-12);
            CHECK(g.t1_bar == 0);
        }
    };
    check(dto::StoreAll{});
    check(dto::Checkpointed{});
    check(otd::Backsolve{});

    // the negative control: the jump alone, as if the event stood still
    std::vector<Event<double>> still = events;
    still[0].g_vjp = [](const double&, std::span<const double>, const double&, std::span<double>, std::span<double>, double& t_bar) { t_bar += 1; };
    const auto g = event_gradient(dto::StoreAll{}, pair(), f, still, solution, {{1, 0}, {}, {}});
    CHECK_FALSE(close(in_order(g), slopes(ball, [&](const auto& p) { return flight(p, 4, end)[0]; }), 0.1));
}

TEST_CASE("save times among bounces: states are those of the closed form; one to be differentiated is an event of its own, t - s") {
    Field f = testing::any_scalar<Ball, double>(Doubles{ball[2]});
    const double end = bounce(ball, 4) + 0.3, second = bounce(ball, 2);
    AdaptiveOptions<double> options = tolerance(1e-8);
    options.save_at = {0, 0.1, 0.9 * second, second - 1e-3, second + 1e-3, end - 0.1, end};
    const auto bounces = [&](double t) {
        int n = 0;
        while (n < 4 && bounce(ball, n + 1) <= t) ++n;
        return n;
    };
    const auto solution = solve_events(pair(), f, {floor_of(ball[3])}, 0.0, end, Doubles{ball[0], ball[1]}, options);
    REQUIRE(solution.status.ok());
    REQUIRE(solution.saved.size() == 2 * options.save_at.size());
    for (std::size_t j = 0; j < options.save_at.size(); ++j) {
        const double t = options.save_at[j];
        const int n = bounces(t);
        const auto there = n > 0 ? flight(ball, n, t) : std::array{ball[0] + ball[1] * t - ball[2] * t * t / 2, ball[1] - ball[2] * t};
        CAPTURE(t, n);
        CHECK(close({solution.saved[2 * j], solution.saved[2 * j + 1]}, {there[0], there[1]}, 1e-12));
    }
    const auto wrong = flight(ball, 1, options.save_at[4]);  // control: as if the second bounce had not been
    CHECK_FALSE(close({solution.saved[8], solution.saved[9]}, {wrong[0], wrong[1]}, 1e-4));

    const double s = 0.9 * second;
    const std::vector events{floor_of(ball[3]), event_of<double>({s}, [](const auto& t, auto, auto p) { return t - p[0]; })};
    const auto watched = solve_events(pair(), f, events, 0.0, end, Doubles{ball[0], ball[1]}, tolerance(1e-8));
    REQUIRE(watched.events() == 5);
    REQUIRE(watched.pieces[1].event == std::optional<std::size_t>(1));
    EventSeeds<double> seeds{{}, {}, Doubles(10, 0.0)};
    seeds.before_bars[2] = 1;  // the height at s
    const auto g = event_gradient(dto::StoreAll{}, pair(), f, events, watched, seeds);
    const auto exact = slopes(ball, [&](const auto& p) { return flight(p, 1, s)[0]; });
    CHECK(close({g.x_bar[0], g.x_bar[1], g.theta_bar[0], g.event_bars[0]}, {exact[0], exact[1], exact[2], exact[3]}, 1e-12));
    CHECK(g.event_bars[1] == Approx(flight(ball, 1, s)[1]).epsilon(1e-12));  // ∂/∂s is the speed
}

TEST_CASE("the height of a flight before a bounce can be a loss as well: its state at the event is") {
    // speed at impact² = v² + 2gh, whatever the restitution
    Field f = testing::any_scalar<Ball, double>(Doubles{ball[2]});
    const std::vector events{floor_of(ball[3])};
    const auto solution = solve_events(pair(), f, events, 0.0, bounce(ball, 2) + 0.1, Doubles{ball[0], ball[1]}, tolerance(1e-8));
    REQUIRE(solution.events() == 2);
    const auto g = event_gradient(dto::StoreAll{}, pair(), f, events, solution, {{}, {}, {0, 1, 0, 0}});
    const auto impact = [](const auto& p) { return -sqrt(p[1] * p[1] + decltype(p[0] + p[0])(2) * p[2] * p[0]); };
    CHECK(close(in_order(g), slopes(ball, impact), 1e-12));
    CHECK(std::abs(g.t0_bar) <= 1e-12);
}

TEST_CASE("a terminal event with its time in the loss, on coarse steps: DTO is exact for the map computed, OTD is not") {
    const Tableau& coarse = find_tableau("bogacki-shampine");
    AdaptiveOptions<double> options = tolerance(1e3);  // every step is accepted: h = 0.3 whatever the data
    options.first_step = options.max_step = 0.3;
    const auto swing = [](const Doubles& p) { return testing::any_scalar<Swing, double>(Doubles{p[2], p[3]}); };
    const auto line = [](double level) {
        auto event = event_of<double>(
            {level}, [](const auto& t, auto x, auto p) { return x[0] + x[1] * x[1] / 10 - p[0] - t / 20; },
            [](const auto& t, auto x, auto p, auto next) { next[0] = x[0] - t / 10, next[1] = -x[1] * p[0]; });
        event.crossing = Crossing::rising;
        return event;
    };
    auto end_of = [](double level) {
        auto event = event_of<double>({level}, [](const auto&, auto x, auto p) { return x[1] * 2 + x[0] * x[0] - p[0]; });
        event.crossing = Crossing::falling;
        event.terminal = true;
        return event;
    };
    // p = x₀, v₀, θ₀, θ₁, η of the line, η of the end
    const Doubles p{-0.3, 0.8, 4, 0.1, 0.23, -0.5};
    const auto solve = [&](const Doubles& q, double t0) {
        Field f = swing(q);
        const auto s = solve_events(coarse, f, {line(q[4]), end_of(q[5])}, t0, 50.0, Doubles{q[0], q[1]}, options);
        REQUIRE(s.status.ok());
        REQUIRE(s.terminal == std::optional<std::size_t>(1));
        REQUIRE(s.events() >= 2);
        REQUIRE(s.pieces[0].event == std::optional<std::size_t>(0));
        return s;
    };
    const auto loss = [&](const Doubles& q, double t0) {
        const auto s = solve(q, t0);
        return s.t1 + 2 * s.x1[0] - s.x1[1] + 3 * s.pieces[0].end;
    };
    const auto solution = solve(p, 0.1);
    EventSeeds<double> seeds{{2, -1}, Doubles(solution.events(), 0.0), {}};
    seeds.time_bars.front() += 3;
    seeds.time_bars.back() += 1;
    Field f = swing(p);
    const std::vector events{line(p[4]), end_of(p[5])};
    const auto flat = [](const EventGradient<double>& g) {
        return Doubles{g.x_bar[0], g.x_bar[1], g.theta_bar[0], g.theta_bar[1], g.event_bars[0], g.event_bars[1], g.t0_bar};
    };
    // central differences of the computed map, twice extrapolated
    Doubles differences;
    for (std::size_t i = 0; i < 7; ++i) {
        const auto at = [&](double e) {
            Doubles q = p;
            if (i < 6) q[i] += e;
            return loss(q, i < 6 ? 0.1 : 0.1 + e);
        };
        const auto central = [&](double e) { return (at(e) - at(-e)) / (2 * e); };
        const double e = 5e-5;
        differences.push_back((64 * central(e / 4) - 20 * central(e / 2) + central(e)) / 45);
    }
    const auto dto = flat(event_gradient(dto::StoreAll{}, coarse, f, events, solution, seeds));
    const auto otd = flat(event_gradient(otd::Backsolve{}, coarse, f, events, solution, seeds));
    INFO(Catch::Detail::stringify(dto) << "\n" << Catch::Detail::stringify(otd) << "\n" << Catch::Detail::stringify(differences));
    CHECK(close(dto, differences, 1e-9));
    CHECK_FALSE(close(otd, differences, 1e-5));

    // on fine steps both tend to the derivative of the flow
    const auto fine = solve_events(pair(), f, events, 0.1, 50.0, Doubles{p[0], p[1]}, tolerance(1e-11));
    REQUIRE(fine.events() == solution.events());
    CHECK(close(flat(event_gradient(dto::StoreAll{}, pair(), f, events, fine, seeds)),
                flat(event_gradient(otd::Backsolve{}, pair(), f, events, fine, seeds)), 1e-7));
}

TEST_CASE("two events in one step, in their order of time; at one time, in the order of the list") {
    Field f = testing::any_scalar<Ball, double>(Doubles{0});  // x' = v
    const auto at = [](double level, double push) {
        return event_of<double>(
            {level, push}, [](const auto&, auto x, auto p) { return x[0] - p[0]; },
            [](const auto&, auto x, auto p, auto next) { next[0] = x[0], next[1] = x[1] * p[1]; });
    };
    AdaptiveOptions<double> options = tolerance(1e-6);
    options.first_step = 1;
    // with speed 1 to x = 1/2, 2 to 5/8, 6 to the end
    const std::vector events{at(0.625, 3), at(0.5, 2)};
    const auto solution = solve_events(pair(), f, events, 0.0, 1.0, Doubles{0, 1}, options);
    REQUIRE(solution.events() == 2);
    CHECK(solution.pieces[0].event == std::optional<std::size_t>(1));
    CHECK(std::abs(solution.pieces[0].end - 0.5) <= 1e-15);
    CHECK(solution.pieces[1].event == std::optional<std::size_t>(0));
    CHECK(std::abs(solution.pieces[1].end - 0.5625) <= 1e-15);
    CHECK(close(solution.x1, {0.625 + 6 * 0.4375, 6}, 1e-14));

    // both at x = 1/2: x1 = 1/2 + 6 (1/2 − 0); twice the same g is one time, and η of both count
    const std::vector twins{at(0.5, 3), at(0.5, 2)};
    const auto both = solve_events(pair(), f, twins, 0.0, 1.0, Doubles{0, 1}, options);
    REQUIRE(both.events() == 2);
    CHECK(both.pieces[0].event == std::optional<std::size_t>(0));
    CHECK(both.pieces[1].event == std::optional<std::size_t>(1));
    CHECK(both.pieces[1].grid.steps() == 0);
    CHECK(close(both.x1, {3.5, 6}, 1e-14));
    for (const bool discrete : {true, false}) {
        const EventSeeds<double> seeds{{1, 0}, {}, {}};
        const auto g = discrete ? event_gradient(dto::StoreAll{}, pair(), f, twins, both, seeds)
                                : event_gradient(otd::Backsolve{}, pair(), f, twins, both, seeds);
        // x₁ = a₁ + 6 v₀ (1 − (a₀ − x₀)/v₀ − (a₁ − a₀)/(p v₀)), p = 3, last speed p q v₀ = 6 v₀
        CHECK(close(g.x_bar, {6, 6}, 1e-13));
        CHECK(close(g.event_bars, {-6 + 2, 1, 1 - 2, 1.5}, 1e-13));
        CHECK(g.t1_bar == Approx(6).epsilon(1e-14));
    }
}

TEST_CASE("a crossing there and back within one step is found, and where none is certain a status says so") {
    // x = t − t², in one step from 0 to 1
    Field f = testing::any_scalar<Ball, double>(Doubles{2});
    AdaptiveOptions<double> options = tolerance(1e-6);
    options.first_step = 1;
    const auto level = [](double a, Crossing crossing) {
        auto event = event_of<double>({a}, [](const auto&, auto x, auto p) { return x[0] - p[0]; });
        event.crossing = crossing;
        return event;
    };
    for (const Crossing crossing : {Crossing::rising, Crossing::falling, Crossing::either})
        for (const double a : {0.2499, 0.24, 0.249999, 0.1}) {
            const auto solution = solve_events(pair(), f, {level(a, crossing)}, 0.0, 1.0, Doubles{0, 1}, options);
            INFO(a << " " << static_cast<int>(crossing) << ": " << solution.status.sentence());
            const double half = std::sqrt(0.25 - a);
            REQUIRE(solution.status.ok());
            REQUIRE(solution.events() == (crossing == Crossing::either ? 2 : 1));
            CHECK(std::abs(solution.pieces[0].end - (crossing == Crossing::falling ? 0.5 + half : 0.5 - half)) <= 1e-15 / half);
            CHECK(std::abs(solution.x1[0]) <= 1e-14);
        }
    // touching, or so close to it that the tolerance cannot tell
    for (const double a : {0.25, 0.25 + 1e-7}) {
        const auto solution = solve_events(pair(), f, {level(a, Crossing::either)}, 0.0, 1.0, Doubles{0, 1}, options);
        INFO(a);
        CHECK(solution.status.outcome == Outcome::event_not_bracketed);
        CHECK_THAT(solution.status.sentence(), Contains("event not bracketed") && Contains("event 0"));
        CHECK_THROWS_WITH(event_gradient(dto::StoreAll{}, pair(), f, {level(a, Crossing::either)}, solution, {}), Contains("the solve has failed"));
    }
    CHECK(solve_events(pair(), f, {level(0.25 + 1e-5, Crossing::either)}, 0.0, 1.0, Doubles{0, 1}, options).events() == 0);
}

TEST_CASE("backwards in time the same events are met from behind, and the gradient with them") {
    // with the restitution 1/0.8 a ball runs its flights in reverse: to its height at 0, falling with −v₀
    Field f = testing::any_scalar<Ball, double>(Doubles{ball[2]});
    const double end = bounce(ball, 3) + 0.2;
    const auto late = flight(ball, 3, end);
    const std::vector events{floor_of(1 / ball[3])};
    const auto solution = solve_events(pair(), f, events, end, 0.0, Doubles{late[0], late[1]}, tolerance(1e-9));
    REQUIRE(solution.status.ok());
    REQUIRE(solution.events() == 3);
    for (int n = 1; n <= 3; ++n) CHECK(std::abs(solution.pieces[static_cast<std::size_t>(3 - n)].end - bounce(ball, n)) <= 1e-12);
    CHECK(close(solution.x1, {ball[0], ball[1]}, 1e-12));
    // rows of the inverse of d(x, v)(end)/d(h, v₀), whose determinant is 0.8^6: each bounce turns both dx and dv by e, and a flight keeps areas
    const Doubles a = slopes(ball, [&](const auto& p) { return flight(p, 3, end)[0]; }), b = slopes(ball, [&](const auto& p) { return flight(p, 3, end)[1]; });
    const double determinant = a[0] * b[1] - a[1] * b[0];
    CHECK(determinant == Approx(std::pow(ball[3], 6)).epsilon(1e-12));
    for (const bool discrete : {true, false}) {
        const EventSeeds<double> seeds{{1, 0}, {}, {}};
        const auto g = discrete ? event_gradient(dto::StoreAll{}, pair(), f, events, solution, seeds)
                                : event_gradient(otd::Backsolve{}, pair(), f, events, solution, seeds);
        CHECK(close(g.x_bar, {b[1] / determinant, -a[1] / determinant}, 1e-12));
        CHECK(std::abs(g.t1_bar - ball[1]) <= 1e-12);
    }
}

TEST_CASE("events at the ends: at t0 they are behind, at t1 their jump is in x1 and the derivatives are those from before") {
    Field f = testing::any_scalar<Ball, double>(Doubles{ball[2]});
    const auto clock = [](double time) {
        return event_of<double>(
            {time, 2}, [](const auto& t, auto, auto p) { return t - p[0]; },
            [](const auto&, auto x, auto p, auto next) { next[0] = x[0], next[1] = p[1] * x[1]; });
    };
    const auto at_start = solve_events(pair(), f, {clock(0)}, 0.0, 1.0, Doubles{2, 1.5}, tolerance(1e-8));
    REQUIRE(at_start.status.ok());
    CHECK(at_start.events() == 0);
    const std::vector last{clock(1)};
    AdaptiveOptions<double> options = tolerance(1e-8);
    options.save_at = {0.0, 0.5, 1.0};
    const auto at_end = solve_events(pair(), f, last, 0.0, 1.0, Doubles{2, 1.5}, options);
    REQUIRE(at_end.events() == 1);
    CHECK(at_end.pieces.size() == 2);
    CHECK(at_end.t1 == 1);
    CHECK(close(at_end.x1, {2 + 1.5 - ball[2] / 2, 2 * (1.5 - ball[2])}, 1e-13));
    CHECK(close(at_end.saved, {2, 1.5, 2 + 0.75 - ball[2] / 8, 1.5 - ball[2] / 2, at_end.x1[0], at_end.x1[1]}, 1e-13));
    // x(t₁) = x + v T − gT²/2 + (p − 1)(v − gT)(t₁ − T) − …, at T = t₁: ∂/∂T = (v − gT) − p (v − gT), ∂/∂t₁ = p (v − gT)
    const auto g = event_gradient(dto::StoreAll{}, pair(), f, last, at_end, {{1, 0}, {}, {}});
    const double speed = 1.5 - ball[2];
    CHECK(close(g.x_bar, {1, 1}, 1e-13));
    CHECK(close(g.event_bars, {speed - 2 * speed, 0}, 1e-12));
    CHECK(g.t1_bar == Approx(2 * speed).epsilon(1e-13));

    // on the floor and going up: no event; from the floor the first bounce is after a whole flight
    const auto up = solve_events(pair(), f, {floor_of(0.5)}, 0.0, 0.4, Doubles{0, 1.5}, tolerance(1e-8));
    REQUIRE(up.events() == 1);
    CHECK(up.pieces[0].end == Approx(3 / ball[2]).epsilon(1e-14));
}

TEST_CASE("bounces that accumulate, and more than asked for, are a status; without events the gradient is that of the grid, bitwise") {
    Field f = testing::any_scalar<Ball, double>(Doubles{ball[2]});
    const auto zeno = solve_events(pair(), f, {floor_of(0.25)}, 0.0, 10.0, Doubles{2, 1.5}, tolerance(1e-8));
    CHECK(zeno.status.outcome == Outcome::too_many_events);
    CHECK(zeno.status.limit == 0);
    CHECK_THAT(zeno.status.sentence(), Contains("before t can tell the two apart"));
    const Doubles p{2, 1.5, ball[2], 0.25};
    CHECK(zeno.t1 == Approx(bounce(p, 60)).epsilon(1e-12));
    const auto few = solve_events(pair(), f, {floor_of(0.8)}, 0.0, 10.0, Doubles{2, 1.5}, tolerance(1e-8), {8, 3});
    CHECK(few.status.outcome == Outcome::too_many_events);
    CHECK(few.events() == 3);
    CHECK_THAT(few.status.sentence(), Contains("after the limit of 3 events"));

    Field swing = testing::any_scalar<Swing, double>(Doubles{4, 0.1});
    const auto plain = solve_events(pair(), swing, {}, 0.0, 1.0, Doubles{0.2, 0.4}, tolerance(1e-6));
    REQUIRE(plain.pieces.size() == 1);
    const auto g = event_gradient(dto::StoreAll{}, pair(), swing, {}, plain, {{1, 2}, {}, {}});
    GradientResult<double> direct;
    dto::StoreAll::Workspace<Field, double> ws(pair());
    dto::StoreAll{}(swing, LinearFunctional<double>({1, 2}), plain.pieces[0].grid, Doubles{0.2, 0.4}, {}, ws, direct);
    CHECK(direct.x1 == plain.x1);
    CHECK(g.x_bar == direct.x_bar);
    CHECK(g.theta_bar == direct.theta_bar);
    CHECK(g.t0_bar == direct.t0_bar);
    CHECK(g.t1_bar == direct.t1_bar);
    const Event<double> half{[](const double&, std::span<const double> x) { return x[0]; }, {}};
    CHECK_THROWS_WITH(solve_events(pair(), f, {half}, 0.0, 1.0, Doubles{2, 1.5}), Contains("event 0 lacks"));
    CHECK_THROWS_WITH(event_gradient(dto::StoreAll{}, pair(), swing, {}, plain, {{1}, {}, {}}), Contains("seeds another size"));
    // steps between events are unequal
    CHECK_THROWS_WITH(event_gradient(reversible::ReversibleHeun{}, pair(), swing, {}, plain, {{1, 2}, {}, {}}),
                      Contains("reversible-heun") && Contains("equal steps only"));
    static_assert(MethodOnGrids<otd::Backsolve, Field, double> && !MethodOnGrids<reversible::ReversibleHeun, Field, double>);
}
