// Gradients on the steps of an adaptive solve: bitwise those of the grid under every schedule, exact values to what the tolerance allows.
#include "ode/fields/lotka_volterra.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/sensitive_steps.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/any_field.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

using Path = SumOverKnots<double, SquaredDistance<double>>;

AdaptiveOptions<double> tolerance(double tol) {
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    return options;
}

bool same(const GradientResult<double>& a, const GradientResult<double>& b) {
    return a.loss == b.loss && a.x1 == b.x1 && a.x_bar == b.x_bar && a.theta_bar == b.theta_bar && a.t0_bar == b.t0_bar && a.t1_bar == b.t1_bar &&
           a.knot_bars == b.knot_bars;
}

Path path() {
    const auto at = [](double a, double b) { return SquaredDistance<double>({a, b}); };
    return Path({std::nullopt, at(1, 2.0 / 3), std::nullopt, at(2, 0.2)});
}

template <class F>
void check_schedules(F f, const std::vector<double>& knots) {
    const Path loss = path();
    const std::vector<double> x0 = batch_of_two<double>();
    const Tableau& tableau = find_tableau("dormand-prince");
    GradientResult<double> whole;
    dto::AdaptiveDtoWorkspace<F, double> first(tableau);
    REQUIRE(dto::Adaptive{}(f, loss, 0.2, knots, x0, tolerance(1e-9), {}, first, whole).ok());
    const TimeGrid<double> grid = first.forward.grid;
    REQUIRE(grid.steps() > 10);
    REQUIRE(grid.knots() == 4);
    GradientResult<double> on_grid;
    dto::StoreAll::Workspace<F, double> ws(tableau);
    dto::StoreAll{}(f, loss, grid, x0, {}, ws, on_grid);
    CHECK(same(whole, on_grid));
    CHECK(whole.x1 == first.forward.x);
    using enum checkpoint::Rule;
    for (const checkpoint::Spec& spec : {checkpoint::Spec{store_all, 0, 0}, {states_only, 0, 0}, {every, 4, 0}, {square_root, 0, 0}, {binomial, 3, 0},
                                         {mixed, 3, 0}, {two_level, 2, 2}, {online, 1, 0}, {online, 3, 0}, {online, 1000, 0}}) {
        INFO(dto::Checkpointed(spec).name);
        dto::AdaptiveDtoWorkspace<F, double> workspace(tableau);
        GradientResult<double> result;
        const dto::Adaptive method{spec};
        REQUIRE(method(f, loss, 0.2, knots, x0, tolerance(1e-9), {}, workspace, result).ok());
        CHECK(same(result, whole));
        const std::size_t before = allocations;
        method(f, loss, 0.2, knots, x0, tolerance(1e-9), {}, workspace, result);
        if (spec.rule != two_level) CHECK(allocations == before);
        CHECK(same(result, whole));
    }
    // other steps, another gradient
    REQUIRE(dto::Adaptive{}(f, loss, 0.2, knots, x0, tolerance(1e-5), {}, first, on_grid).ok());
    CHECK_FALSE(on_grid.x_bar == whole.x_bar);
}

struct Golden {
    double end;
    std::vector<double> u, x_bar, theta_bar;
};
// g = ½|1 − u(T)|², p = (1.5, 1, 3, 1), u₀ = (1, 1): 40-digit Taylor solutions of the variational equations by an oracle outside the project.
const Golden goldens[] = {
    {1, {2.77285090184111211912558, 0.25871087814256395390038}, {3.52025689526615482695779, -2.19271337646507200755218},
     {4.34114754253340657075028, -2.00093381679180462904156, 1.01012067676290601728075, -1.39559432673380185034285}},
    {10, {1.026344767575089319139, 0.9096910781360416175482}, {0.2995995083036823018343, -0.01415181634485350553252},
     {0.6219615855512808840805, 0.06800140415087433655657, 0.1691764639958928173378, 0.272560693950007505131}},
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
    return most;
}

/// Least squares of log error on log tolerance.
double slope(const std::vector<double>& tolerances, const std::vector<double>& errors) {
    double x = 0, y = 0, xx = 0, xy = 0;
    const auto n = static_cast<double>(tolerances.size());
    for (std::size_t i = 0; i < tolerances.size(); ++i) {
        const double a = std::log(tolerances[i]), b = std::log(errors[i]);
        x += a, y += b, xx += a * a, xy += a * b;
    }
    return (n * xy - x * y) / (n * xx - x * x);
}

}  // namespace

TEST_CASE("every schedule, the online ones while the number of steps is unknown, gives store-all's gradient on the accepted grid, bitwise") {
    check_schedules(Polynomial<double>{parameters<double>()}, {0.5, 0.6, 1.2});
    check_schedules(RecordingPolynomial<double>(parameters<double>()), {0, -0.1, -0.8});
}

TEST_CASE("Lotka–Volterra's derivatives follow the tolerance") {
    using F = ScalarField<LotkaVolterra, double>;
    F f;
    const SquaredDistance<double> loss({1, 1});
    for (const char* name : {"dormand-prince", "tsitouras", "dop853"})
        for (const Golden& golden : goldens) {
            std::vector<double> tolerances, errors;
            dto::AdaptiveDtoWorkspace<F, double> ws(find_tableau(name));
            GradientResult<double> g;
            for (double tol = 1e-4; tol > 0.9e-10; tol /= std::sqrt(std::sqrt(10.0))) {
                REQUIRE(dto::Adaptive{}(f, loss, 0.0, std::vector<double>{golden.end}, std::vector<double>{1, 1}, tolerance(tol), {}, ws, g).ok());
                tolerances.push_back(tol);
                errors.push_back(std::max(distance(g.x_bar, golden.x_bar), distance(g.theta_bar, golden.theta_bar)));
                // ∂L/∂t₁ = (u(T) − 1)·f(u(T)); autonomous: ∂L/∂t₀ is its negative
                const double x = golden.u[0], y = golden.u[1], speed = (x - 1) * (1.5 * x - x * y) + (y - 1) * (x * y - 3 * y);
                CHECK(std::abs(g.t1_bar - speed) <= 1e3 * tol);
                CHECK(std::abs(g.t1_bar + g.t0_bar) <= 1e-13);
            }
            INFO(name << " to " << golden.end << ": error / tolerance " << errors.front() / tolerances.front() << " to " << errors.back() / tolerances.back());
            for (std::size_t i = 0; i < errors.size(); ++i) CHECK(errors[i] <= 500 * tolerances[i]);
            std::vector<double> other = golden.x_bar;
            other[1] += 1e-6;
            CHECK_FALSE(distance(g.x_bar, other) <= 500 * tolerances.back());
        }
}

namespace {

/// Of ½|1 − u(T)|² with respect to u₀ and p for T = 1, 2, … 10, as states are compared in adaptive_accuracy.test.cpp: an error at one T may
/// pass through 0.
template <class T>
std::vector<T> derivatives(const PairCoefficients<T>& pair, const Tableau& tableau, const T& tol) {
    using F = ScalarField<LotkaVolterra, T>;
    F f;
    dto::AdaptiveDtoWorkspace<F, T> ws(tableau);
    ws.forward.pair = pair;
    AdaptiveOptions<T> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    GradientResult<T> g;
    std::vector<T> all;
    for (int j = 1; j <= 10; ++j) {
        const std::vector<T> end{T(j)}, x0{T(1), T(1)};
        REQUIRE(dto::Adaptive{}(f, SquaredDistance<T>({T(1), T(1)}), T(0), View<T>(end), View<T>(x0), options, {true, false}, ws, g).ok());
        all.insert(all.end(), g.x_bar.begin(), g.x_bar.end());
        all.insert(all.end(), g.theta_bar.begin(), g.theta_bar.end());
    }
    return all;
}

const std::vector<long double>& exact_derivatives() {
    static const std::vector<long double> exact = derivatives<long double>(PairCoefficients<long double>("dop853"), find_tableau("dop853"), 1e-17L);
    return exact;
}

/// Of the root mean square error on the tolerance, from 10^−first over six decades.
template <class T>
double slope_from(int first, const PairCoefficients<T>& pair, const Tableau& tableau) {
    std::vector<double> tolerances, errors;
    for (int i = 0; i <= 24; ++i) {
        tolerances.push_back(std::pow(10.0, -first - i / 4.0));
        const std::vector<T> found = derivatives<T>(pair, tableau, static_cast<T>(tolerances.back()));
        double sum = 0;
        for (std::size_t k = 0; k < found.size(); ++k) sum += std::pow(static_cast<double>(found[k] - exact_derivatives()[k]), 2);
        errors.push_back(std::sqrt(sum));
    }
    return slope(tolerances, errors);
}

}  // namespace

// A controller keeps the local error of order k proportional to the tolerance, so h^p, and the gradient has the method's order p = k for these pairs:
// slope 1 as the tolerance falls. From 1e-4 the pairs whose steps are long still have 1.18 (tsitouras) and 1.24 (verner-65), like the state itself.
TEST_CASE("the gradient's error is proportional to the tolerance: log-log slope one over six decades") {
    const std::vector<long double>& exact = exact_derivatives();  // dop853 at 1e-17, which has the goldens
    for (std::size_t k = 0; k < 6; ++k) {
        const Golden &one = goldens[0], &ten = goldens[1];
        CHECK(static_cast<double>(exact[k]) == Approx(k < 2 ? one.x_bar[k] : one.theta_bar[k - 2]).epsilon(1e-14));
        CHECK(static_cast<double>(exact[54 + k]) == Approx(k < 2 ? ten.x_bar[k] : ten.theta_bar[k - 2]).epsilon(1e-13));
    }
    for (const char* name : {"bogacki-shampine", "dormand-prince", "dop853"}) {
        INFO(name << " from 1e-4");
        CHECK(slope_from<double>(4, PairCoefficients<double>(std::string_view(name)), find_tableau(name)) == Approx(1).margin(0.15));
    }
    for (const char* name : {"dormand-prince", "tsitouras", "verner-65", "dop853"}) {
        INFO(name << " from 1e-8");
        CHECK(slope_from<long double>(8, PairCoefficients<long double>(std::string_view(name)), find_tableau(name)) == Approx(1).margin(0.15));
    }
    EmbeddedPair sixth = embedded_pair("dop853");  // control: an estimate of order 6 for steps of order 8
    sixth.second.clear();
    sixth.error_order = 6;
    CHECK(slope_from<double>(4, PairCoefficients<double>(sixth), find_tableau("dop853")) > 1.15);
}

TEST_CASE("states at save times come with a gradient, through knots and backwards; with tangents too") {
    Polynomial<double> f{parameters<double>()};
    const Tableau& pair = find_tableau("tsitouras");
    const std::vector<double> x0 = batch_of_two<double>();
    const SquaredDistance<double> loss(target<double>());
    for (const double t1 : {1.0, -0.4}) {
        const std::vector<double> knots{0.3 * t1, 0.6 * t1, t1};
        AdaptiveOptions<double> options = tolerance(1e-8);
        options.save_at = {0, 0.1 * t1, 0.3 * t1, 0.35 * t1, 0.9 * t1, t1};
        dto::AdaptiveDtoWorkspace<Polynomial<double>, double> ws(pair);
        GradientResult<double> result, without;
        for (const checkpoint::Rule rule : {checkpoint::Rule::store_all, checkpoint::Rule::online}) {
            REQUIRE(dto::Adaptive{{rule, 3, 0}}(f, loss, 0.0, knots, x0, options, {}, ws, result).ok());
            REQUIRE(ws.forward.saved.size() == options.save_at.size() * 4);
            for (std::size_t j = 0; j < options.save_at.size(); ++j) {
                const auto exact = solve_adaptive<double>(find_tableau("verner-87"), f, 0., options.save_at[j], x0, tolerance(1e-13));
                for (std::size_t i = 0; i < 4; ++i) CHECK(ws.forward.saved[4 * j + i] == Approx(exact.x1[i]).margin(1e-7));
            }
        }
        REQUIRE(dto::Adaptive{}(f, loss, 0.0, knots, x0, tolerance(1e-8), {}, ws, without).ok());
        CHECK(same(result, without));
        CHECK(ws.forward.saved.empty());
        AdaptiveForward<double> forward(pair);
        REQUIRE(follow_sensitivities(f, 0.0, knots, x0, Directions<double>::every(4, 0), options, forward).ok());
        REQUIRE(forward.saved.size() == options.save_at.size() * 20);
        CHECK(forward.saved[4] == 1);  // ∂x/∂x₀ at t₀
        options.save_at = {0.1 * t1, 1.1 * t1};
        CHECK_THROWS_WITH(forward.follow(f, 0.0, knots, x0, options), Contains("save_at[1]"));
        options.save_at = {0.7 * t1, 0.2 * t1};
        CHECK_THROWS_WITH(forward.follow(f, 0.0, knots, x0, options), Contains("save_at[1]"));
    }
}

TEST_CASE("a solve that fails has a status and no gradient") {
    Polynomial<double> f{parameters<double>()};
    dto::AdaptiveDtoWorkspace<Polynomial<double>, double> ws(find_tableau("dormand-prince"));
    GradientResult<double> result;
    AdaptiveOptions<double> options = tolerance(1e-9);
    options.max_steps = 7;
    const std::vector<double> x0 = batch_of_two<double>(), twice{1, 1}, none, turning{1, 0.5};
    const SquaredDistance<double> loss(target<double>());
    for (const checkpoint::Rule rule : {checkpoint::Rule::store_all, checkpoint::Rule::online, checkpoint::Rule::binomial}) {
        const dto::Adaptive method{{rule, 4, 0}};
        const Status status = method(f, loss, 0.0, std::vector<double>{0.1, 2}, x0, options, {}, ws, result);
        CHECK(status.outcome == Outcome::too_many_steps);
        CHECK(ws.forward.counts.accepted + ws.forward.counts.rejected == 7);
        CHECK(result.x_bar.empty());
    }
    CHECK_THROWS_WITH(dto::Adaptive{}(f, loss, 0.0, twice, x0, {}, {}, ws, result), Contains("where the one before it is"));
    CHECK_THROWS_WITH(dto::Adaptive{}(f, loss, 0.0, none, x0, {}, {}, ws, result), Contains("there are none"));
    CHECK_THROWS_WITH(dto::Adaptive{}(f, loss, 0.0, turning, x0, {}, {}, ws, result), Contains("does not lie beyond"));
}
