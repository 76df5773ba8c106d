// The adjoint equation under an error control of its own, and running costs.
#include "ode/fields/lotka_volterra.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/adaptive_otd.hpp"
#include "ode/gradient/forward_sensitivities.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/running_cost.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/any_field.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

AdaptiveOptions<double> tolerance(double tol) {
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    return options;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double most = a.size() == b.size() ? 0 : HUGE_VAL;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}
double distance(const GradientResult<double>& a, const GradientResult<double>& b) {
    return std::max({distance(a.x_bar, b.x_bar), distance(a.theta_bar, b.theta_bar), distance(a.knot_bars, b.knot_bars), std::abs(a.loss - b.loss)});
}

const std::vector<otd::StateFrom> ways{otd::StateFrom::backsolved, otd::StateFrom::stored, otd::StateFrom::interpolated};

// 40-digit Taylor solutions of the variational equations by an oracle outside the project: see adaptive_gradient.test.cpp.
struct Golden {
    double end;
    std::vector<double> x_bar, theta_bar;
};
const Golden goldens[] = {
    {1, {3.52025689526615482695779, -2.19271337646507200755218},
     {4.34114754253340657075028, -2.00093381679180462904156, 1.01012067676290601728075, -1.39559432673380185034285}},
    {10, {0.2995995083036823018343, -0.01415181634485350553252},
     {0.6219615855512808840805, 0.06800140415087433655657, 0.1691764639958928173378, 0.272560693950007505131}},
};

using Lotka = ScalarField<LotkaVolterra, double>;
using Path = SumOverKnots<double, SquaredDistance<double>>;

template <class F>
void check_path(F f, const std::vector<double>& knots) {
    const auto at = [](double a, double b) { return SquaredDistance<double>({a, b}); };
    const Path loss({at(0.1, 0.2), at(1, 2.0 / 3), std::nullopt, at(2, 0.2)});
    const std::vector<double> x0 = batch_of_two<double>();
    dto::AdaptiveDtoWorkspace<F, double> exact_ws(find_tableau("dop853"));
    GradientResult<double> exact;
    REQUIRE(dto::Adaptive{}(f, loss, 0.2, knots, x0, tolerance(1e-13), {}, exact_ws, exact).ok());
    for (const otd::StateFrom state : ways) {
        INFO("state " << static_cast<int>(state));
        otd::AdaptiveOtdWorkspace<F, double> ws(find_tableau("dop853"), find_tableau("dormand-prince"));
        GradientResult<double> result;
        const auto call = [&] { return otd::Adaptive{state}(f, loss, 0.2, knots, x0, tolerance(1e-10), tolerance(1e-10), {}, ws, result).ok(); };
        REQUIRE(call());
        CHECK(distance(result, exact) <= 1e-8);
        const std::size_t before = allocations;
        REQUIRE(call());
        CHECK(allocations == before);
        CHECK(distance(result, exact) <= 1e-8);
        // tolerances of its own: the way back alone is coarse
        REQUIRE(otd::Adaptive{state}(f, loss, 0.2, knots, x0, tolerance(1e-10), tolerance(1e-3), {}, ws, result).ok());
        CHECK(distance(result, exact) > 1e-8);
        CHECK(ws.forward.status.ok());
        AdaptiveOptions<double> few = tolerance(1e-10);
        few.max_steps = 1;
        CHECK(otd::Adaptive{state}(f, loss, 0.2, knots, x0, tolerance(1e-6), few, {}, ws, result).outcome == Outcome::too_many_steps);
        CHECK(ws.forward.status.ok());
    }
}

/// c = t x² + x y of one sample; the last one a wrong gradient.
template <class T, bool wrong = false>
struct Quadratic {
    T operator()(const T& t, std::span<const T> x) const { return t * x[0] * x[0] + x[0] * x[1]; }
    void gradient(const T& t, std::span<const T> x, const T& w, std::span<T> x_bar, T& t_bar) const {
        x_bar[0] += w * ((wrong ? T(1) : T(2)) * t * x[0] + x[1]);
        x_bar[1] += w * x[0];
        t_bar += w * x[0] * x[0];
    }
};

}  // namespace

TEST_CASE("the adjoint equation by its own steps: exact derivatives to what the tolerances allow") {
    Lotka f;
    const SquaredDistance<double> loss({1, 1});
    const std::vector<double> u0{1, 1};
    for (const Golden& golden : goldens)
        for (const otd::StateFrom state : ways)
            for (const double tol : {1e-4, 1e-6, 1e-8, 1e-10}) {
                INFO("to " << golden.end << ", state " << static_cast<int>(state) << ", tolerance " << tol);
                otd::AdaptiveOtdWorkspace<Lotka, double> ws(find_tableau("dormand-prince"), find_tableau("dormand-prince"));
                GradientResult<double> g;
                REQUIRE(otd::Adaptive{state}(f, loss, 0.0, std::vector<double>{golden.end}, u0, tolerance(tol), tolerance(tol), {}, ws, g).ok());
                const double error = std::max(distance(g.x_bar, golden.x_bar), distance(g.theta_bar, golden.theta_bar));
                CHECK(error <= 1000 * tol);
                CHECK(g.cost.vjps == ws.counts.evaluations);
            }
}

TEST_CASE("losses at many times, and derivatives with respect to save times: as discretize-then-optimize at a fine tolerance") {
    check_path(Polynomial<double>{parameters<double>()}, {0.5, 0.6, 1.2});
    check_path(RecordingPolynomial<double>(parameters<double>()), {0, -0.1, -0.8});
}

TEST_CASE("a norm without the parameters' part does not follow what nothing depends on") {
    // x' = −x + p sin 50t at p = 0: x and λ are smooth, g' = −λ sin 50t is not
    struct Forced {
        static constexpr std::size_t dim() { return 1; }
        static constexpr std::size_t parameter_count() { return 1; }
        void operator()(double, std::span<const double> x, std::span<double> dx) const { dx[0] = -x[0]; }
        void vjp(double t, std::span<const double>, std::span<const double> l, std::span<double> x_bar, std::span<double> theta_bar, double&) const {
            if (!x_bar.empty()) x_bar[0] -= l[0];
            if (!theta_bar.empty()) theta_bar[0] += l[0] * std::sin(50 * t);
        }
        void jvp(double, std::span<const double> x, double, std::span<const double> v, std::span<const double>, std::span<double> dx,
                 std::span<double> dv) const {
            dx[0] = -x[0];
            dv[0] = -v[0];
        }
    };
    Forced f;
    for (const otd::StateFrom state : ways) {
        if (state == otd::StateFrom::stored) continue;  // its steps end at the nodes of the way there
        const auto back_steps = [&](otd::AdjointNorm norm) {
            otd::AdaptiveOtdWorkspace<Forced, double> ws(find_tableau("dormand-prince"), find_tableau("dormand-prince"));
            GradientResult<double> g;
            const otd::Adaptive method{state, norm};
            REQUIRE(method(f, SquaredDistance<double>({2}), 0.0, std::vector<double>{3}, std::vector<double>{1}, tolerance(1e-9), tolerance(1e-6), {}, ws, g).ok());
            CHECK(g.x_bar[0] == Approx((std::exp(-3.0) - 2) * std::exp(-3.0)).epsilon(1e-5));
            return ws.counts.accepted + ws.counts.rejected;
        };
        CHECK(back_steps(otd::AdjointNorm::adjoint) * 3 < back_steps(otd::AdjointNorm::whole));
        CHECK(back_steps(otd::AdjointNorm::pair) * 3 < back_steps(otd::AdjointNorm::whole));
    }
}

TEST_CASE("a running cost is a component: every method's derivative of the integral, == in Q") {
    using T = Rational;
    using Field = WithRunningCost<Polynomial<T>, Quadratic<T>, T>;
    using Wrong = WithRunningCost<Polynomial<T>, Quadratic<T, true>, T>;
    const auto grid = [] { return TimeGrid<T>({ratio(1, 5), ratio(1, 3), ratio(1, 2)}); };
    const WithCostOf<T, SquaredDistance<T>> loss(SquaredDistance<T>(target<T>()), 2);
    const auto gradient = [&]<class M, class F>(const M& method, F f) {
        typename M::template Workspace<F, T> ws(find_tableau("heun"));
        GradientResult<T> result;
        method(f, loss, grid(), f.start(batch_of_two<T>()), {}, ws, result);
        return result;
    };
    const Polynomial<T> f{parameters<T>()};
    const auto reverse = gradient(dto::StoreAll{}, Field(f, {})), forward = gradient(ForwardSensitivities{}, Field(f, {}));
    CHECK(reverse.x_bar == forward.x_bar);
    CHECK(reverse.theta_bar == forward.theta_bar);
    CHECK((reverse.t0_bar == forward.t0_bar && reverse.t1_bar == forward.t1_bar));
    // q does not feed back, and its own derivative is 1
    CHECK((reverse.x_bar[2] == 1 && reverse.x_bar[5] == 1));
    // the integral by hand: Heun's rule along Heun's steps
    std::vector<T> x = batch_of_two<T>();
    Polynomial<T> field = f;
    T integral(0);
    for (std::size_t n = 0; n < 2; ++n) {
        const T t = grid().at(n), h = grid().step(n);
        std::vector<T> k(4), second(4), y(4);
        field(t, x, k);
        for (std::size_t i = 0; i < 4; ++i) y[i] = x[i] + h * k[i];
        field(t + h, y, second);
        for (std::size_t b = 0; b < 4; b += 2)
            integral += h / 2 * (Quadratic<T>{}(t, std::span<const T>(x).subspan(b, 2)) + Quadratic<T>{}(t + h, std::span<const T>(y).subspan(b, 2)));
        for (std::size_t i = 0; i < 4; ++i) x[i] += h / 2 * (k[i] + second[i]);
    }
    CHECK(reverse.loss == integral + SquaredDistance<T>(target<T>())(x));
    // a wrong gradient of the cost: caught by a difference quotient of the exact loss, which a quadratic part alone would pass
    const auto off = gradient(dto::StoreAll{}, Wrong(f, {}));
    CHECK_FALSE(off.x_bar == reverse.x_bar);
    const T small = ratio(1, 1'000'000);
    std::vector<T> up = f.p, down = f.p;
    up[0] += small;
    down[0] -= small;
    const T quotient = (gradient(dto::StoreAll{}, Field({up}, {})).loss - gradient(dto::StoreAll{}, Field({down}, {})).loss) / (2 * small);
    CHECK(abs(T(quotient - reverse.theta_bar[0])) < small);
    CHECK_FALSE(abs(T(quotient - off.theta_bar[0])) < small);
}

TEST_CASE("a running cost under error control: the mean of the prey") {
    // (log y)' = p3 x − p2: ∫ x dt = (log(y(T)/y(0)) + p2 T)/p3, with y(10) of the 40-digit solution; ∂/∂T of it is x(T)
    struct Prey {
        double scale = 1;
        double operator()(double, std::span<const double> u) const { return scale * u[0]; }
        void gradient(double, std::span<const double>, double w, std::span<double> u_bar, double&) const { u_bar[0] += w * scale; }
    };
    using Field = WithRunningCost<Lotka, Prey, double>;
    const double integral = std::log(0.9096910781360416175482) + 30, prey = 1.026344767575089319139;
    const auto solved = [&](const Prey& cost, double tol) {
        Field f(Lotka(), cost);
        dto::AdaptiveDtoWorkspace<Field, double> ws(find_tableau("tsitouras"));
        GradientResult<double> g;
        const LinearFunctional<double> loss({0, 0, 1});
        REQUIRE(dto::Adaptive{}(f, loss, 0.0, std::vector<double>{10}, f.start(std::vector<double>{1, 1}), tolerance(tol), {}, ws, g).ok());
        return g;
    };
    for (const double tol : {1e-5, 1e-8, 1e-11}) {
        const auto g = solved({}, tol);
        CHECK(std::abs(g.loss - integral) <= 1000 * tol);
        CHECK(std::abs(g.t1_bar - prey) <= 1000 * tol);
        CHECK(g.x_bar[2] == 1);
    }
    CHECK_FALSE(std::abs(solved({1.001}, 1e-8).loss - integral) <= 1e-5);
}
