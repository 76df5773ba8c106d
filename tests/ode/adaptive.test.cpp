// Adaptive solves: interpolants proved in ℚ, steps that are those of step(), goldens, batches, seminorms, save times, Status, allocations.
#include "ode/adaptive/dense_output.hpp"
#include "ode/adaptive/solve.hpp"
#include "ode/fields/lotka_volterra.hpp"
#include "ode/fields/scalar_field.hpp"
#include "ode/rooted_trees.hpp"
#include "ode/step.hpp"
#include "tests/ode/allocations.hpp"
#include "tests/ode/fields.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <map>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using Catch::Matchers::Contains;

namespace {

const std::vector<std::string> pairs{"bogacki-shampine", "fehlberg", "cash-karp", "dormand-prince", "tsitouras", "verner-65", "verner-87", "dop853"};

template <class T>
AdaptiveOptions<T> tolerances(const T& tolerance) {
    AdaptiveOptions<T> options;
    options.tolerance.rtol = options.tolerance.atol = tolerance;
    return options;
}

/// A field from a function of one sample.
struct Written {
    std::size_t dimension = 1;
    std::function<void(double, std::span<const double>, std::span<double>)> f;
    [[nodiscard]] std::size_t dim() const { return dimension; }
    void operator()(const double& t, std::span<const double> x, std::span<double> dx) {
        for (std::size_t b = 0; b < x.size(); b += dimension) f(t, x.subspan(b, dimension), dx.subspan(b, dimension));
    }
};

/// The method whose step of length h is the interpolant's value at τh: A/τ, w(τ)/τ.
Tableau read_at(const EmbeddedPair& pair, const Rational& tau) {
    const PairCoefficients<Rational> in_q(pair);
    const std::size_t s = in_q.stages + in_q.extra;
    Tableau method{pair.tableau.name, {}, std::vector<Rational>(s * s, 0), std::vector<Rational>(s, 0)};
    in_q.interpolation_weights(tau, method.b);
    for (Rational& b : method.b) b /= tau;
    for (std::size_t i = 0; i < s; ++i) {
        method.c.push_back(in_q.c[i] / tau);
        for (std::size_t m = 0; m < in_q.rows[i].index.size(); ++m) method.A(i, in_q.rows[i].index[m]) = in_q.rows[i].coefficient[m] / tau;
    }
    method.exact = pair.tableau.exact;
    return method;
}

double error_at_the_golden(const Tableau& tableau, double tolerance, const AdaptiveOptions<double>& options, double t1) {
    ScalarField<LotkaVolterra, double> f;
    const std::vector<double> golden = t1 == 1 ? std::vector<double>{2.77285090184111211912558, 0.25871087814256395390038}
                                               : std::vector<double>{1.026344767575089319139, 0.9096910781360416175482};
    const auto result = solve_adaptive<double>(tableau, f, 0., t1, std::vector<double>{1, 1}, options);
    CHECK(result.status.ok());
    return std::max(std::abs(result.x1[0] - golden[0]), std::abs(result.x1[1] - golden[1])) / tolerance;
}

}  // namespace

TEST_CASE("interpolants have the order that they say, proved in the rationals, and no more: enough for the global order of the ends") {
    const std::map<std::string, std::size_t> said{{"bogacki-shampine", 3}, {"fehlberg", 4},  {"cash-karp", 4}, {"dormand-prince", 4},
                                                  {"tsitouras", 4},        {"verner-65", 5}, {"verner-87", 7}, {"dop853", 7}};
    for (const std::string& name : pairs) {
        INFO(name);
        const EmbeddedPair pair = embedded_pair(name);
        const std::size_t p = pair.interpolant.order;
        CHECK(p == said.at(name));
        CHECK(p + 1 >= pair.order);
        CHECK(p + 1 >= pair.error_order);  // what is read between falls with the tolerance as the estimate does
        CHECK(pair.interpolant.source.empty() == false);
        const double digits = name == "dop853" ? 1e-20 : 1e-40;  // 30 are published, and powers of τ divide; those of ours have 58
        for (std::size_t m = 1; m <= p + 1; ++m) {               // conditions are polynomials in τ of degree p: as many values and one prove them
            const Tableau method = read_at(pair, ratio(static_cast<long>(m), static_cast<long>(p + 2)));
            if (p > 4) {
                CHECK(order_residual(method, p) < digits);
                CHECK(order_residual(method, p + 1) > 1e-6);
            } else {
                CHECK(order(method) == p);
            }
        }
        const Tableau end = read_at(pair, 1);
        for (std::size_t i = 0; i < end.stages(); ++i) CHECK(end.b[i] == (i < pair.tableau.stages() ? pair.tableau.b[i] : Rational(0)));
    }
    EmbeddedPair spoilt = embedded_pair("dormand-prince");
    spoilt.interpolant.d[0][3] += ratio(1, 1000);
    CHECK(order(read_at(spoilt, ratio(1, 2))) < 4);
    EmbeddedPair moved = embedded_pair("verner-87");
    moved.interpolant.extra[1][0] += ratio(1, 1000), moved.interpolant.extra[1][5] -= ratio(1, 1000);
    CHECK(order_residual(read_at(moved, ratio(1, 2)), 7) > 1e-6);
    CHECK_THROWS_WITH(embedded_pair("rk4"), Contains("'rk4' has no embedded method"));
}

TEST_CASE("pairs without an interpolant of their own are given one of order p - 1, by stages of rising order") {
    for (const auto& [name, p] : std::map<std::string, std::size_t>{{"aitken-neville:5", 5}, {"aitken-neville:6", 6}, {"gragg:6", 6}, {"gragg:8", 8}}) {
        INFO(name);
        const EmbeddedPair pair = embedded_pair(name);
        REQUIRE(pair.order == p);
        const std::size_t q = pair.interpolant.order;
        CHECK(q == p - 1);
        CHECK(pair.interpolant.extra.size() == (q - 3) * (q - 2) / 2);
        for (const Rational& tau : {ratio(1, 7), ratio(3, 5), ratio(9, 10)}) {
            CHECK(order_residual(read_at(pair, tau), q) < 1e-40);
            CHECK(order_residual(read_at(pair, tau), q + 1) > 1e-6);
        }
    }
    EmbeddedPair spoilt = embedded_pair("gragg:6");
    spoilt.interpolant.extra[1][0] += ratio(1, 1000), spoilt.interpolant.extra[1][1] -= ratio(1, 1000);
    CHECK(order_residual(read_at(spoilt, ratio(1, 2)), 5) > 1e-6);
    const EmbeddedPair cubic = embedded_pair("gragg:4");
    CHECK((cubic.order == 4 && cubic.interpolant.order == 3 && cubic.interpolant.extra.empty()));
}

TEST_CASE("the estimates have the order that the controllers count on") {
    for (const std::string& name : pairs) {
        INFO(name);
        const EmbeddedPair pair = embedded_pair(name);
        CHECK(pair.order == order(find_tableau(name)));
        if (name == "dop853") {
            Tableau third = find_tableau(name);
            for (std::size_t i = 0; i < third.stages(); ++i) third.b_hat[i] = third.b[i] - pair.second[i];
            CHECK(embedded_order(third) == 3);
            CHECK(pair.error_order == 2 * (embedded_order(find_tableau(name)) + 1) - 4);
        } else {
            CHECK(pair.error_order == embedded_order(find_tableau(name)) + 1);
        }
    }
}

TEST_CASE("every step is that of step(), bitwise, and times are its grid, forwards and backwards") {
    const std::vector<double> start = batch_of_two<double>();
    for (const std::string& name : pairs)
        for (const double t1 : {1.5, -1.5}) {
            INFO(name << " to " << t1);
            Polynomial<double> f{parameters<double>()};
            const Coefficients<double> method(find_tableau(name));
            StepWorkspace<double> ws;
            std::vector<double> x = start, times{0.25};
            const auto listen = [&](AcceptedStep<double>& step) {
                ode::step<double>(method, f, times.back(), step.t_next - times.back(), x, x, ws);
                CHECK(std::equal(x.begin(), x.end(), step.x_next.begin(), step.x_next.end()));
                CHECK(step.t == times.back());
                CHECK(step.h == step.t_next - step.t);
                CHECK(step.error <= 1);
                times.push_back(step.t_next);
            };
            const auto result = solve_adaptive<double>(find_tableau(name), f, 0.25, t1, start, tolerances(1e-7), listen);
            CHECK(result.status.ok());
            CHECK(result.times == times);
            CHECK(result.times.back() == t1);
            CHECK(result.x1 == x);
            CHECK(result.counts.accepted + 1 == times.size());
        }
}

TEST_CASE("Lotka-Volterra's goldens to what the tolerance allows; without control they are missed") {
    for (const std::string& name : pairs)
        for (const double tolerance : {1e-3, 1e-5, 1e-7, 1e-9, 1e-11}) {
            INFO(name << " at " << tolerance);
            CHECK(error_at_the_golden(find_tableau(name), tolerance, tolerances(tolerance), 1) < 30);
            CHECK(error_at_the_golden(find_tableau(name), tolerance, tolerances(tolerance), 10) < 100);
        }
    Tableau blind = find_tableau("dormand-prince");  // control: an estimate 10⁵ times too small
    for (std::size_t i = 0; i < blind.stages(); ++i) blind.b_hat[i] = blind.b[i] + (blind.b_hat[i] - blind.b[i]) / 100000;
    CHECK(error_at_the_golden(blind, 1e-7, tolerances(1e-7), 1) > 1000);
    CHECK(error_at_the_golden(blind, 1e-7, tolerances(1e-7), 10) > 1000);
}

TEST_CASE("there and back in float and at 50 digits") {
    const auto back = [](auto tolerance) {
        using T = decltype(tolerance);
        ScalarField<LotkaVolterra, T> f;
        const Tableau& method = find_tableau("verner-65");
        const auto there = solve_adaptive<T>(method, f, T(0), T(1), std::vector<T>{T(1), T(1)}, tolerances(tolerance));
        const auto again = solve_adaptive<T>(method, f, T(1), T(0), there.x1, tolerances(tolerance));
        CHECK(there.status.ok());
        CHECK(again.status.ok());
        CHECK_FALSE(again.x1[0] == T(1));
        return ScalarTraits<T>::to_double(T(abs(again.x1[0] - T(1)) / tolerance));
    };
    CHECK(back(1e-4f) < 10);
    CHECK(back(Mpfr50("1e-18")) < 10);
}

TEST_CASE("save times: steps are not shortened, ends are the states themselves, dense output is the same") {
    for (const std::string& name : pairs)
        for (const double t1 : {1.5, -1.0}) {
            INFO(name << " to " << t1);
            Polynomial<double> f{parameters<double>()};
            const PairCoefficients<double> pair(name);
            const auto plain = solve_adaptive<double>(find_tableau(name), f, 0., t1, batch_of_two<double>(), tolerances(1e-8));
            AdaptiveOptions<double> options = tolerances(1e-8);
            const std::size_t middle = plain.times.size() / 2;
            options.save_at = {0, 0, 0.31 * t1, plain.times[middle], 0.77 * t1, t1};
            DenseOutput<double> dense(pair);
            const auto result = solve_adaptive<double>(find_tableau(name), f, 0., t1, batch_of_two<double>(), options, dense);
            CHECK(result.times == plain.times);
            CHECK(result.x1 == plain.x1);
            REQUIRE(result.saved.size() == options.save_at.size() * 4);
            std::vector<double> x(4);
            for (std::size_t i = 0; i < options.save_at.size(); ++i) {
                const auto from = result.saved.begin() + static_cast<std::ptrdiff_t>(4 * i);
                const std::vector<double> saved(from, from + 4);
                dense.at(options.save_at[i], x);
                CHECK(saved == x);
                if (i == 0 || i == 1) CHECK(saved == batch_of_two<double>());
                if (i == 5) CHECK(saved == plain.x1);
                const auto exact = solve_adaptive<double>(find_tableau("verner-87"), f, 0., options.save_at[i], batch_of_two<double>(), tolerances(1e-13));
                for (std::size_t j = 0; j < 4; ++j) CHECK(saved[j] == Approx(exact.x1[j]).margin(1e-6));
            }
            CHECK_THROWS_WITH(dense.at(2 * t1, x), Contains("no step that was kept"));
        }
    Polynomial<double> f{parameters<double>()};
    AdaptiveOptions<double> wrong;
    wrong.save_at = {0.5, 0.25};
    CHECK_THROWS_WITH(solve_adaptive<double>(find_tableau("tsitouras"), f, 0., 1., batch_of_two<double>(), wrong), Contains("save_at[1]"));
}

TEST_CASE("between the ends the error falls with the interpolant's order, not with a lower one") {
    Written f{1, [](double t, auto x, auto dx) { dx[0] = x[0] * std::cos(t); }};
    const auto error_of = [&](const EmbeddedPair& pair, double h) {  // one step of length h, read at 0.4 of it
        AdaptiveOptions<double> options = tolerances(1.0);
        options.first_step = h;
        options.save_at = {1 + 0.4 * h};
        AdaptiveWorkspace<double> ws;
        AdaptiveResult<double> result;
        solve_adaptive<double>(PairCoefficients<double>(pair), f, 1, 1 + h, std::vector<double>{std::exp(std::sin(1.0))}, options, ws, result);
        CHECK(result.counts.accepted == 1);
        return std::abs(result.saved[0] - std::exp(std::sin(options.save_at[0])));
    };
    for (const std::string& name : pairs) {
        INFO(name);
        const EmbeddedPair pair = embedded_pair(name);
        const double h = pair.interpolant.order == 7 ? 0.5 : 0.1;
        CHECK(std::log2(error_of(pair, h) / error_of(pair, h / 2)) == Approx(static_cast<double>(pair.interpolant.order) + 1).margin(0.65));
    }
    EmbeddedPair spoilt = embedded_pair("dormand-prince");
    spoilt.interpolant.d[0][3] += ratio(1, 10);
    CHECK(std::log2(error_of(spoilt, 0.1) / error_of(spoilt, 0.05)) < 2.5);
}

TEST_CASE("tolerances a component each, and seminorms that do not see one") {
    const auto steps = [](const AdaptiveOptions<double>& options) {  // the second component turns fast, the first does not hear of it
        Written f{2, [](double t, auto x, auto dx) { dx[0] = -x[0], dx[1] = 40 * std::cos(40 * t); }};
        const auto result = solve_adaptive<double>(find_tableau("tsitouras"), f, 0., 3., std::vector<double>{1, 0}, options);
        CHECK(result.status.ok());
        return result.counts.accepted;
    };
    AdaptiveOptions<double> masked = tolerances(1e-8), loose = masked;
    masked.tolerance.weights = {1, 0};
    loose.tolerance.atol_each = {1e-8, 1e3};
    loose.tolerance.rtol_each = {1e-8, 0};
    const std::size_t all = steps(tolerances(1e-8));
    CHECK(all > 5 * steps(masked));
    CHECK(steps(loose) <= steps(masked));
    masked.tolerance.weights = {0, 0};
    CHECK_THROWS_WITH(steps(masked), Contains("all weights are 0"));
    loose.tolerance.atol_each = {1, 1, 1};
    CHECK_THROWS_WITH(steps(loose), Contains("atol_each has 3 values"));
    CHECK_THROWS_WITH(steps(tolerances(-1.0)), Contains("component 0"));
}

TEST_CASE("a batch steps as its hardest sample alone, whoever else is in it") {
    Written f{1, [](double, auto x, auto dx) { dx[0] = -x[0] * x[0] * x[0]; }};
    for (const std::string name : {"dormand-prince", "dop853"}) {
        AdaptiveOptions<double> options = tolerances(1e-9);
        options.first_step = 1e-3;
        const auto alone = solve_adaptive<double>(find_tableau(name), f, 0., 1., std::vector<double>{6}, options);
        const auto batch = solve_adaptive<double>(find_tableau(name), f, 0., 1., std::vector<double>{0, 1e-3, 6, 1e-2}, options);
        CHECK(batch.times == alone.times);
        CHECK(batch.x1[2] == alone.x1[0]);
        CHECK(solve_adaptive<double>(find_tableau(name), f, 0., 1., std::vector<double>{1e-3}, options).counts.accepted < alone.counts.accepted / 4);
    }
}

TEST_CASE("a warm solve allocates nothing") {
    Polynomial<double> f{parameters<double>()};
    for (const std::string name : {"tsitouras", "dop853"}) {
        const PairCoefficients<double> pair(name);
        const std::vector<double> x0 = batch_of_two<double>();
        AdaptiveOptions<double> options = tolerances(1e-8);
        options.save_at = {0.5, 1.5, 2};
        AdaptiveWorkspace<double> ws;
        AdaptiveResult<double> result;
        const auto counted = [&] {
            const std::size_t before = allocations;
            solve_adaptive<double>(pair, f, 0, 2, x0, options, ws, result);
            return allocations - before;
        };
        CHECK(counted() > 0);
        const std::vector<double> first = result.x1;
        CHECK(counted() == 0);
        CHECK(result.x1 == first);
    }
}
