// Greedy guidance and the gradients of the flow: one Euler step in time is the denoiser's gradient, k steps from t₀ are D-Flow's.
#include "tests/guidance/guide/guided.hpp"
#include "tests/guidance/mixtures.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace costate;
using namespace costate::testing;

namespace {

constexpr std::uint64_t seed = 3;
using Span = std::span<const double>;

GaussianMixture<double> mixture(const char* path) { return mixture_in<double>(gmm2(), find_path(path)); }

Objective<double> objective() { return objective_of(dense_measurement(1, 2, {0.6, -0.8}, {0.7})); }

/// x - η g, g as the gradient method finds it on that many steps from t to 1.
Vector descended(FlowModel<double>& model, Objective<double>& loss, const char* tableau, std::size_t steps, double t, const Vector& x, double rate) {
    const EndLoss<double> end(model, loss);
    ode::GradientResult<double> result;
    flow_gradient<double>("dto", ode::find_tableau(tableau))(model, end, t, model.t1(), steps, Span(x), result);
    Vector moved = x;
    for (std::size_t i = 0; i < x.size(); ++i) moved[i] -= rate * result.x_bar[i];
    return moved;
}

/// Greedy guidance by hand, its gradient as above.
Vector by_hand(FlowModel<double>& model, Objective<double>& loss, const char* tableau, std::size_t horizon, std::size_t steps, double rate) {
    Vector x = normals(seed, Draw::start, 0, 2), u(2);
    const double h = 1.0 / static_cast<double>(steps);
    for (std::size_t n = 0; n < steps; ++n) {
        const double t = static_cast<double>(n) * h;
        x = descended(model, loss, tableau, horizon, t, x, rate);
        model(t, Span(x), std::span<double>(u));
        for (std::size_t i = 0; i < 2; ++i) x[i] += h * u[i];
    }
    return x;
}

}  // namespace

TEST_CASE("on cond-ot greedy is discretize-then-optimize with one Euler step in time, on linear-vp it is not") {
    Objective<double> loss = objective();
    for (const bool straight : {true, false}) {
        FlowModel<double> model(mixture(straight ? "cond-ot" : "linear-vp"));
        const Vector greedy = guided("greedy:steps=6:rate=0.4", model, loss, seed).x;
        const double gap = largest_gap(greedy, by_hand(model, loss, "euler", 1, 6, 0.4));
        if (straight) CHECK(gap < 1e-14);
        else CHECK(gap > 1e-3);
        CHECK(largest_gap(greedy, by_hand(model, loss, "euler", 2, 6, 0.4)) > 1e-3);
        // the gradient itself, by the Jacobian of the exact model
        const Vector x{0.3, -0.2};
        const double t = 0.6;
        Vector x1hat(2), slope(2), expected = x;
        model.denoise(t, Span(x), std::span<double>(x1hat));
        loss.gradient(Span(x1hat), std::span<double>(slope));
        Vector pulled(2);
        auto exact = mixture(straight ? "cond-ot" : "linear-vp");
        exact.denoiser_jacobian(t, Span(x)).multiply_transposed_add(Span(slope), pulled);
        for (std::size_t i = 0; i < 2; ++i) expected[i] -= 0.4 * pulled[i];
        const double apart = largest_gap(descended(model, loss, "euler", 1, t, x, 0.4), expected);
        if (straight) CHECK(apart < 1e-14);
        else CHECK(apart > 1e-3);
    }
}

TEST_CASE("the horizon leads from greedy to end-to-end: k steps from the start have the gradient of the flow through them") {
    FlowModel<double> model(mixture("cond-ot"));
    auto exact = mixture("cond-ot");
    Objective<double> loss = objective();
    const Vector x0 = normals(seed, Draw::start, 0, 2);
    for (const std::size_t k : {2, 5}) {
        // ∇L through k Euler steps, by the product of the steps' Jacobians
        const double h = 1.0 / static_cast<double>(k);
        std::vector<Vector> states{x0};
        for (std::size_t n = 0; n < k; ++n) {
            Vector x = states.back(), u(2);
            model(static_cast<double>(n) * h, Span(x), std::span<double>(u));
            for (std::size_t i = 0; i < 2; ++i) x[i] += h * u[i];
            states.push_back(x);
        }
        Vector lambda(2);
        loss.gradient(Span(states.back()), std::span<double>(lambda));
        for (std::size_t n = k; n-- > 0;) {
            Vector back = lambda, step(2);
            exact.velocity_jacobian(static_cast<double>(n) * h, Span(states[n])).multiply_transposed_add(Span(lambda), step);
            for (std::size_t i = 0; i < 2; ++i) back[i] += h * step[i];
            lambda = back;
        }
        // one step of greedy from t₀ = 0: x̂₁(0, x₀ - η g), since Euler's step on cond-ot ends there
        const auto end_of = [&](double rate) {
            Vector moved = x0, end(2);
            for (std::size_t i = 0; i < 2; ++i) moved[i] -= rate * lambda[i];
            Vector u(2);
            model(0.0, Span(moved), std::span<double>(u));
            for (std::size_t i = 0; i < 2; ++i) end[i] = moved[i] + u[i];
            return end;
        };
        const std::string method = "greedy:steps=1:ahead=euler:horizon=" + std::to_string(k) + ":rate=0.5";
        GuidanceOptions options;
        options.keep_trajectory = true;
        const auto result = guided(method, model, loss, seed, options);
        CHECK(result.trajectory.front() == x0);
        // x̂₁(0, ·) is the same for all x: seen where the second of two steps begins
        options.steps = 2;
        const Vector middle = guided(method, model, loss, seed, options).trajectory[1];
        const auto halfway = [&](double rate) {
            Vector moved = x0, u(2);
            for (std::size_t i = 0; i < 2; ++i) moved[i] -= rate * lambda[i];
            model(0.0, Span(moved), std::span<double>(u));
            for (std::size_t i = 0; i < 2; ++i) moved[i] += 0.5 * u[i];
            return moved;
        };
        CHECK(largest_gap(middle, halfway(0.5)) < 1e-14);
        CHECK(largest_gap(middle, halfway(0.51)) > 1e-5);
        CHECK(largest_gap(result.x, end_of(0.5)) < 1e-14);
        CHECK(largest_gap(middle, guided("greedy:rate=0.5", model, loss, seed, options).trajectory[1]) > 1e-4);
    }
}

TEST_CASE("greedy with a solver ahead is the loop with that solver's gradient, whichever gradient method finds it") {
    FlowModel<double> model(mixture("cond-ot"));
    Objective<double> loss = objective();
    for (const char* tableau : {"euler", "midpoint", "rk4"}) {
        INFO(tableau);
        const std::string method = "greedy:steps=5:rate=0.4:horizon=2:ahead=" + std::string(tableau);
        const Vector expected = by_hand(model, loss, tableau, 2, 5, 0.4);
        CHECK(largest_gap(guided(method, model, loss, seed).x, expected) < 1e-14);
        GuidanceOptions options;
        options.gradient = "binomial:1";
        CHECK(largest_gap(guided(method, model, loss, seed, options).x, expected) < 1e-14);
        options.gradient = "backsolve";  // not the gradient of the steps
        CHECK(largest_gap(guided(method, model, loss, seed, options).x, expected) > 1e-5);
    }
}
