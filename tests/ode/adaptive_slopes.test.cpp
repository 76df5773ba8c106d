// For every pair and every problem there are six decades over which the error is proportional to the tolerance; where they lie is the pair's doing.
#include "ode/adaptive/solve.hpp"
#include "scalar/multiprecision.hpp"
#include "tests/ode/tolerance_problems.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <map>

using namespace costate;
using namespace costate::ode;

namespace {

using Real = long double;
constexpr int times = 10;

Real time_of(const tests::Reference& problem, int j) { return j * problem.t1 / times; }  // a double, as in tools/scipy_errors.py

/// The states at the ten times by extrapolation of order 20 in 50 digits, which shares neither pair nor controller's order with what is measured.
const std::vector<std::vector<Real>>& truth(const tests::Reference& problem) {
    static std::map<std::string, std::vector<std::vector<Real>>> known;
    std::vector<std::vector<Real>>& states = known[problem.name];
    if (!states.empty()) return states;
    static const PairCoefficients<Mpfr50> extrapolation{std::string_view("gragg:10")};
    auto p = tests::problem_named<Mpfr50>(problem.name);
    AdaptiveOptions<Mpfr50> options;
    options.tolerance.rtol = options.tolerance.atol = Mpfr50("1e-30");
    AdaptiveWorkspace<Mpfr50> ws;
    AdaptiveResult<Mpfr50> result;
    for (int j = 1; j <= times; ++j) {
        solve_adaptive<Mpfr50>(extrapolation, p.field, Mpfr50(time_of(problem, j - 1)), Mpfr50(time_of(problem, j)), p.x0, options, ws, result);
        REQUIRE(result.status.ok());
        p.x0 = result.x1;
        std::vector<Real>& x = states.emplace_back();
        for (const Mpfr50& value : p.x0) x.push_back(value.convert_to<Real>());
    }
    return states;
}

/// Error over tolerance: root mean square over the ten times and the components of (x_i − exact_i)/(1 + |exact_i|).
Real error(const tests::Reference& problem, const PairCoefficients<Real>& pair, Real tolerance) {
    auto p = tests::problem_named<Real>(problem.name);
    AdaptiveOptions<Real> options;
    options.tolerance.rtol = options.tolerance.atol = tolerance;
    options.max_steps = 10'000'000;
    for (int j = 1; j <= times; ++j) options.save_at.push_back(time_of(problem, j));
    AdaptiveWorkspace<Real> ws;
    AdaptiveResult<Real> result;
    solve_adaptive<Real>(pair, p.field, 0, Real(problem.t1), p.x0, options, ws, result);
    REQUIRE(result.status.ok());
    Real sum = 0;
    std::size_t i = 0;
    for (const std::vector<Real>& x : truth(problem))
        for (const Real exact : x) sum += std::pow((result.saved[i++] - exact) / (1 + std::abs(exact)), Real(2));
    return std::sqrt(sum / static_cast<Real>(i)) / tolerance;
}

/// Least squares slope of log(error) on log(tolerance) at 25 tolerances from 10^−from to 10^−(from + 6).
double slope(const tests::Reference& problem, const PairCoefficients<Real>& pair, int from) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int j = 0; j < 25; ++j) {
        const double x = -from - j / 4.0, y = x + static_cast<double>(std::log10(error(problem, pair, std::pow(Real(10), Real(x)))));
        sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    return (25 * sxy - sx * sy) / (25 * sxx - sx * sx);
}

/// −log₁₀ of the tolerance at which the first six decades with a slope of 1 ± 0.15 begin, in the order of the problems: lotka-volterra, van-der-pol 1 and 10, arenstorf,
/// brusselator, kepler, lorenz, pleiades.
struct Decades {
    const char* pair;
    std::array<int, 8> from;
};
const Decades all[] = {
    {"bogacki-shampine", {4, 4, 8, 4, 4, 4, 4, 4}}, {"fehlberg", {4, 4, 4, 4, 4, 4, 4, 4}},  {"cash-karp", {4, 4, 4, 4, 4, 4, 4, 4}},
    {"dormand-prince", {4, 4, 4, 4, 4, 4, 4, 4}},   {"tsitouras", {4, 4, 4, 7, 4, 4, 7, 5}}, {"verner-65", {5, 4, 4, 4, 6, 4, 5, 5}},
    {"verner-87", {4, 6, 8, 4, 4, 4, 6, 4}},        {"dop853", {4, 4, 8, 4, 4, 5, 4, 4}},
};

}  // namespace

TEST_CASE("the truth of the slopes is that of another program's extrapolation in long double") {
    for (const tests::Reference& problem : tests::references()) {
        INFO(problem.name);
        // Two orbits multiply what goes in: there a double for 1 − μ and the 3e-18 that it leaves in a step are seen.
        const double margin = problem.name == "arenstorf" ? 2e-11 : problem.name == "pleiades" ? 1e-12 : 2e-14;
        std::size_t i = 0;
        for (const std::vector<Real>& x : truth(problem))
            for (const Real value : x) CHECK(static_cast<double>(value) == Approx(problem.states[i++]).epsilon(0).margin(margin));
    }
}

TEST_CASE("every pair's error is proportional to the tolerance over six decades, on every problem") {
    for (const auto& [name, from] : all) {
        const PairCoefficients<Real> pair{std::string_view(name)};
        for (std::size_t j = 0; j < from.size(); ++j) {
            const tests::Reference& problem = tests::references()[j];
            INFO(name << ", " << problem.name << ", from 1e-" << from[j]);
            CHECK(slope(problem, pair, from[j]) == Approx(1).margin(0.15));
        }
    }
}

TEST_CASE("control: an estimate of another order than the controller takes it for has another slope over the same decades") {
    EmbeddedPair fifth = embedded_pair("dop853");  // an estimate of order 6 for steps of order 9
    fifth.second.clear();
    fifth.error_order = 6;
    CHECK(slope(tests::references()[0], PairCoefficients<Real>(fifth), 4) > 1.15);
}

// What moves the decades: see docs/choosing.md.
TEST_CASE("bogacki-shampine on van der Pol 10: error over tolerance rises for many decades, and ever more slowly") {
    const PairCoefficients<Real> third{std::string_view("bogacki-shampine")};
    const tests::Reference& stiff = tests::references()[2];
    REQUIRE(stiff.name == "van-der-pol 10");
    CHECK(slope(stiff, third, 4) < 0.85);  // and of SciPy's controller: see adaptive_accuracy.test.cpp
    const Real early = error(stiff, third, 1e-5L), middle = error(stiff, third, 1e-9L), late = error(stiff, third, 1e-13L), last = error(stiff, third, 1e-14L);
    CHECK(middle / early > 5);
    CHECK(late / middle < middle / early);
    CHECK(last / late < 1.3L);  // near its limit, a slope of 0.9 here
}
