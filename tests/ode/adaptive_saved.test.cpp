// Losses read off the interpolant between steps: the derivative of the computed number, by dual numbers run through the same steps.
#include "ode/fields/lotka_volterra.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/gradient/adaptive_saved.hpp"
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

using D = Dual<double>;
using Loss = SquaredDistance<double>;

AdaptiveOptions<double> tolerance(double tol) {
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tol;
    return options;
}

/// What is differentiated, as dual numbers: x₀, p, t₀ and t₁, the save times.
struct Inputs {
    std::vector<D> x0, p;
    D t0, t1;
    std::vector<D> times;
};

/// Σ_j ½|x̃(s_j) − y|² on a grid whose steps are fixed fractions of t₁ − t₀: every stage of the pair, then the interpolant's weights.
D replay(const Tableau& tableau, const TimeGrid<double>& grid, const Inputs& in) {
    const PairCoefficients<D> pair(tableau);
    Polynomial<D> f{in.p};
    const SquaredDistance<D> loss(std::vector<D>{D(target<double>()[0]), D(target<double>()[1])});
    std::vector<D> x = in.x0, weights(pair.rows.size());
    D total(0);
    const D whole = in.t1 - in.t0;
    std::size_t j = 0;
    for (std::size_t n = 0; n < grid.steps(); ++n) {
        const D t = in.t0 + whole * D((grid.at(n) - grid.first()) / grid.whole()), h = whole * D(grid.step(n) / grid.whole());
        std::vector<std::vector<D>> k;
        const auto sum = [&](const auto& index, const auto& coefficient) {
            std::vector<D> y = x;
            for (std::size_t m = 0; m < index.size(); ++m)
                for (std::size_t i = 0; i < y.size(); ++i) y[i] += h * coefficient[m] * k[index[m]][i];
            return y;
        };
        for (std::size_t i = 0; i < pair.rows.size(); ++i) {
            const std::vector<D> y = sum(pair.rows[i].index, pair.rows[i].coefficient);
            k.emplace_back(x.size());
            f(t + pair.c[i] * h, y, k.back());
        }
        std::vector<std::size_t> all(weights.size());
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
        const bool ahead = grid.first() < grid.last();
        for (; j < in.times.size() && (ahead ? in.times[j].value <= grid.at(n + 1) : in.times[j].value >= grid.at(n + 1)); ++j) {
            pair.interpolation_weights((in.times[j] - t) / h, weights);
            total += loss(std::span<const D>(sum(all, weights)));
        }
        x = sum(pair.weights.index, pair.weights.coefficient);
    }
    REQUIRE(j == in.times.size());
    return total;
}

std::vector<D> duals(const std::vector<double>& values) { return {values.begin(), values.end()}; }

template <class F>
void check(F f, const char* name, double t0, double t1, const std::vector<double>& times) {
    const Tableau& tableau = find_tableau(name);
    const std::vector<double> x0 = batch_of_two<double>();
    const std::vector<Loss> terms(times.size(), Loss(target<double>()));
    dto::SavedWorkspace<F, double> ws(tableau);
    GradientResult<double> g;
    const auto call = [&] { return dto::AdaptiveSaved{}(f, terms, t0, t1, times, x0, tolerance(1e-5), {}, ws, g).ok(); };
    REQUIRE(call());
    const TimeGrid<double>& grid = ws.forward.grid;
    REQUIRE(grid.steps() > 1);
    CHECK(g.cost.vjps <= 1 + grid.steps() * (ws.columns.size() - 1));  // a slope that two steps share is pulled back once
    const Inputs at{duals(x0), duals(f.p), D(t0), D(t1), duals(times)};
    CHECK(g.loss == Approx(replay(tableau, grid, at).value).epsilon(1e-13));
    const auto seeded = [&](auto&& seed) {
        Inputs in = at;
        seed(in).tangent = 1;
        return Approx(replay(tableau, grid, in).tangent).epsilon(1e-11).margin(1e-12);
    };
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(g.x_bar[i] == seeded([i](Inputs& in) -> D& { return in.x0[i]; }));
        CHECK(g.theta_bar[i] == seeded([i](Inputs& in) -> D& { return in.p[i]; }));
    }
    CHECK(g.t0_bar == seeded([](Inputs& in) -> D& { return in.t0; }));
    CHECK(g.t1_bar == seeded([](Inputs& in) -> D& { return in.t1; }));
    REQUIRE(g.knot_bars.size() == times.size());
    for (std::size_t j = 0; j < times.size(); ++j) CHECK(g.knot_bars[j] == seeded([j](Inputs& in) -> D& { return in.times[j]; }));
    GradientResult<double> still;  // times as they are: the same, and nothing on times
    REQUIRE(dto::AdaptiveSaved{}(f, terms, t0, t1, times, x0, tolerance(1e-5), {true, false}, ws, still).ok());
    CHECK(still.loss == g.loss);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(still.x_bar[i] == Approx(g.x_bar[i]).epsilon(1e-13));
        CHECK(still.theta_bar[i] == Approx(g.theta_bar[i]).epsilon(1e-13));
    }
    CHECK((still.knot_bars.empty() && still.t0_bar == 0 && still.t1_bar == 0));
    const GradientResult<double> cold = g;
    const std::size_t before = allocations;
    REQUIRE(call());
    CHECK(allocations == before);
    CHECK((g.x_bar == cold.x_bar && g.knot_bars == cold.knot_bars && g.cost == cold.cost));
    // a time moved is another gradient
    std::vector<double> other = times;
    other[1] += 1e-6 * (t1 - t0);
    GradientResult<double> moved;
    REQUIRE(dto::AdaptiveSaved{}(f, terms, t0, t1, other, x0, tolerance(1e-5), {}, ws, moved).ok());
    CHECK_FALSE(moved.x_bar[0] == Approx(g.x_bar[0]).epsilon(1e-11));
}

}  // namespace

TEST_CASE("losses between steps: the gradient is that of the computed number, dual numbers say") {
    const Polynomial<double> f{parameters<double>()};
    for (const char* name : {"dormand-prince", "tsitouras", "dop853", "bogacki-shampine", "fehlberg"}) {
        INFO(name);
        check(f, name, 0.2, 1.2, {0.2, 0.21, 0.5, 0.5, 1.1, 1.2});
        check(RecordingPolynomial<double>(parameters<double>()), name, 0.2, -0.8, {0.1, -0.3, -0.31, -0.7});
    }
}

TEST_CASE("losses between steps and losses at knots agree as the tolerance falls") {
    using F = ScalarField<LotkaVolterra, double>;
    F f;
    const std::vector<double> times{0.5, 1, 2.5, 4}, x0{1, 1};
    const std::vector<Loss> terms(4, Loss({1, 1}));
    const SumOverKnots<double, Loss> path({std::nullopt, terms[0], terms[1], terms[2], terms[3]});
    dto::AdaptiveDtoWorkspace<F, double> exact_ws(find_tableau("dop853"));
    GradientResult<double> exact, g;
    REQUIRE(dto::Adaptive{}(f, path, 0.0, times, x0, tolerance(1e-13), {}, exact_ws, exact).ok());
    for (const char* name : {"dormand-prince", "tsitouras", "dop853"})
        for (const double tol : {1e-4, 1e-6, 1e-8}) {
            INFO(name << ", tolerance " << tol);
            dto::SavedWorkspace<F, double> ws(find_tableau(name));
            REQUIRE(dto::AdaptiveSaved{}(f, terms, 0.0, 4.0, times, x0, tolerance(tol), {}, ws, g).ok());
            for (std::size_t i = 0; i < 2; ++i) CHECK(std::abs(g.x_bar[i] - exact.x_bar[i]) <= 1e4 * tol);
            for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(g.theta_bar[i] - exact.theta_bar[i]) <= 1e4 * tol);
            for (std::size_t j = 0; j < 4; ++j) CHECK(std::abs(g.knot_bars[j] - exact.knot_bars[j + 1]) <= 1e4 * tol);
        }
    dto::SavedWorkspace<F, double> ws(find_tableau("dormand-prince"));
    const auto refused = [&](const std::vector<double>& at, std::size_t losses) {
        dto::AdaptiveSaved{}(f, std::vector<Loss>(losses, Loss({1, 1})), 0.0, 4.0, at, x0, tolerance(1e-4), {}, ws, g);
    };
    CHECK_THROWS_WITH(refused({1, 2}, 3), Contains("3 losses and 2 times"));
    CHECK_THROWS_WITH(refused({2, 1}, 2), Contains("in the order of the solve"));
    CHECK_THROWS_WITH(refused({5}, 1), Contains("within t0 to t1"));
}
