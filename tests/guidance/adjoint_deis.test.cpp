// AdjointDEIS-1: its own formula in ℚ; Euler backwards from stored states in the regular variables, ==; order 1 against the flow's gradient.
#include "guidance/fields/noise_of.hpp"
#include "guidance/fields/regular_field.hpp"
#include "guidance/gradient/adjoint_deis.hpp"
#include "ode/gradient/store_all.hpp"
#include "ode/gradient/stored_states.hpp"
#include "tests/guidance/mixtures.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace costate;
using namespace costate::guidance;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

using Q = Rational;
using enum Parametrisation;

const ode::SquaredDistance<Q> loss(target<Q>());
constexpr AdjointDeis1 deis;

}  // namespace

TEST_CASE("one step is the published formula, in the rationals") {
    for (const char* name : {"cond-ot", "linear-vp"}) {
        INFO(name);
        const AnyPath path = find_path(name);
        const Q s = ratio(3, 5), t = ratio(4, 5);  // σ is rational at both on linear-vp
        Polynomial<Q> noise{parameters<Q>()};
        const auto found = deis(noise, path, loss, s, t, 1, batch_of_two<Q>());
        const PathPoint<Q> at_s = at<Q>(path, s), at_t = at<Q>(path, t);
        // DDIM
        std::vector<Q> x = batch_of_two<Q>(), epsilon(4), lambda(4), x_bar(4, Q(0)), theta_bar(4, Q(0));
        noise(s, x, epsilon);
        for (std::size_t i = 0; i < 4; ++i) x[i] = at_t.alpha / at_s.alpha * x[i] + (at_t.sigma() - at_s.sigma() * at_t.alpha / at_s.alpha) * epsilon[i];
        CHECK(found.x1 == x);
        // λ_s = (α_t/α_s) λ_t + σ_s (e^h − 1) (α_t²/α_s²) λ_tᵀ∂ε̂(x_t), e^h = α_s σ_t/(α_t σ_s)
        loss.gradient(x, lambda);
        Q t_bar = 0;
        noise.vjp(t, x, lambda, x_bar, theta_bar, t_bar);
        const Q ratio_of_alpha = at_t.alpha / at_s.alpha, power = at_s.alpha * at_t.sigma() / (at_t.alpha * at_s.sigma());
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(found.x_bar[i] == ratio_of_alpha * lambda[i] + at_s.sigma() * (power - 1) * ratio_of_alpha * ratio_of_alpha * x_bar[i]);
            CHECK(found.theta_bar[i] == at_s.sigma() * (power - 1) * ratio_of_alpha * theta_bar[i]);
            CHECK_FALSE(found.x_bar[i] == ratio_of_alpha * lambda[i] + at_s.sigma() * (power - 1) * ratio_of_alpha * x_bar[i]);  // the factor of DDIM
        }
    }
}

TEST_CASE("it is Euler's method backwards from stored states in x/alpha over sigma/alpha, == in the rationals") {
    for (const char* name : {"cond-ot", "linear-vp"})
        for (const Parametrisation given : {velocity, epsilon, x1}) {
            INFO(name << ", " << name_of(given));
            const AnyPath path = find_path(name);
            const Q s = ratio(3, 5), t = ratio(4, 5);
            RecordingPolynomial<Q> model(parameters<Q>());
            NoiseOf<RecordingPolynomial<Q>&, Q> noise(model, given, path);
            RegularField<RecordingPolynomial<Q>&, Q> regular(model, given, path);
            const auto found = deis(noise, path, loss, s, t, 1, batch_of_two<Q>());
            CHECK((model.evaluations == found.cost.evaluations && model.vjps == found.cost.vjps));
            const auto by = [&](const auto& method) {
                return regular_gradient(method, regular, loss, ode::find_tableau("euler"), s, t, 1, batch_of_two<Q>());
            };
            const auto otd = by(ode::otd::StoredStates{}), dto = by(ode::dto::StoreAll{});
            CHECK(found.x1 == otd.x1);
            CHECK(found.x_bar == otd.x_bar);
            CHECK(found.theta_bar == otd.theta_bar);
            CHECK_FALSE(found.x_bar == dto.x_bar);
            CHECK_FALSE(found.theta_bar == dto.theta_bar);
        }
}

TEST_CASE("many steps are single ones, and the noise of a mixture may be read from its velocity") {
    const AnyPath path = find_path("cond-ot");
    auto model = mixture_in<Q>(one_gaussian(), path);
    NoiseOf<GaussianMixture<Q>&, Q> noise(model, velocity, path);
    const std::vector<Q> x0{ratio(1, 7), ratio(1), ratio(-2, 3)}, y{ratio(1), ratio(-1, 4), ratio(2, 3)};
    const ode::SquaredDistance<Q> distance(y);
    const auto whole = deis(noise, path, distance, ratio(1, 4), Q(1), 3, x0);  // to σ = 0
    std::vector<std::vector<Q>> x{x0};
    for (int n = 1; n < 4; ++n) x.push_back(deis(noise, path, distance, ratio(n, 4), ratio(n + 1, 4), 1, x.back()).x1);
    CHECK(whole.x1 == x.back());
    std::vector<Q> lambda(3);
    distance.gradient(x.back(), lambda);
    for (int n = 3; n > 0; --n) {
        std::vector<Q> moved = x[static_cast<std::size_t>(n)];  // ½‖x - y‖² with the gradient λ at the step's end
        for (std::size_t i = 0; i < 3; ++i) moved[i] -= lambda[i];
        lambda = deis(noise, path, ode::SquaredDistance<Q>(moved), ratio(n, 4), ratio(n + 1, 4), 1, x[static_cast<std::size_t>(n - 1)]).x_bar;
    }
    CHECK(whole.x_bar == lambda);
    CHECK_THROWS_WITH(deis(noise, path, distance, Q(0), Q(1), 3, x0), Contains("alpha, which is 0") && Contains("--t0"));
    CHECK_THROWS_WITH(deis(noise, path, distance, ratio(1, 4), Q(1), 0, x0), Contains("0 steps"));
}

TEST_CASE("order 1 against the flow's gradient on a mixture of three Gaussians") {
    for (const char* name : {"cond-ot", "cosine", "vp"}) {
        INFO(name);
        const AnyPath path = find_path(name);
        auto model = mixture_in<double>(gmm2(), path);
        NoiseOf<GaussianMixture<double>&, double> noise(model, velocity, path);
        const std::vector<double> x0{0.5, 0.5};
        const ode::SquaredDistance<double> distance({1.0, -0.25});
        // the flow's gradient by a method of order 5 that has nothing in common with it, to eight digits
        const auto reference = [&](std::size_t steps, double end) {
            return ode::dto::StoreAll{}(model, distance, ode::find_tableau("dormand-prince"), 0.25, end, steps, x0, {false, false}).x_bar;
        };
        const auto truth = reference(400, 0.9);
        CHECK(relative(reference(200, 0.9), truth) <= 1e-8);
        const auto error = [&](std::size_t steps) {
            const auto g = deis(noise, path, distance, 0.25, 0.9, steps, x0).x_bar;
            return std::hypot(g[0] - truth[0], g[1] - truth[1]);
        };
        const double fine = error(2048);
        CHECK(fine > 1e-6);
        CHECK(std::log2(error(1024) / fine) == Approx(1).margin(0.1));
        // the gradient of another problem is not what it tends to
        const auto other = reference(400, 0.85);
        CHECK(std::hypot(other[0] - truth[0], other[1] - truth[1]) > 10 * fine);
    }
}

TEST_CASE("a warm call allocates nothing, and memory is a state a step") {
    const AnyPath path = find_path("cond-ot");
    Polynomial<double> noise{parameters<double>()};
    const ode::SquaredDistance<double> distance(target<double>());
    const std::vector<double> x0 = batch_of_two<double>();
    AdjointDeis1::Workspace<Polynomial<double>, double> ws;
    ode::GradientResult<double> result;
    std::size_t calls = 0;
    const auto call = [&](std::size_t steps) { deis(noise, path, distance, 0.25, 0.75, steps, x0, {}, ws, result, [&] { ++calls; }); };
    call(100);
    const std::size_t bytes = result.cost.peak_bytes, before = allocations;
    call(100);
    CHECK(allocations == before);
    CHECK(calls == 400);
    call(200);
    CHECK(result.cost.peak_bytes >= bytes + 100 * 4 * sizeof(double));
}
