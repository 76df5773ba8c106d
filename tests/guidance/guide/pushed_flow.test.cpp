// Controls along a flow: their gradient by other routes, and the ends that FlowGrad, OC-Flow and a control signal reach on one Gaussian.
#include "guidance/guide/pushed_flow.hpp"
#include "tests/guidance/guide/linear_gaussian.hpp"
#include "tests/guidance/mixtures.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

const std::vector<double> wanted{0.75, -2, 1};

/// Three Gaussians in the plane, seen through one row.
struct Curved {
    FlowModel<double> model{mixture_in<double>(gmm2(), CondOt{})};
    Objective<double> objective{{measured<double>({1, 2, {1, -0.5}}, {1.25})}};
    NormalSource random{3};
    GuidanceProblem<double> problem{model, objective, random, {}};
};

/// w_j[i], not small, not symmetric
double made_up(std::size_t j, std::size_t i) { return 0.1 * std::sin(static_cast<double>(3 * j + 5 * i + 1)); }

void fill(PushedFlow<double>& pushed) {
    for (std::size_t j = 0; j < pushed.steps(); ++j)
        for (std::size_t i = 0; i < 2; ++i) pushed.push(j)[i] = made_up(j, i);
}

/// M_j = Π_{i ≥ j} (1 + h a(t_i)), entry by entry: what Euler's steps make of a push before step j; u = c + a x on one Gaussian.
std::vector<std::vector<double>> carried(const DiagonalGaussian<double>& gaussian, std::size_t steps) {
    std::vector<std::vector<double>> m(steps, std::vector<double>(3, 1));
    const double h = 1.0 / static_cast<double>(steps);
    for (std::size_t j = steps; j-- > 0;)
        for (std::size_t i = 0; i < 3; ++i) {
            const double t = static_cast<double>(j) * h, s2 = gaussian.variance[i];
            const double a = (t * s2 - (1 - t)) / (t * t * s2 + (1 - t) * (1 - t));
            m[j][i] = (j + 1 < steps ? m[j + 1][i] : 1) * (1 + h * a);
        }
    return m;
}

/// Where z goes by itself, in `steps` of Euler's.
std::vector<double> unpushed(FlowModel<double>& model, std::size_t steps) {
    const std::vector<double> z = start_of<double>(1, 0, 3);
    return flow<double>(model, ode::find_tableau("euler"), 0, 1, steps, std::span<const double>(z));
}

}  // namespace

TEST_CASE("the costates are the gradient of the loss with respect to every push: differences") {
    for (const char* tableau : {"euler", "midpoint"}) {
        INFO(tableau);
        Curved c;
        c.problem.options = {.steps = 6, .tableau = tableau};
        PushedFlow<double> pushed(c.problem, 100);
        REQUIRE(pushed.steps() == 6);
        fill(pushed);
        pushed.solve();
        pushed.differentiate();
        for (std::size_t j = 0; j < 6; ++j)
            for (std::size_t i = 0; i < 2; ++i) {
                const double slope = pushed.costate(j)[i], e = 1e-5;
                pushed.push(j)[i] = made_up(j, i) + e;
                const double up = pushed.solve();
                pushed.push(j)[i] = made_up(j, i) - e;
                const double down = pushed.solve();
                pushed.push(j)[i] = made_up(j, i);
                CHECK(slope == Approx((up - down) / (2 * e)).epsilon(1e-7).margin(1e-9));
                CHECK(std::abs(slope) > 1e-3);
            }
    }
}

TEST_CASE("and by a sweep written out: lambda_j = (I + h D_x v)^T lambda_j+1 at the pushed states") {
    Curved c;
    c.problem.options.steps = 6;
    PushedFlow<double> pushed(c.problem, 100);
    fill(pushed);
    const double loss = pushed.solve();
    pushed.differentiate();
    auto mixture = mixture_in<double>(gmm2(), CondOt{});
    std::vector<std::vector<double>> at;
    std::vector<double> x = start_of<double>(3, 0, 2), u(2), none;
    const double h = 1.0 / 6;
    for (std::size_t j = 0; j < 6; ++j) {
        for (std::size_t i = 0; i < 2; ++i) x[i] += made_up(j, i);
        at.push_back(x);
        mixture(static_cast<double>(j) * h, std::span<const double>(x), std::span<double>(u));
        for (std::size_t i = 0; i < 2; ++i) x[i] += h * u[i];
    }
    const double miss = x[0] - 0.5 * x[1] - 1.25;
    CHECK(loss == Approx(miss * miss / 2).epsilon(1e-12));
    std::vector<double> lambda{miss, -0.5 * miss}, next(2);
    double t_bar = 0;
    for (std::size_t j = 6; j-- > 0;) {
        std::fill(next.begin(), next.end(), 0.0);
        mixture.vjp(static_cast<double>(j) * h, std::span<const double>(at[j]), std::span<const double>(lambda), std::span<double>(next), {}, t_bar);
        for (std::size_t i = 0; i < 2; ++i) lambda[i] += h * next[i];
        for (std::size_t i = 0; i < 2; ++i) CHECK(pushed.costate(j)[i] == Approx(lambda[i]).epsilon(1e-12));
        CHECK(gap(std::vector<double>(pushed.costate(j).begin(), pushed.costate(j).end()), lambda) < 1e-12);
    }
    // without the pushes the states, and so the costates, are others
    for (std::size_t j = 0; j < 6; ++j)
        for (double& w : pushed.push(j)) w = 0;
    pushed.solve();
    pushed.differentiate();
    CHECK(std::abs(pushed.costate(0)[0] - lambda[0]) > 1e-3);
    // and the first of them is the gradient of the whole solve
    EndToEnd<double> end(c.problem, "euler", 6);
    std::vector<double> slope(2);
    end(start_of<double>(3, 0, 2), std::span<double>(slope));
    for (std::size_t i = 0; i < 2; ++i) CHECK(pushed.costate(0)[i] == Approx(slope[i]).epsilon(1e-12));
}

TEST_CASE("flowgrad reaches the only end there is, and with a measurement the one of the shortest pushes") {
    const auto gaussian = gaussian3<double>();
    FlowModel<double> model(gaussian.mixture());
    Objective<double> all({measured<double>(identity3(), wanted)}), some({measured<double>(matrix23(), {1.5, -2})});
    const GuidanceMethod method = find_guidance_method("flowgrad:steps=20:rate=0.5:iterations=150");
    CHECK(gap(guided(method, model, all).x, wanted) < 1e-6);
    // w = -Mᵀ(…): the shortest w with H(e + Σ M_j w_j) = y, by the square roots of K = Σ M_j²
    std::vector<double> end = unpushed(model, 20), k(3, 0);
    for (const std::vector<double>& m : carried(gaussian, 20))
        for (std::size_t i = 0; i < 3; ++i) k[i] += m[i] * m[i];
    for (double& value : k) value = std::sqrt(value);
    const std::vector<double> shift = shortest(scaled_columns(matrix23(), k), missed(matrix23(), {1.5, -2}, end));
    for (std::size_t i = 0; i < 3; ++i) end[i] += k[i] * shift[i];
    CHECK(gap(guided(method, model, some).x, end) < 1e-6);
    CHECK(gap(guided(method.with("iterations", 3), model, some).x, end) > 1e-3);
}

TEST_CASE("oc-flow and a control signal reach the minimum of the loss and the running cost") {
    const auto gaussian = gaussian3<double>();
    FlowModel<double> model(gaussian.mixture());
    Objective<double> all({measured<double>(identity3(), wanted)});
    const std::vector<double> e = unpushed(model, 20);
    const std::vector<std::vector<double>> m = carried(gaussian, 20);
    // min ½(e + Σ M_j h z_j - y)² + ½c Σ h z_j²: the end is (c e + K y)/(c + K) with K = Σ_pieces h (Σ M_j)²/n over the n steps of a piece
    const auto expected = [&](double c, std::size_t pieces) {
        std::vector<double> end(3);
        const std::size_t n = 20 / pieces;
        for (std::size_t i = 0; i < 3; ++i) {
            double k = 0;
            for (std::size_t piece = 0; piece < pieces; ++piece) {
                double sum = 0;
                for (std::size_t j = piece * n; j < (piece + 1) * n; ++j) sum += m[j][i];
                k += sum * sum / static_cast<double>(n) / 20;
            }
            end[i] = (c * e[i] + k * wanted[i]) / (c + k);
        }
        return end;
    };
    // β = 1 - ηc
    const auto oc = guided(find_guidance_method("oc-flow:steps=20:rate=0.5:decay=0.9:clip=0:iterations=200"), model, all);
    CHECK(gap(oc.x, expected(0.2, 20)) < 1e-5);
    const GuidanceMethod signal = find_guidance_method("control-signal:steps=20:rate=0.5:cost=0.2:iterations=200");
    for (const std::size_t pieces : {1, 4, 20}) {
        INFO(pieces << " pieces");
        const auto result = guided(signal.with("pieces", static_cast<double>(pieces)), model, all);
        CHECK(gap(result.x, expected(0.2, pieces)) < 1e-5);
        CHECK(gap(result.x, expected(0.1, pieces)) > 1e-2);
    }
    CHECK(gap(expected(0.2, 1), expected(0.2, 4)) > 1e-3);
    CHECK(gap(expected(0.2, 4), expected(0.2, 20)) > 1e-4);
}

TEST_CASE("a signal with a piece for every step is oc-flow, a clipped gradient is not") {
    Curved c;
    const auto run = [&](const char* spelling) { return guided(find_guidance_method(spelling), c.model, c.objective).x; };
    const std::vector<double> oc = run("oc-flow:rate=0.5:decay=0.9:clip=0");
    CHECK(gap(run("control-signal:rate=0.5:cost=0.2:pieces=50:iterations=5"), oc) < 1e-13);
    CHECK(gap(run("oc-flow:rate=0.5:decay=0.9:clip=1e6"), oc) == 0);
    CHECK(gap(run("oc-flow:rate=0.5:decay=0.9:clip=0.01"), oc) > 1e-3);
    CHECK(gap(run("flowgrad:steps=50:rate=0.5:iterations=5"), run("oc-flow:rate=0.5:decay=1:clip=0")) < 1e-13);
}

TEST_CASE("a pushed flow gives the same result again, near it in float, and by another gradient method") {
    Curved c;
    FlowModel<float> single(mixture_in<float>(gmm2(), CondOt{}));
    Objective<float> objective_f({measured<float>({1, 2, {1, -0.5}}, {1.25F})});
    for (const char* spelling : {"flowgrad", "oc-flow", "control-signal"}) {
        INFO(spelling);
        const GuidanceMethod method = find_guidance_method(spelling);
        const auto result = guided(method, c.model, c.objective);
        CHECK(guided(method, c.model, c.objective).x == result.x);
        CHECK(gap(guided(method, single, objective_f).x, result.x) < 1e-4);
        CHECK(c.objective(std::span<const double>(result.x)) < c.objective(std::span<const double>(guided(find_guidance_method("unconditional"), c.model, c.objective).x)) / 10);
        CHECK(guided(method, c.model, c.objective, {.gradient = "binomial:1"}).x == result.x);
        const double by_backsolve = gap(guided(method, c.model, c.objective, {.gradient = "backsolve"}).x, result.x);
        CHECK((by_backsolve > 0 && by_backsolve < 0.1));
        const auto kept = guided(method, c.model, c.objective, {.keep_trajectory = true});
        CHECK(kept.trajectory.back() == result.x);
        CHECK(kept.trajectory.size() == (method.name() == "flowgrad" ? 101 : 51));
    }
}
