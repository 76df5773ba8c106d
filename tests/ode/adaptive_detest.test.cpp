// DETEST's 25 non-stiff problems at 1e-3, 1e-6, 1e-9: the state at t = 20, and the gradient of a loss on it, against the truth.
// Truth: extrapolation in long double to 9 digits, state and gradient both ways, by the adjoint equation (ode/truth.hpp) and by the variational
// equations; neither shares a tableau, an error estimate or a reverse sweep with what is tested.
#include "ode/adaptive/solve.hpp"
#include "ode/extrapolation.hpp"
#include "ode/gradient/adaptive_dto.hpp"
#include "ode/tangent_field.hpp"
#include "ode/truth.hpp"
#include "tests/ode/detest.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

AdaptiveResult<double> solved(const PairCoefficients<double>& pair, std::size_t problem, double t0, double t1, const std::vector<double>& x0,
                              double tolerance, const Controller& controller = {}) {
    Detest<double> f(problem);
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tolerance;
    options.controller = controller;
    AdaptiveWorkspace<double> ws;
    AdaptiveResult<double> result;
    solve_adaptive<double>(pair, f, t0, t1, x0, options, ws, result);
    CHECK(result.status.ok());
    return result;
}

/// max |a_i − b_i| / (1 + |b_i|).
template <class T>
double distance(const std::vector<double>& a, const std::vector<T>& b) {
    T most = 0;
    for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(T(a[i]) - b[i]) / (1 + std::abs(b[i])));
    return static_cast<double>(most);
}

/// What an error made on the way is multiplied by until t = 20, at most: ‖∂x(20)/∂x(t)‖ on the scale of the tolerances, over some t.
double amplification(const PairCoefficients<double>& pair, std::size_t problem) {
    double most = 0;
    std::vector<double> x = detest_start(problem);
    for (const double t : {0.0, 4.0, 8.0, 12.0, 16.0}) {
        if (t > 0) x = solved(pair, problem, t - 4, t, x, 1e-11).x1;
        const std::vector<double> end = solved(pair, problem, t, 20, x, 1e-11).x1;
        double sum = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            std::vector<double> moved = x;
            moved[i] += 1e-6 * (1 + std::abs(x[i]));
            sum += distance(solved(pair, problem, t, 20, moved, 1e-11).x1, end) / 1e-6;
        }
        most = std::max(most, sum);
    }
    return std::max(most, 1.0);
}

/// Of L = ½ Σ (x_i + 1)².
Truth<long double> truth_of(std::size_t problem) {
    Detest<long double> f(problem);
    const std::vector<double> start = detest_start(problem);
    TruthOptions options;
    options.digits = 9;
    options.spare = 6;
    options.want_theta = false;
    options.route = TruthRoute::extrapolation;  // which does not mind that C2 to C4 decay fast
    const std::vector<long double> x0(start.begin(), start.end());
    return truth<long double>(f, SquaredDistance<long double>(std::vector<long double>(x0.size(), -1)), 0, 20, x0, options);
}

/// ∇L = Sᵀ(x + 1) at t = 20, S' = ∂f/∂x S, S(0) = 1.
std::vector<long double> by_variational_equations(std::size_t problem) {
    Detest<long double> f(problem);
    const std::vector<double> start = detest_start(problem);
    const std::size_t n = start.size();
    TangentField<Detest<long double>, long double> both(f, n, Directions<long double>::every(n, 0));
    std::vector<long double> state, x_bar(n, 0);
    both.start(std::vector<long double>(start.begin(), start.end()), state);
    ExtrapolationOptions options;
    options.digits = 15;
    options.groups = {n, n * n};
    const ExtrapolationStatus status = extrapolate<long double>(both, 0, 20, std::span<long double>(state), options);
    CHECK(status.failure.empty());
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t i = 0; i < n; ++i) x_bar[k] += state[(1 + k) * n + i] * (state[i] + 1);
    return x_bar;
}

/// What is known of a problem before it is solved.
struct Known {
    Truth<long double> truth;
    double condition;
};
const Known& known(std::size_t problem) {
    static const std::vector<Known> all = [] {
        const PairCoefficients<double> fine("dop853");
        std::vector<Known> found;
        for (std::size_t p = 0; p < detest_names.size(); ++p) found.push_back({truth_of(p), amplification(fine, p)});
        return found;
    }();
    return all[problem];
}

struct Gradient {
    std::size_t steps = 0;
    std::vector<double> x_bar;
};
Gradient gradient_of(const Tableau& tableau, std::size_t problem, double tolerance) {
    using F = Detest<double>;
    F f(problem);
    const std::vector<double> x0 = detest_start(problem), end{20};
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tolerance;
    dto::AdaptiveDtoWorkspace<F, double> ws(tableau);
    GradientResult<double> result;
    CHECK(dto::Adaptive{}(f, SquaredDistance<double>(std::vector<double>(x0.size(), -1)), 0.0, View<double>(end), x0, options, {false, false}, ws, result).ok());
    return {ws.forward.grid.steps(), result.x_bar};
}

Tableau blind_pair() {  // control: an estimate 10⁵ times too small
    Tableau blind = find_tableau("dormand-prince");
    for (std::size_t i = 0; i < 7; ++i) blind.b_hat[i] = blind.b[i] + (blind.b_hat[i] - blind.b[i]) / 100000;
    return blind;
}

}  // namespace

// A local error is at most √d tolerances in a component; N of them arrive, each amplified.
TEST_CASE("DETEST: the state at t = 20 is as near to the truth as the tolerance and the problem's condition allow") {
    const PairCoefficients<double> fine("dop853"), dp("dormand-prince"), tsitouras("tsitouras");
    const PairCoefficients<double> blind(blind_pair());
    int seen = 0;
    for (std::size_t problem = 0; problem < detest_names.size(); ++problem) {
        const std::vector<double> x0 = detest_start(problem);
        const std::vector<long double>& exact = known(problem).truth.x1;
        const double factor = known(problem).condition * std::sqrt(static_cast<double>(x0.size()));
        const auto allowed = [&](const AdaptiveResult<double>& r, double tolerance) {
            return distance(r.x1, exact) <= factor * static_cast<double>(r.counts.accepted) * tolerance;
        };
        for (const double tolerance : {1e-3, 1e-6, 1e-9})
            for (const PairCoefficients<double>* pair : {&dp, &tsitouras, &fine}) {
                const auto result = solved(*pair, problem, 0, 20, x0, tolerance);
                CAPTURE(detest_names[problem], tolerance, pair->order, factor, result.counts.accepted, distance(result.x1, exact) / tolerance);
                CHECK(allowed(result, tolerance));
            }
        seen += !allowed(solved(blind, problem, 0, 20, x0, 1e-9), 1e-9);
    }
    CHECK(seen >= 20);
}

// λ₀ = Sᵀ∇ℓ, so an error of x(20) comes back through S once more: the condition enters twice, and the local errors of λ are as many again.
TEST_CASE("DETEST: the gradient is as near to the truth as the tolerance and the problem's condition allow") {
    const Tableau blind = blind_pair();
    int seen = 0;
    for (std::size_t problem = 0; problem < detest_names.size(); ++problem) {
        const std::vector<long double>&exact = known(problem).truth.x_bar, other = by_variational_equations(problem);
        const double condition = known(problem).condition;
        const auto allowed = [&](const Gradient& g, double tolerance) {
            return distance(g.x_bar, exact) <= 2 * condition * condition * std::sqrt(static_cast<double>(exact.size())) * static_cast<double>(g.steps) * tolerance;
        };
        CAPTURE(detest_names[problem], condition);
        CHECK(distance(std::vector<double>(other.begin(), other.end()), exact) < 1e-9);
        for (const double tolerance : {1e-3, 1e-6, 1e-9})
            for (const char* name : {"dormand-prince", "tsitouras", "dop853"}) {
                const Gradient g = gradient_of(find_tableau(name), problem, tolerance);
                CAPTURE(name, tolerance, g.steps, distance(g.x_bar, exact) / tolerance);
                CHECK(allowed(g, tolerance));
            }
        seen += !allowed(gradient_of(blind, problem, 1e-9), 1e-9);
    }
    CHECK(seen >= 15);
}

namespace {

/// Of a solve at each tolerance, by controller: evaluations, and the error over the tolerance, as sums of logarithms over problems and tolerances.
struct Quality {
    double evaluations = 0, error = 0;
};
Quality quality(const Controller& controller, const PairCoefficients<double>& pair) {
    Quality sum;
    int count = 0;
    for (std::size_t problem = 0; problem < detest_names.size(); ++problem)
        for (double tolerance = 1e-3; tolerance > 0.9e-9; tolerance /= 10) {
            const auto result = solved(pair, problem, 0, 20, detest_start(problem), tolerance, controller);
            sum.evaluations += std::log(static_cast<double>(result.counts.evaluations));
            sum.error += std::log(std::max(distance(result.x1, known(problem).truth.x1) / tolerance, 1e-3));
            ++count;
        }
    return {std::exp(sum.evaluations / count), std::exp(sum.error / count)};
}

}  // namespace

// The default was chosen on the eight problems of adaptive_accuracy.test.cpp; these 25 had no part in it. What a controller costs at one accuracy: with
// an error proportional to the tolerance and steps to its k-th root, evaluations · error^(1/k).
TEST_CASE("DETEST: the default controller is no worse than PI and integral control, by evaluations at one accuracy") {
    for (const char* name : {"bogacki-shampine", "dormand-prince", "tsitouras", "verner-65", "dop853"}) {
        const PairCoefficients<double> pair{std::string_view(name)};
        const auto price = [&](const Controller& controller) {
            const Quality q = quality(controller, pair);
            UNSCOPED_INFO(name << ", " << controller.name << ": " << q.evaluations << " evaluations, error over tolerance " << q.error);
            return q.evaluations * std::pow(q.error, 1 / static_cast<double>(pair.error_order));
        };
        const double ours = price({});
        CHECK(ours < 1.02 * price(Controller::pi()));
        CHECK(ours < 1.02 * price(Controller::integral()));
        Controller hunting = Controller::integral();  // control: it answers every error nearly twice over
        hunting.beta[0] = 1.9;
        CHECK(price(hunting) > 1.02 * ours);
    }
}
