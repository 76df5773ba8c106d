// Errors against tolerances: proportional to them, and of the size that SciPy's controllers leave on the same problems.
#include "ode/adaptive/solve.hpp"
#include "tests/ode/tolerance_problems.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using namespace costate;
using namespace costate::ode;
using tests::Reference, tests::references;

namespace {

/// Error over tolerance, as in the table.
double error(const Reference& reference, const PairCoefficients<double>& pair, AdaptiveOptions<double> options, double tolerance) {
    tests::Problem<double> p = tests::problem_named<double>(reference.name);
    options.tolerance.rtol = options.tolerance.atol = tolerance;
    for (int j = 1; j <= 10; ++j) options.save_at.push_back(j * reference.t1 / 10);
    AdaptiveWorkspace<double> ws;
    AdaptiveResult<double> result;
    solve_adaptive<double>(pair, p.field, 0, reference.t1, p.x0, options, ws, result);
    if (!result.status.ok()) return HUGE_VAL;
    double sum = 0;
    for (std::size_t i = 0; i < result.saved.size(); ++i)
        sum += std::pow((result.saved[i] - reference.states[i]) / (1 + std::abs(reference.states[i])), 2);
    return std::sqrt(sum / static_cast<double>(result.saved.size())) / tolerance;
}

constexpr int rungs = 25;
double tolerance_at(int j) { return std::pow(10.0, -4 - j / 4.0); }

/// `lower`: all tolerances so many times smaller.
std::vector<double> errors(const Reference& reference, const PairCoefficients<double>& pair, const AdaptiveOptions<double>& options = {}, double lower = 1) {
    std::vector<double> found;
    for (int j = 0; j < rungs; ++j) found.push_back(error(reference, pair, options, tolerance_at(j) / lower));
    return found;
}

/// Least squares slope of log(error) on log(tolerance), wherever the six decades begin.
double slope(const std::vector<double>& over_tolerance) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int j = 0; j < rungs; ++j) {
        const double x = std::log10(tolerance_at(j)), y = x + std::log10(over_tolerance[static_cast<std::size_t>(j)]);
        sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    return (rungs * sxy - sx * sy) / (rungs * sxx - sx * sx);
}

/// The geometric mean of a/b.
double mean_ratio(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += std::log(a[j] / b[j]);
    return std::exp(sum / static_cast<double>(a.size()));
}

/// The largest, over decades, of the median of a/b in the decade: a single error may pass through 0.
double worst_decade(const std::vector<double>& a, const std::vector<double>& b) {
    double worst = 0;
    for (std::size_t j = 0; j + 4 < a.size(); j += 4) {
        std::vector<double> ratios;
        for (std::size_t i = j; i < j + 5; ++i) ratios.push_back(a[i] / b[i]);
        std::nth_element(ratios.begin(), ratios.begin() + 2, ratios.end());
        worst = std::max(worst, ratios[2]);
    }
    return worst;
}

}  // namespace

TEST_CASE("the references are those of the goldens") {
    const Reference& lotka = references()[0];
    REQUIRE(lotka.states.size() == 20);  // by a 40-digit Taylor solution, at T = 1 and T = 10
    CHECK(lotka.states[0] == Approx(2.77285090184111211912558).epsilon(1e-15));
    CHECK(lotka.states[1] == Approx(0.25871087814256395390038).epsilon(1e-15));
    CHECK(lotka.states[18] == Approx(1.026344767575089319139).epsilon(1e-15));
    CHECK(lotka.states[19] == Approx(0.9096910781360416175482).epsilon(1e-15));
    REQUIRE(references().size() == 8);
    for (const Reference& reference : references()) REQUIRE(reference.rk45.size() + reference.dop853.size() == 2 * rungs);
}

TEST_CASE("over six decades the error is proportional to the tolerance") {
    for (const char* name : {"bogacki-shampine", "dormand-prince"}) {
        const PairCoefficients<double> pair{std::string_view(name)};
        for (const Reference& reference : references()) {
            if (reference.name == "van-der-pol 10" && pair.order == 3) continue;  // see the next test
            INFO(name << ", " << reference.name);
            CHECK(slope(errors(reference, pair)) == Approx(1).margin(0.15));
        }
    }
    EmbeddedPair fifth = embedded_pair("dop853");  // control: an estimate of order 6 for steps of order 9
    fifth.second.clear();
    fifth.error_order = 6;
    CHECK(slope(errors(references()[0], PairCoefficients<double>(fifth))) > 1.15);
    CHECK(slope(errors(references()[5], PairCoefficients<double>(fifth))) > 1.15);
}

TEST_CASE("where the slope is another the pair is to blame: SciPy's controller has the same, or the decades are those in which h^8 does not rule yet") {
    AdaptiveOptions<double> integral;  // which is SciPy's tolerance by tolerance, see the next test
    integral.controller = Controller::integral();
    const Reference &stiffer = references()[2], &kepler = references()[5];
    REQUIRE((stiffer.name == "van-der-pol 10" && kepler.name == "kepler"));
    const PairCoefficients<double> third{std::string_view("bogacki-shampine")}, eighth{std::string_view("dop853")};
    // 0.82 and 1.32 by both
    for (const auto* pair : {&third, &eighth}) {
        const double ours = slope(errors(stiffer, *pair)), theirs = slope(errors(stiffer, *pair, integral));
        CHECK(std::abs(theirs - 1) > 0.15);
        CHECK(ours == Approx(theirs).margin(0.05));
    }
    CHECK(slope(errors(kepler, eighth)) < 0.85);  // SciPy's 0.94
    CHECK(slope(errors(kepler, eighth, {}, 100)) == Approx(1).margin(0.15));
}

TEST_CASE("with the integral controller the errors are SciPy's, tolerance by tolerance") {
    AdaptiveOptions<double> options;
    options.controller = Controller::integral();
    const auto furthest = [](const std::vector<double>& a, const std::vector<double>& b) {
        double most = 0;
        for (std::size_t j = 0; j < a.size(); ++j) most = std::max(most, std::abs(std::log(a[j] / b[j])));
        return most;
    };
    for (const Reference& reference : references()) {
        INFO(reference.name);
        CHECK(furthest(errors(reference, PairCoefficients<double>("dormand-prince"), options), reference.rk45) < 0.05);
        CHECK(furthest(errors(reference, PairCoefficients<double>("dop853"), options), reference.dop853) < 0.05);
    }
    options.controller.safety = 0.91;  // control
    CHECK(furthest(errors(references()[0], PairCoefficients<double>("dormand-prince"), options), references()[0].rk45) > 0.05);
}

TEST_CASE("error over tolerance is at most three times SciPy's: in every decade by the median, over all six by the mean") {
    for (const char* name : {"dormand-prince", "dop853"}) {
        const PairCoefficients<double> pair{std::string_view(name)};
        for (const Reference& reference : references()) {
            INFO(name << ", " << reference.name);
            const auto found = errors(reference, pair);
            const auto& theirs = pair.order == 5 ? reference.rk45 : reference.dop853;
            CHECK(mean_ratio(found, theirs) < 3);
            CHECK(worst_decade(found, theirs) < 3);
        }
    }
    Tableau blind = find_tableau("dormand-prince");  // control: an estimate ten times too small
    for (std::size_t i = 0; i < blind.stages(); ++i) blind.b_hat[i] = blind.b[i] + (blind.b_hat[i] - blind.b[i]) / 10;
    CHECK(mean_ratio(errors(references()[0], PairCoefficients<double>(blind)), references()[0].rk45) > 3);
}

namespace {

/// At nine tolerances about each of the 25, a quarter of a decade together.
std::vector<double> neighbours(const Reference& reference, const PairCoefficients<double>& pair, const AdaptiveOptions<double>& options) {
    std::vector<double> found;
    for (int j = 0; j < rungs; ++j)
        for (int m = -4; m <= 4; ++m) found.push_back(error(reference, pair, options, tolerance_at(j) * std::pow(10, -m / 36.0)));
    return found;
}

double slope_of(const std::vector<double>& at_neighbours) {
    double sx = 0, sy = 0, sxx = 0, sxy = 0;
    const auto n = static_cast<double>(at_neighbours.size());
    for (std::size_t i = 0; i < at_neighbours.size(); ++i) {
        const double x = -4 - (static_cast<double>(i) - 4) / 36, y = x + std::log10(at_neighbours[i]);
        sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace

// SciPy's controller is the integral one, tolerance by tolerance (see above), so what it would do at tolerances beside those of the table is known.
// Single tolerances compare luck: an error passes through 0, or an estimate does and lets a step of ten tolerances pass.
TEST_CASE("at 225 tolerances the largest error is at most twice SciPy's, and the mean of every decade at most three times") {
    AdaptiveOptions<double> integral;
    integral.controller = Controller::integral();
    for (const char* name : {"dormand-prince", "dop853"}) {
        const PairCoefficients<double> pair{std::string_view(name)};
        for (const Reference& reference : references()) {
            INFO(name << ", " << reference.name);
            const auto ours = neighbours(reference, pair, {}), theirs = neighbours(reference, pair, integral);
            // of dop853 on these two 1.32 and 0.81, SciPy's 1.31 and 0.93: see above
            const bool early = pair.order == 8 && (reference.name == "van-der-pol 10" || reference.name == "kepler");
            if (!early) CHECK(slope_of(ours) == Approx(1).margin(0.15));
            CHECK(*std::max_element(ours.begin(), ours.end()) < 2 * *std::max_element(theirs.begin(), theirs.end()));
            for (std::size_t from = 0; from + 45 <= ours.size(); from += 36) {
                const auto decade = [from](const std::vector<double>& v) { return std::vector(v.begin() + static_cast<long>(from), v.begin() + static_cast<long>(from + 45)); };
                CHECK(mean_ratio(decade(ours), decade(theirs)) < 3);
            }
        }
    }
    // The two that are furthest apart. Arenstorf at 5.6e-8: SciPy's own error is 7 times larger at both neighbours in the table.
    const std::vector<double>& arenstorf = references()[3].rk45;
    CHECK(arenstorf[13] < arenstorf[12] / 7);
    CHECK(arenstorf[13] < arenstorf[14] / 7);
    // Van der Pol by DOP853 at 1.8e-5: ours is 100 times SciPy's there, and SciPy's as large elsewhere.
    const auto theirs = neighbours(references()[1], PairCoefficients<double>("dop853"), integral);
    CHECK(error(references()[1], PairCoefficients<double>("dop853"), {}, tolerance_at(3)) > 100 * references()[1].dop853[3]);
    CHECK(*std::max_element(theirs.begin(), theirs.end()) > 10);
    const auto blind = [] {  // control: an estimate ten times too small
        Tableau tableau = find_tableau("dormand-prince");
        for (std::size_t i = 0; i < tableau.stages(); ++i) tableau.b_hat[i] = tableau.b[i] + (tableau.b_hat[i] - tableau.b[i]) / 10;
        return PairCoefficients<double>(tableau);
    }();
    const auto large = neighbours(references()[0], blind, {}), fair = neighbours(references()[0], PairCoefficients<double>("dormand-prince"), integral);
    CHECK(*std::max_element(large.begin(), large.end()) > 2 * *std::max_element(fair.begin(), fair.end()));
}

TEST_CASE("every controller keeps the error near the tolerance; a safety above what is safe does not pass for one") {
    for (const Controller& controller : controllers()) {
        INFO(controller.name);
        AdaptiveOptions<double> options;
        options.controller = controller;
        CHECK(&find_controller(controller.name) == &controller);
        CHECK(mean_ratio(errors(references()[1], PairCoefficients<double>("dormand-prince"), options), references()[1].rk45) < 3);
    }
    AdaptiveOptions<double> options;
    options.controller.safety = 1.5;
    CHECK_THROWS_WITH(errors(references()[1], PairCoefficients<double>("dormand-prince"), options), Catch::Matchers::Contains("safety"));
}
