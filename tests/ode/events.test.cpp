// Events: times and gradients of a bouncing ball against its closed form, whose derivatives are those of dual numbers on the formula.
#include "ode/adaptive/events_gradient.hpp"
#include "ode/adaptive/events_solve.hpp"
#include "ode/gradient/backsolve.hpp"
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/ode/any_field.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using Catch::Matchers::Contains;

namespace {

using Doubles = std::vector<double>;
using Field = testing::AnyField<double>;

/// x' = v, v' = −p₀.
struct Ball {
    static constexpr std::size_t dim = 2;
    static std::vector<Rational> parameters() { return {ratio(9)}; }
    template <class T>
    void operator()(const T&, std::span<const T> x, std::span<const T> p, std::span<T> dx) const {
        dx[0] = x[1];
        dx[1] = -p[0];
    }
};

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

/// p = (height, velocity, gravity, restitution): the time of bounce n (from 1), then height and velocity at T after n bounces.
template <class T>
T bounce(const std::vector<T>& p, int n) {
    using std::sqrt;
    const T speed = sqrt(p[1] * p[1] + T(2) * p[2] * p[0]);
    T time = (p[1] + speed) / p[2], power = T(1);
    for (int k = 1; k < n; ++k) power = power * p[3], time += T(2) * power * speed / p[2];
    return time;
}
template <class T>
std::array<T, 2> flight(const std::vector<T>& p, int n, double end) {
    using std::sqrt;
    T up = sqrt(p[1] * p[1] + T(2) * p[2] * p[0]);
    for (int k = 0; k < n; ++k) up = up * p[3];
    const T s = T(end) - bounce(p, n);
    return {up * s - p[2] * s * s / T(2), up - p[2] * s};
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
