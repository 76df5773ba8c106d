// Gradient methods in double: agreement, costs, options, batches, both directions of time, the list of methods.
#include "ode/gradient/methods.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

using F = RecordingPolynomial<double>;
const SquaredDistance<double> loss(target<double>());

double difference(const std::vector<double>& a, const std::vector<double>& b) {
    REQUIRE(a.size() == b.size());
    double gap = 0, norm = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        gap += (a[i] - b[i]) * (a[i] - b[i]);
        norm += b[i] * b[i];
    }
    return std::sqrt(gap / norm);
}

double difference(const GradientResult<double>& a, const GradientResult<double>& b) {
    return std::max({difference(a.x_bar, b.x_bar), difference(a.theta_bar, b.theta_bar),
                     difference({a.t0_bar, a.t1_bar}, {b.t0_bar, b.t1_bar})});
}

template <class Method>
GradientResult<double> run(const Method& method, const Tableau& tableau, double t0, double t1, std::size_t steps,
                           std::vector<double> x0 = batch_of_two<double>(), GradientOptions options = {}) {
    F f(parameters<double>());
    return method(f, loss, tableau, t0, t1, steps, x0, options);
}

static_assert(GradientMethod<dto::StoreAll, F, SquaredDistance<double>, double> &&
              GradientMethod<dto::Partner, F, SquaredDistance<double>, double>);
static_assert(GradientMethod<otd::Backsolve, F, SquaredDistance<double>, double> &&
              GradientMethod<otd::StoredStates, F, SquaredDistance<double>, double>);
static_assert(GradientMethod<ForwardSensitivities, F, SquaredDistance<double>, double>);
static_assert(GradientMethod<reversible::McCallumFoster, F, SquaredDistance<double>, double> &&
              GradientMethod<reversible::AsynchronousLeapfrog, F, SquaredDistance<double>, double> &&
              GradientMethod<reversible::ReversibleHeun, F, SquaredDistance<double>, double>);

}  // namespace

TEST_CASE("store-all, partner and forward sensitivities agree to 1e-12 in double, OTD only to its order") {
    for (const Tableau& tableau : tableaus())
        for (const auto& [t0, t1] : {std::pair{0.2, 1.2}, std::pair{1.2, 0.2}}) {
            INFO(tableau.name << " from " << t0);
            const GradientResult<double> dto = run(dto::StoreAll{}, tableau, t0, t1, 64);
            CHECK(difference(run(dto::Partner{}, tableau, t0, t1, 64), dto) <= 1e-12);
            CHECK(difference(run(ForwardSensitivities{}, tableau, t0, t1, 64), dto) <= 1e-12);
            const double gap = difference(run(otd::StoredStates{}, tableau, t0, t1, 64), dto);
            CHECK(gap > 1e-14);
            CHECK(gap < 0.1);
            CHECK(difference(run(otd::Backsolve{}, tableau, t0, t1, 64), dto) < 0.1);
        }
}

TEST_CASE("every method reports the calls that it makes and returns the loss of the solution") {
    for_each_gradient_method([]<class Method>(const Method& method) {
        for (const Tableau& tableau : tableaus())
            for (const GradientOptions options :
                 {GradientOptions{true, true}, GradientOptions{false, false}, GradientOptions{true, false}}) {
                INFO(method.name << " " << tableau.name);
                F f(parameters<double>());
                const auto result = method(f, loss, tableau, 0.2, 1.2, 5, batch_of_two<double>(), options);
                CHECK(result.cost.evaluations == f.evaluations);
                CHECK(result.cost.vjps == f.vjps);
                CHECK(result.cost.jvps == f.jvps);
                CHECK(result.theta_bar.size() == (options.want_theta ? 4 : 0));
                if (!options.want_time) CHECK((result.t0_bar == 0 && result.t1_bar == 0));
                if constexpr (has_own_map<Method>())
                    CHECK(result.x1 == method.template solve<F, double>(f, tableau, 0.2, 1.2, 5, batch_of_two<double>()));
                else CHECK(result.x1 == solve(tableau, f, 0.2, 1.2, 5, batch_of_two<double>()));
                CHECK(result.loss == loss(result.x1));
                const auto all = method(f, loss, tableau, 0.2, 1.2, 5, batch_of_two<double>());
                CHECK(difference(all.x_bar, result.x_bar) <= 1e-15);
                const std::size_t most = std::is_same_v<Method, otd::Interpolating> ? 4 : highest_order;
                CHECK(method.predicted_order(tableau) == (only_tableau<Method>().empty() ? std::min(order(tableau), most) : 2));
            }
    });
}

TEST_CASE("memory: store-all grows with the steps by its records, backsolve and forward do not grow") {
    const Tableau& rk4 = find_tableau("rk4");
    const auto growth = [&](const auto& method) {
        const auto bytes = [&](std::size_t steps) { return run(method, rk4, 0.2, 1.2, steps).cost.peak_bytes; };
        return (bytes(200) - bytes(100)) / 100;
    };
    // a step: 4 values of state, 4 · 4 of slopes, four records of 4 values and t
    CHECK(growth(dto::StoreAll{}) == sizeof(double) * (4 + 16 + 4 * 5));
    CHECK(growth(dto::Partner{}) == growth(dto::StoreAll{}));
    CHECK(growth(otd::StoredStates{}) == sizeof(double) * 4);
    CHECK(growth(otd::Backsolve{}) == 0);
    CHECK(growth(ForwardSensitivities{}) == 0);
}

TEST_CASE("a batch is its samples: x̄ row by row, θ̄ and t̄ summed") {
    const std::vector<double> x0 = batch_of_two<double>();
    for_each_gradient_method([&](const auto& method) {
        INFO(method.name);
        const Tableau& tableau = find_tableau("fehlberg");
        const auto both = run(method, tableau, 0.2, 1.2, 7);
        auto first = run(method, tableau, 0.2, 1.2, 7, {x0[0], x0[1]});
        const auto second = run(method, tableau, 0.2, 1.2, 7, {x0[2], x0[3]});
        first.x_bar.insert(first.x_bar.end(), second.x_bar.begin(), second.x_bar.end());
        for (std::size_t i = 0; i < 4; ++i) first.theta_bar[i] += second.theta_bar[i];
        first.t0_bar += second.t0_bar;
        first.t1_bar += second.t1_bar;
        CHECK(difference(both, first) <= 1e-14);
        CHECK(both.loss == Approx(first.loss + second.loss).epsilon(1e-14));
    });
}

TEST_CASE("the adjoint field: its slope is (f, -J^T lambda, -f_theta^T lambda)") {
    Polynomial<Rational> f{parameters<Rational>()};
    AdjointField<Polynomial<Rational>, Rational> adjoint(f, 2, true);
    REQUIRE(adjoint.dim() == 8);
    std::vector<Rational> state{3, 2, 5, -1, 9, 9, 9, 9}, slope(8, Rational(77));
    adjoint(Rational(2), state, slope);
    // p = (2/3, -1/2, 3/5, 1/4), t = 2, (x, y) = (3, 2), λ = (5, -1): by hand
    CHECK(slope == std::vector<Rational>{ratio(8, 5), ratio(91, 12), ratio(-1, 6), ratio(-22, 3), -28, -38, -5, 9});
    CHECK(AdjointField<Polynomial<Rational>, Rational>(f, 6, false).dim() == 12);
}

TEST_CASE("Lotka–Volterra to T = 1 and T = 10 by every method on a fine grid") {
    // x' = p0 x − p1 xy, y' = −p2 y + p3 xy, g = ½|1 − u(T)|²: 40-digit Taylor solutions by an oracle outside the project, rounded
    struct LotkaVolterra {
        std::vector<double> p{1.5, 1, 3, 1};
        static constexpr std::size_t dim() { return 2; }
        [[nodiscard]] std::size_t parameter_count() const { return 4; }
        void operator()(double, std::span<const double> u, std::span<double> du) {
            du[0] = p[0] * u[0] - p[1] * u[0] * u[1];
            du[1] = -p[2] * u[1] + p[3] * u[0] * u[1];
        }
        void vjp(double, std::span<const double> u, std::span<const double> l, std::span<double> x_bar,
                 std::span<double> theta_bar, double&) {
            x_bar[0] += l[0] * (p[0] - p[1] * u[1]) + l[1] * p[3] * u[1];
            x_bar[1] += -l[0] * p[1] * u[0] + l[1] * (-p[2] + p[3] * u[0]);
            const double bars[] = {l[0] * u[0], -l[0] * u[0] * u[1], -l[1] * u[1], l[1] * u[0] * u[1]};
            for (std::size_t i = 0; i < theta_bar.size(); ++i) theta_bar[i] += bars[i];
        }
        void jvp(double t, std::span<const double> u, double, std::span<const double> v, std::span<const double> q,
                 std::span<double> du, std::span<double> dv) {
            (*this)(t, u, du);
            dv[0] = (p[0] - p[1] * u[1]) * v[0] - p[1] * u[0] * v[1];
            dv[1] = p[3] * u[1] * v[0] + (-p[2] + p[3] * u[0]) * v[1];
            if (q.empty()) return;
            dv[0] += u[0] * q[0] - u[0] * u[1] * q[1];
            dv[1] += -u[1] * q[2] + u[0] * u[1] * q[3];
        }
    };
    struct Golden {
        double T;
        std::size_t steps;
        std::vector<double> x_bar, theta_bar;
    };
    const Golden goldens[] = {
        {1, 1000,
         {3.52025689526615482695779, -2.19271337646507200755218},
         {4.34114754253340657075028, -2.00093381679180462904156, 1.01012067676290601728075, -1.39559432673380185034285}},
        {10, 6000,
         {0.2995995083036823018343, -0.01415181634485350553252},
         {0.6219615855512808840805, 0.06800140415087433655657, 0.1691764639958928173378, 0.272560693950007505131}}};
    for (const Golden& golden : goldens)
        for_each_gradient_method([&]<class Method>(const Method& method) {
            if (has_own_map<Method>()) return;  // another solution of another order: against the truth in reversible.test.cpp
            INFO(method.name << " T = " << golden.T);
            LotkaVolterra f;
            const SquaredDistance<double> distance({1, 1});
            const Tableau& tableau = find_tableau("dormand-prince");
            const std::size_t steps = method.predicted_order(tableau) < 5 ? 2 * golden.steps : golden.steps;
            const auto g = method(f, distance, tableau, 0.0, golden.T, steps, std::vector<double>{1, 1});
            CHECK(difference(g.x_bar, golden.x_bar) <= 1e-11);
            CHECK(difference(g.theta_bar, golden.theta_bar) <= 1e-11);
            CHECK(g.t0_bar == Approx(-g.t1_bar).epsilon(1e-9));
            // Euler on 100 steps is visibly elsewhere (by backsolve to T = 10 it does not even stay finite)
            const auto coarse = method(f, distance, find_tableau("euler"), 0.0, golden.T, 100, std::vector<double>{1, 1});
            CHECK_FALSE(difference(coarse.x_bar, golden.x_bar) <= 1e-3);
        });
}

TEST_CASE("methods by name") {
    for (const MethodName& known : gradient_methods()) {
        std::string spelled;
        with_gradient_method(known.base, [&](const auto& method) { spelled = method.name; });
        CHECK(split_spelling(spelled).front() == known.base);
        CHECK_FALSE(known.meaning.empty());
        CHECK_THROWS_WITH(with_gradient_method(std::string(known.base) + ":1:2:3:4:5", [](const auto&) {}), Contains(std::string(known.base)) && Contains("parameters are 5"));
    }
    CHECK(split_spelling("two:8:") == std::vector<std::string_view>{"two", "8", ""});
    CHECK(whole_parameter("m", "slots", "8", 1, 8) == 8);
    for (const char* bad : {"", "-1", "0", "9", "8x", " 8", "99999999999999999999"})
        CHECK_THROWS_WITH(whole_parameter("m", "slots", bad, 1, 8), Contains("slots is '") && Contains("from 1 to 8"));
    std::string_view met;
    with_gradient_method("partner", [&](const auto& method) { met = method.name; });
    CHECK(met == "partner");
    CHECK_THROWS_WITH(with_gradient_method("adjoint", [](const auto&) {}),
                      Contains("'adjoint'") && Contains("dto, partner, store-all, states, every, sqrt, binomial, mixed, two-level, online, memory, backsolve"));
    F f(parameters<double>());
    for_each_gradient_method([&]<class Method>(const Method& method) {
        CHECK_THROWS_WITH(method(f, loss, find_tableau("rk4"), 0.0, 1.0, 4, std::vector<double>{1, 2, 3}), Contains("3 values"));
        CHECK_THROWS_WITH(method(f, loss, find_tableau("rk4"), 0.0, 1.0, 0, std::vector<double>{1, 2}), Contains("0 steps"));
        if (only_tableau<Method>().empty())
            CHECK_THROWS_WITH(method(f, loss, *partner(find_tableau("rk4")), 0.0, 1.0, 4, std::vector<double>{1, 2}),
                          Contains("implicit"));
        CHECK_THROWS_WITH(
            method(f, SquaredDistance<double>({1, 2, 3}), find_tableau("rk4"), 0.0, 1.0, 4, std::vector<double>{1, 2}),
            Contains("y 3"));
    });
}
