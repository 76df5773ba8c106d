// Every elementwise function against 50-digit values (MPFR through the generic formulas), at every width this machine has.
#include "kernels/elementwise.hpp"
#include "kernels/simd/table.hpp"
#include "tests/kernels/ulp.hpp"

#include <catch2/catch.hpp>

#include <cstring>

using namespace costate;
using namespace costate::kernels;
using namespace costate::test;

namespace {

const double inf = std::numeric_limits<double>::infinity();
const double nan_value = std::numeric_limits<double>::quiet_NaN();

struct Worst {
    double value = 0, gelu_left = 0, slope = 0, slope_left = 0;
};

/// The bounds of kernels/elementwise.hpp apply: where not in ulps, absolutely in units of machine epsilon.
template <class T>
Worst worst(Function f, const std::vector<T>& x, const std::vector<T>& y, const std::vector<T>& slope) {
    Worst w;
    const auto epsilons = [](T a, const Mpfr50& b) {
        return std::isnan(a) ? 1e30 : static_cast<double>(abs(Mpfr50(a) - b)) / double(std::numeric_limits<T>::epsilon());
    };
    for (std::size_t i = 0; i < x.size(); ++i) {
        if ((f == Function::sin || f == Function::cos) && std::abs(x[i]) > T(1e5)) continue;
        const Mpfr50 value = reference::value<Mpfr50>(f, Mpfr50(x[i])), derivative = reference::slope<Mpfr50>(f, Mpfr50(x[i]));
        if (f == Function::gelu && x[i] < T(-1)) w.gelu_left = std::max(w.gelu_left, epsilons(y[i], value));
        else w.value = std::max(w.value, ulps(y[i], value));
        const bool crosses_zero = (f == Function::silu || f == Function::gelu) && x[i] <= T(0) && abs(derivative) < Mpfr50(0.5);
        if (crosses_zero) w.slope_left = std::max(w.slope_left, epsilons(slope[i], derivative));
        else w.slope = std::max(w.slope, ulps(slope[i], derivative));
    }
    return w;
}

template <class T>
bool within_bounds(const Worst& w) {
    const double gelu_absolute = std::same_as<T, double> ? 2e-16 : 1.2e-7;
    const double gelu_left = w.gelu_left * double(std::numeric_limits<T>::epsilon());
    return w.value <= 4 && gelu_left <= gelu_absolute && w.slope <= 8 && w.slope_left <= 2;
}

}  // namespace

TEMPLATE_TEST_CASE("functions and slopes keep their bounds at every width", "", float, double) {
    const auto x = points<TestType>(60, 20240917);
    const std::size_t n = x.size();
    for (std::size_t index = 0; index < function_count; ++index) {
        const auto f = static_cast<Function>(index);
        std::vector<TestType> y(n), again(n), slope(n), first_y, first_slope;
        for (const Isa isa : supported_isas()) {
            const auto& table = simd::table<TestType>(isa);
            table.apply(f, n, x.data(), y.data());
            table.apply_with_slope(f, n, x.data(), again.data(), slope.data());
            const auto same = [n](const std::vector<TestType>& a, const std::vector<TestType>& b) {
                for (std::size_t i = 0; i < n; ++i)
                    if (a[i] != b[i] && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
                return true;
            };
            CHECK(same(y, again));
            if (isa == Isa::avx512 && supported(Isa::avx2)) {  // the same operations, fused in the same places
                CHECK(same(y, first_y));
                CHECK(same(slope, first_slope));
                continue;
            }
            first_y = y;
            first_slope = slope;
            const Worst w = worst(f, x, y, slope);
            INFO(name(f) << " " << name(isa) << ": value " << w.value << " ulp, gelu left of -1 " << w.gelu_left << " eps, slope "
                         << w.slope << " ulp, near its zero " << w.slope_left << " eps");
            CHECK(within_bounds<TestType>(w));
        }
    }
}

TEMPLATE_TEST_CASE("negative control: textbook formulas fail the same check", "", float, double) {
    const auto x = points<TestType>(10, 5);
    std::vector<TestType> y(x.size()), slope(x.size());
    const auto fails = [&](Function f, auto formula) {
        for (std::size_t i = 0; i < x.size(); ++i) {
            y[i] = formula(x[i]);
            slope[i] = static_cast<TestType>(reference::slope<Mpfr50>(f, Mpfr50(x[i])));
        }
        return !within_bounds<TestType>(worst(f, x, y, slope));
    };
    using T = TestType;
    CHECK(fails(Function::tanh, [](T v) { return 1 - 2 / (std::exp(2 * v) + 1); }));
    CHECK(fails(Function::softplus, [](T v) { return std::log(1 + std::exp(v)); }));
    CHECK(fails(Function::silu, [](T v) { return v / (1 + std::exp(-v)); }));
    CHECK(fails(Function::gelu, [](T v) { return v * (1 + std::erf(v * T(0.7071))) / 2; }));
    CHECK(fails(Function::sin, [](T v) { return std::sin(std::remainder(v, T(2 * M_PI))); }));
    CHECK_FALSE(fails(Function::exp, [](T v) { return std::exp(v); }));
}

TEMPLATE_TEST_CASE("infinities, zeros and NaN", "[quick]", float, double) {
    struct Special {
        Function f;
        double x, y, slope;
    };
    using enum Function;
    const std::vector<Special> specials = {
        {identity, -inf, -inf, 1}, {exp, inf, inf, inf}, {exp, -inf, 0, 0}, {exp, 0.0, 1, 1}, {exp, 1e4, inf, inf},
        {exp, -1e4, 0, 0}, {log, 0.0, -inf, inf}, {log, -0.0, -inf, -inf}, {log, -1, nan_value, -1},
        {log, inf, inf, 0}, {log, 1, 0, 1}, {sqrt, -1, nan_value, nan_value}, {sqrt, inf, inf, 0},
        {sqrt, -0.0, -0.0, -inf}, {sin, 0.0, 0.0, 1}, {sin, -0.0, -0.0, 1}, {sin, inf, nan_value, nan_value},
        {cos, 0.0, 1, 0}, {cos, -inf, nan_value, nan_value}, {tanh, inf, 1, 0}, {tanh, -inf, -1, 0},
        {tanh, -0.0, -0.0, 1}, {tanh, 0.0, 0.0, 1}, {sigmoid, inf, 1, 0}, {sigmoid, -inf, 0, 0},
        {sigmoid, 0.0, 0.5, 0.25}, {silu, inf, inf, 1}, {silu, -inf, 0, 0}, {silu, -0.0, -0.0, 0.5},
        {gelu, inf, inf, 1}, {gelu, -inf, 0, 0}, {gelu, -0.0, -0.0, 0.5}, {relu, inf, inf, 1}, {relu, -inf, 0, 0},
        {relu, 0.0, 0.0, 0}, {softplus, inf, inf, 1}, {softplus, -inf, 0, 0}, {erf, inf, 1, 0}, {erf, -inf, -1, 0},
        {erf, -0.0, -0.0, 2 / std::sqrt(M_PI)}};
    const auto same = [](TestType a, double b) {
        if (std::isnan(b)) return std::isnan(a);
        return a == static_cast<TestType>(b) && (b != 0 || !std::signbit(b) || std::signbit(a));
    };
    for (const Isa isa : supported_isas()) {
        for (const auto& s : specials) {
            const TestType x = static_cast<TestType>(s.x);
            TestType y, slope;
            simd::table<TestType>(isa).apply_with_slope(s.f, 1, &x, &y, &slope);
            INFO(name(s.f) << "(" << s.x << ") = " << y << ", slope " << slope << " on " << name(isa));
            CHECK(same(y, s.y));
            CHECK(same(slope, s.slope));
            CHECK(same(reference::value(s.f, x), s.y));
        }
        for (std::size_t f = 0; f < function_count; ++f) {
            const TestType x = static_cast<TestType>(nan_value);
            TestType y;
            simd::table<TestType>(isa).apply(static_cast<Function>(f), 1, &x, &y);
            CHECK(std::isnan(y));
        }
    }
}

TEMPLATE_TEST_CASE("an element's result does not depend on its place or its neighbours", "[quick]", float, double) {
    const auto x = points<TestType>(4, 11);
    for (const Isa isa : supported_isas()) {
        const auto& table = simd::table<TestType>(isa);
        for (std::size_t index = 0; index < function_count; ++index) {
            const auto f = static_cast<Function>(index);
            std::vector<TestType> alone(x.size()), alone_slope(x.size()), y(x.size() + 2), slope(x.size() + 2);
            for (std::size_t i = 0; i < x.size(); ++i) table.apply_with_slope(f, 1, &x[i], &alone[i], &alone_slope[i]);
            for (std::size_t n : {2u, 3u, 5u, 17u, 33u, 70u}) {
                for (std::size_t start = 0; start + n <= x.size(); start += 61) {
                    y[n] = 42;
                    table.apply(f, n, &x[start], y.data());
                    CHECK(y[n] == 42);
                    for (std::size_t i = 0; i < n; ++i)
                        if (!std::isnan(y[i])) REQUIRE(std::memcmp(&y[i], &alone[start + i], sizeof(TestType)) == 0);
                    table.apply_with_slope(f, n, &x[start], y.data(), slope.data());
                    for (std::size_t i = 0; i < n; ++i) {
                        if (!std::isnan(y[i])) REQUIRE(std::memcmp(&y[i], &alone[start + i], sizeof(TestType)) == 0);
                        if (!std::isnan(slope[i])) REQUIRE(std::memcmp(&slope[i], &alone_slope[start + i], sizeof(TestType)) == 0);
                    }
                }
            }
        }
    }
}

TEST_CASE("the entry point: the C library's sin beyond 1e6, checked sizes, exact scalars say what they lack", "[quick]") {
    const std::vector<double> x = {1.5, 1e7, -3e200, 2.5};
    std::vector<double> y(4), slope(4);
    apply_with_slope<double>(Function::sin, x, y, slope);
    CHECK(y[1] == std::sin(1e7));
    CHECK(slope[2] == std::cos(-3e200));
    CHECK_THROWS_WITH(apply<double>(Function::sin, x, std::span<double>(y).first(3)),
                      Catch::Contains("'x' has 4 elements instead of 3"));

    const std::vector<Rational> q = {ratio(-1, 3), ratio(2, 5)};
    std::vector<Rational> r(2);
    apply<Rational>(Function::relu, q, r);
    CHECK((r[0] == 0 && r[1] == ratio(2, 5)));
    CHECK_THROWS_WITH(apply<Rational>(Function::exp, q, r), Catch::Contains("'rational' has no function 'exp'"));
    std::vector<PrimeField> p(2);
    CHECK_THROWS_AS(apply<PrimeField>(Function::relu, p, p), std::invalid_argument);
    CHECK(function_named("silu") == Function::silu);
    CHECK_FALSE(function_named("swish").has_value());
}
