// Extrapolation: its order proved in ℚ and ℚ[[h]], adaptive solves against closed forms, and failures that end with a sentence.
#include "ode/extrapolation.hpp"
#include "scalar/series.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace costate;
using costate::ode::extrapolate;
using costate::ode::extrapolation_step;
using costate::ode::ExtrapolationOptions;
using costate::ode::ExtrapolationStatus;
using costate::ode::ExtrapolationWorkspace;

namespace {

using Real = Mpfr50;

template <class T>
struct Field {
    std::size_t size;
    std::function<void(const T&, std::span<const T>, std::span<T>)> f;
    std::size_t calls = 0;
    [[nodiscard]] std::size_t dim() const { return size; }
    void operator()(const T& t, std::span<const T> x, std::span<T> dx) {
        ++calls;
        f(t, x, dx);
    }
};

template <class T>
T one_step(Field<T>& f, const T& t, const T& H, std::size_t columns, const T& x) {
    ExtrapolationWorkspace<T> ws;
    const std::vector<T> start{x};
    std::vector<T> end(1);
    extrapolation_step(f, t, H, columns, std::span<const T>(start), std::span<T>(end), ws);
    return end[0];
}

Field<Real> logistic() {
    return {1, [](const Real&, std::span<const Real> x, std::span<Real> dx) { dx[0] = x[0] * (1 - x[0]); }};
}

bool is_sentence(const std::string& s) { return s.size() > 40 && s.find('\n') == std::string::npos && s.find(';') != std::string::npos; }

}  // namespace

TEST_CASE("k columns integrate polynomials of degree 2k - 1 exactly, and not 2k") {
    for (std::size_t k = 1; k <= 5; ++k) {
        for (std::size_t degree = 0; degree <= 2 * k; ++degree) {
            Field<Rational> f{1, [degree](const Rational& t, std::span<const Rational>, std::span<Rational> dx) {
                                  dx[0] = 1;
                                  for (std::size_t i = 0; i < degree; ++i) dx[0] *= t;
                              }};
            const Rational a = ratio(1, 3), H = ratio(-5, 7), b = a + H;
            Rational exact = 1, start = 1;
            for (std::size_t i = 0; i <= degree; ++i) {
                exact *= b;
                start *= a;
            }
            const auto n = static_cast<int>(degree + 1);
            CAPTURE(k, degree);
            CHECK((one_step(f, a, H, k, Rational(0)) == (exact - start) / n) == (degree < 2 * k));
            CHECK(f.calls == k * k + 1);
        }
    }
}

TEST_CASE("k columns have order 2k on a non-linear field, proved in Q[[h]]") {
    using S = Series<Rational, 9>;
    Field<S> f{1, [](const S&, std::span<const S> x, std::span<S> dx) { dx[0] = x[0] * x[0]; }};
    for (std::size_t k = 1; k <= 3; ++k) {
        const S x1 = one_step(f, S(0), S::variable(), k, S(1));  // exact: 1/(1 - h)
        S exact;
        for (std::size_t i = 0; i < S::size(); ++i) exact[i] = 1;
        CHECK((x1 - exact).valuation() == 2 * k + 1);
    }
}

TEST_CASE("the adaptive solve keeps what it promises, forwards and backwards") {
    for (const int digits : {8, 15, 22, 30, 38}) {
        for (const bool back : {false, true}) {
            auto f = logistic();
            ExtrapolationOptions options;
            options.digits = digits;
            const Real t0 = back ? 5 : -2, t1 = back ? -2 : 5;
            const auto exact = [](const Real& t) { return Real(1 / (1 + exp(-t))); };
            std::vector<Real> x{exact(t0)};
            const ExtrapolationStatus status = extrapolate(f, t0, t1, std::span<Real>(x), options);
            CAPTURE(digits, back, status.steps, status.rejected, status.evaluations);
            REQUIRE(status.ok());
            // the local errors of `steps` steps; backwards they grow like the solution, e⁻⁵ → e⁻², and 1 - x by e⁵
            const double amplified = back ? 1e3 : 1;
            CHECK(abs(x[0] / exact(t1) - 1) <= Real(std::pow(10.0, -digits)) * Real(2.0 * amplified * static_cast<double>(status.steps)));
            CHECK(status.evaluations == f.calls);
            CHECK(status.rejected <= status.steps + 3);
        }
    }
}

TEST_CASE("work grows slowly with the digits: order follows them") {
    const auto work = [](int digits) {
        auto f = logistic();
        ExtrapolationOptions options;
        options.digits = digits;
        std::vector<Real> x{Real(1) / 2};
        REQUIRE(extrapolate(f, Real(0), Real(5), std::span<Real>(x), options).ok());
        return f.calls;
    };
    const std::size_t at_30 = work(30), at_15 = work(15);
    CHECK(at_30 < 6 * at_15);  // a method of fixed order 10 would need 10^1.5 ≈ 32 times the work
    CHECK(at_30 < 2500);
}

TEST_CASE("in double") {
    Field<double> f{2, [](const double&, std::span<const double> x, std::span<double> dx) {
                        dx[0] = x[1];
                        dx[1] = -x[0];
                    }};
    ExtrapolationOptions options;
    options.digits = 12;
    std::vector<double> x{0, 1};
    REQUIRE(extrapolate(f, 0.0, 10.0, std::span<double>(x), options).ok());
    CHECK(x[0] == Approx(std::sin(10.0)).epsilon(1e-10));
    CHECK(x[1] == Approx(std::cos(10.0)).epsilon(1e-10));
}

TEST_CASE("the errors of groups are measured apart") {
    // a large constant hides what happens to a small solution unless they are two groups
    Field<Real> f{2, [](const Real&, std::span<const Real> x, std::span<Real> dx) {
                      dx[0] = 0;
                      dx[1] = x[1];
                  }};
    const auto error = [&](std::vector<std::size_t> groups) {
        ExtrapolationOptions options;
        options.digits = 20;
        options.groups = std::move(groups);
        std::vector<Real> x{Real("1e15"), Real(1)};
        REQUIRE(extrapolate(f, Real(0), Real(20), std::span<Real>(x), options).ok());
        return static_cast<double>(abs(x[1] / exp(Real(20)) - 1));
    };
    CHECK(error({1, 1}) < 1e-18);
    CHECK(error({}) > 1e-16);  // control
}

TEST_CASE("what cannot be solved ends with a sentence") {
    ExtrapolationOptions options;
    options.digits = 20;
    SECTION("a pole inside the interval") {
        Field<Real> f{1, [](const Real&, std::span<const Real> x, std::span<Real> dx) { dx[0] = x[0] * x[0]; }};
        std::vector<Real> x{1};
        const auto status = extrapolate(f, Real(0), Real(2), std::span<Real>(x), options);
        CHECK(is_sentence(status.failure));
        CHECK(status.failure.find("t = 1.0") != std::string::npos);
        std::vector<Real> fine{1};  // control: up to a point before the pole
        CHECK(extrapolate(f, Real(0), Real("0.99"), std::span<Real>(fine), options).ok());
    }
    SECTION("a field that is not finite") {
        Field<Real> f{1, [](const Real& t, std::span<const Real>, std::span<Real> dx) { dx[0] = sqrt(Real(1 - t)); }};
        std::vector<Real> x{1};
        CHECK(is_sentence(extrapolate(f, Real(0), Real(2), std::span<Real>(x), options).failure));
        CHECK(is_sentence(extrapolate(f, Real(2), Real(3), std::span<Real>(x), options).failure));
    }
    SECTION("too many evaluations") {
        auto f = logistic();
        options.max_evaluations = 100;
        std::vector<Real> x{Real(1) / 2};
        CHECK(is_sentence(extrapolate(f, Real(0), Real(50), std::span<Real>(x), options).failure));
        CHECK(f.calls < 500);
    }
}

TEST_CASE("an empty interval and a field at rest") {
    auto f = logistic();
    std::vector<Real> x{Real(1) / 3};
    const auto none = extrapolate(f, Real(1), Real(1), std::span<Real>(x));
    CHECK((none.ok() && none.evaluations == 0 && x[0] == Real(1) / 3));
    x[0] = 1;  // an equilibrium
    CHECK(extrapolate(f, Real(0), Real(1000), std::span<Real>(x)).ok());
    CHECK(x[0] == 1);
}
