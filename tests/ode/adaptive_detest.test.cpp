// DETEST's 25 non-stiff problems at 1e-3, 1e-6, 1e-9: the state at t = 20 against the truth.
#include "ode/adaptive/solve.hpp"
#include "ode/truth.hpp"
#include "tests/ode/detest.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;

namespace {

AdaptiveResult<double> solved(const PairCoefficients<double>& pair, std::size_t problem, double t0, double t1, const std::vector<double>& x0,
                              double tolerance) {
    Detest<double> f(problem);
    AdaptiveOptions<double> options;
    options.tolerance.rtol = options.tolerance.atol = tolerance;
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

std::vector<long double> truth_of(std::size_t problem) {
    Detest<long double> f(problem);
    const std::vector<double> start = detest_start(problem);
    TruthOptions options;
    options.digits = 9;
    options.spare = 6;
    options.want_theta = false;
    options.route = TruthRoute::extrapolation;  // which does not mind that C2 to C4 decay fast
    const std::vector<long double> x0(start.begin(), start.end());
    return truth<long double>(f, SquaredDistance<long double>(std::vector<long double>(x0.size(), -1)), 0, 20, x0, options).x1;
}

}  // namespace

// A local error is at most √d tolerances in a component; N of them arrive, each amplified.
TEST_CASE("DETEST: the state at t = 20 is as near to the truth as the tolerance and the problem's condition allow") {
    const PairCoefficients<double> fine("dop853"), dp("dormand-prince"), tsitouras("tsitouras");
    Tableau blind_tableau = find_tableau("dormand-prince");  // control: an estimate 10⁵ times too small
    for (std::size_t i = 0; i < 7; ++i) blind_tableau.b_hat[i] = blind_tableau.b[i] + (blind_tableau.b_hat[i] - blind_tableau.b[i]) / 100000;
    const PairCoefficients<double> blind(blind_tableau);
    int seen = 0;
    for (std::size_t problem = 0; problem < detest_names.size(); ++problem) {
        const std::vector<double> x0 = detest_start(problem);
        const std::vector<long double> exact = truth_of(problem);
        const double factor = amplification(fine, problem) * std::sqrt(static_cast<double>(x0.size()));
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
