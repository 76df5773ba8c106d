// Dual numbers against power series of two terms (==), difference quotients at 50 digits, and each other when nested.
#include "scalar/dual.hpp"
#include "scalar/series_functions.hpp"
#include "tests/scalar/samples.hpp"

#include <catch2/catch.hpp>

using namespace costate;

namespace {

using M = Mpfr50;

// A rational function: the same code on every scalar.
const auto rational_function = [](const auto& x) { return (3 * x * x - x / 7 + 2) / (1 + x * x) - 5 / (x * x * x + 11); };

template <class F, class T>
bool equals_series(F f, const T& a, const T& b) {
    const Dual<T> d = f(Dual<T>(a, b));
    const Series<T, 2> s = f(a + b * Series<T, 2>::variable());
    return d.value == s[0] && d.tangent == s[1];
}

// |f'(a) b - (f(a + hb) - f(a - hb))/2h| = O(h²)
template <class F>
bool equals_quotient(F f, const M& a) {
    const M h("1e-14"), b("1.25");
    const Dual<M> d = f(Dual<M>(a, b));
    const M quotient = (M(f(M(a + h * b))) - M(f(M(a - h * b)))) / (2 * h);
    return d.value == M(f(a)) && abs(d.tangent - quotient) <= M("1e-22") * (abs(quotient) + M("1e-6") * abs(d.value));
}

// exp(3x) whose tangent lacks the factor 3
struct {
    M operator()(const M& x) const { return exp(M(3 * x)); }
    Dual<M> operator()(const Dual<M>& x) const { return {exp(M(3 * x.value)), exp(M(3 * x.value)) * x.tangent}; }
} const forgets_inner_derivative;

}  // namespace

TEMPLATE_TEST_CASE("a dual number is a power series of two terms, with ==", "", Rational, PrimeField, Dual<Rational>,
                   (Series<Rational, 3>)) {
    using T = TestType;
    samples::Source source(31);
    for (int i = 0; i < 20; ++i) {
        const T a = samples::draw<T>(source), b = samples::draw<T>(source);
        REQUIRE(equals_series(rational_function, a, b));
    }
    const T zero(0), b = samples::draw<T>(source);
    CHECK(equals_series([](const auto& x) { return exp(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return sin(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return cos(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return tanh(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return log(1 + x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return log1p(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return sqrt(1 + x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return sigmoid(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return silu(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return silu_slope(x); }, zero, b));
    CHECK(equals_series([](const auto& x) { return tanh_slope(x); }, zero, b));
    const Dual<T> wrong = rational_function(Dual<T>(T(2), T(1)));
    CHECK_FALSE(wrong.tangent == rational_function(T(2) + T(2) * Series<T, 2>::variable())[1]);
}

TEST_CASE("tangents equal difference quotients at 50 digits") {
    for (const char* point : {"-7.5", "-1.3", "0.45", "2", "9"}) {
        const M a(point);
        CAPTURE(point);
        CHECK(equals_quotient(rational_function, a));
        CHECK(equals_quotient([](const auto& x) { return exp(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return log(x * x); }, a));
        CHECK(equals_quotient([](const auto& x) { return log1p(x * x); }, a));
        CHECK(equals_quotient([](const auto& x) { return sqrt(1 + x * x); }, a));
        CHECK(equals_quotient([](const auto& x) { return sin(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return cos(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return tanh(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return erf(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return erfc(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return sigmoid(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return silu(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return gelu(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return gelu_slope(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return softplus(x); }, a));
        CHECK(equals_quotient([](const auto& x) { return relu(x); }, a));
        CHECK_FALSE(equals_quotient(forgets_inner_derivative, a));
    }
}

TEST_CASE("slopes are the tangents of their functions") {
    const auto matches = [](const Dual<M>& f, const M& slope) {
        return abs(f.tangent - slope) <= M("1e-46") * (abs(slope) + M("1e-3"));
    };
    for (const char* point : {"-6", "-0.8", "0.7", "5"}) {
        const M a(point);
        const auto x = Dual<M>::variable(a);
        CAPTURE(point);
        CHECK(matches(sigmoid(x), sigmoid_slope(a)));
        CHECK(matches(silu(x), silu_slope(a)));
        CHECK(matches(gelu(x), gelu_slope(a)));
        CHECK(matches(softplus(x), softplus_slope(a)));
        CHECK(matches(tanh(x), tanh_slope(a)));
        CHECK(matches(erf(x), erf_slope(a)));
        CHECK(matches(relu(x), relu_slope(a)));
        CHECK_FALSE(matches(gelu(x), silu_slope(a)));
    }
}

TEST_CASE("nested dual numbers give second derivatives") {
    samples::Source source(32);
    for (int i = 0; i < 20; ++i) {
        const auto a = samples::draw<Rational>(source);
        const auto twice = rational_function(Dual<Dual<Rational>>({a, 1}, {1, 0}));
        const auto series = rational_function(a + Series<Rational, 3>::variable());
        REQUIRE(twice.value.tangent == series[1]);
        REQUIRE(twice.tangent.value == series[1]);
        REQUIRE(twice.tangent.tangent == 2 * series[2]);
    }
    const M a("0.6");
    const Dual<Dual<M>> x({a, M(1)}, {M(1), M(0)});
    CHECK(abs(sin(x).tangent.tangent + sin(a)) < M("1e-49"));
    CHECK(abs(gelu(x).tangent.tangent - gelu_slope(Dual<M>::variable(a)).tangent) < M("1e-48"));
}

TEST_CASE("dual numbers and series nest in either order") {
    using S = Series<Rational, 4>;
    using Inner = Series<Dual<Rational>, 4>;
    const Dual<S> outer = exp(Dual<S>(S::variable(), 1) * 3);
    const Inner inner = exp((Inner(Dual<Rational>(0, 1)) + Inner::variable()) * 3);
    for (std::size_t k = 0; k < 4; ++k) {
        CHECK(outer.value[k] == inner[k].value);
        CHECK(outer.tangent[k] == inner[k].tangent);
    }
}

TEST_CASE("a dual number takes the branches of its value; relu's slope at the kink is 0") {
    using D = Dual<Rational>;
    CHECK_FALSE(D(0, -1) < 0);
    CHECK_FALSE(D(0, 1) > 0);
    CHECK(D(-1, 5) < 0);
    CHECK(D(1, 2) <= D(1, 1));
    CHECK(D(1, 2) >= D(1, 3));
    CHECK_FALSE(D(1, 2) == D(1, 3));
    CHECK(relu(D(2, 3)) == D(2, 3));
    CHECK(relu(D(-2, 3)) == D(0, 0));
    CHECK(relu(D(0, 3)) == D(0, 0));
    CHECK(relu_slope(D(2, 3)) == D(1, 0));
}

TEST_CASE("over exact scalars functions exist at their rational point only") {
    CHECK(exp(Dual<Rational>(0, 3)) == Dual<Rational>(1, 3));
    CHECK_THROWS_AS(exp(Dual<Rational>(1, 3)), std::domain_error);
    CHECK_THROWS_AS(sqrt(Dual<Rational>(4, 3)), std::domain_error);
}
