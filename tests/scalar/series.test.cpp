// Power series over ℚ with ==: the ring, and every recurrence against published Taylor coefficients and functional identities.
#include "scalar/series_functions.hpp"

#include "tests/scalar/samples.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <sstream>

using namespace costate;

namespace {

constexpr std::size_t terms = 16;
using Q = Series<Rational, terms>;
const Q h = Q::variable();

template <class Coefficient>
Q tabulated(Coefficient coefficient) {
    Q s;
    for (std::size_t k = 0; k < terms; ++k) s[k] = coefficient(static_cast<int>(k));
    return s;
}

Rational factorial(int n) { return n < 2 ? Rational(1) : Rational(n * factorial(n - 1)); }
Rational sign(int k) { return k % 2 == 0 ? 1 : -1; }
Rational power_of_two(int n) { return n == 0 ? Rational(1) : Rational(2 * power_of_two(n - 1)); }

// NIST Digital Library of Mathematical Functions, section 24.2: B₀, B₂, B₄, … and E₀, E₂, …
const std::array<Rational, 9> bernoulli{ratio(1),      ratio(1, 6),        ratio(-1, 30), ratio(1, 42),     ratio(-1, 30),
                                        ratio(5, 66), ratio(-691, 2730), ratio(7, 6),   ratio(-3617, 510)};
const std::array<Rational, 8> euler{ratio(1),    ratio(-1),     ratio(5),       ratio(-61),
                                    ratio(1385), ratio(-50521), ratio(2702765), ratio(-199360981)};

// DLMF 4.33.3: tanh h = Σ 2^{2n}(2^{2n}-1)B_{2n} h^{2n-1}/(2n)!
Rational tanh_coefficient(int k) {
    if (k % 2 == 0) return 0;
    const Rational p = power_of_two(k + 1);
    return p * (p - 1) * bernoulli[static_cast<std::size_t>(k + 1) / 2] / factorial(k + 1);
}

template <class S>
S vanishing_at_zero(samples::Source& source) {
    S u = samples::draw<S>(source);
    u[0] = typename S::Coefficient(0);
    return u;
}

// all but the last coefficient, which a derivative does not know
template <class S>
bool same_but_last(const S& a, const S& b) {
    for (std::size_t k = 0; k + 1 < S::size(); ++k) {
        if (!(a[k] == b[k])) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("Taylor coefficients from the literature") {
    CHECK(exp(h) == tabulated([](int k) { return Rational(1 / factorial(k)); }));
    CHECK(log(1 + h) == tabulated([](int k) { return k == 0 ? Rational(0) : Rational(-sign(k) / k); }));
    CHECK(log1p(h) == log(1 + h));
    CHECK(sin(h) == tabulated([](int k) { return k % 2 == 0 ? Rational(0) : Rational(sign(k / 2) / factorial(k)); }));
    CHECK(cos(h) == tabulated([](int k) { return k % 2 == 1 ? Rational(0) : Rational(sign(k / 2) / factorial(k)); }));
    CHECK(tanh(h) == tabulated(tanh_coefficient));
    CHECK(sigmoid(h) == tabulated([](int k) {  // σ(h) = ½ + ½ tanh(h/2)
              return k == 0 ? ratio(1, 2) : Rational(tanh_coefficient(k) / power_of_two(k + 1));
          }));
    CHECK(gauss_integral(h) == tabulated([](int k) {  // DLMF 7.6.1 without 2/√π
              return k % 2 == 0 ? Rational(0) : Rational(sign(k / 2) / (factorial(k / 2) * k));
          }));
    CHECK(sqrt(1 + h) == tabulated([](int k) {  // binomial(½, k)
              Rational b(1);
              for (int j = 0; j < k; ++j) b *= (ratio(1, 2) - j) / (j + 1);
              return b;
          }));
    CHECK(1 / (1 - h) == tabulated([](int) { return Rational(1); }));
    CHECK(1 / cos(h) == tabulated([](int k) {  // DLMF 4.19.5
              return k % 2 == 1 ? Rational(0) : Rational(sign(k / 2) * euler[static_cast<std::size_t>(k / 2)] / factorial(k));
          }));
    CHECK(1 / tabulated([](int k) { return Rational(1 / factorial(k + 1)); }) == tabulated([](int k) {  // h/(eʰ - 1), DLMF 24.2.1
              if (k == 1) return ratio(-1, 2);
              return k % 2 == 1 ? Rational(0) : Rational(bernoulli[static_cast<std::size_t>(k / 2)] / factorial(k));
          }));
}

TEMPLATE_TEST_CASE("functional identities hold with ==", "", (Series<Rational, 7>), (Series<PrimeField, 20>),
                   (Series<Series<Rational, 3>, 4>), (Series<Rational, 1>)) {
    using S = TestType;
    samples::Source source(11);
    for (int i = 0; i < 5; ++i) {
        const S u = vanishing_at_zero<S>(source) * (S(1) - S::variable()), w = vanishing_at_zero<S>(source);
        S x = u;
        if constexpr (!ScalarTraits<typename S::Coefficient>::transcendental && is_expansion<typename S::Coefficient>) {
            x[0] = S::Coefficient::variable();  // a constant term that is itself an expansion about 0
        }
        const S one(1);
        REQUIRE(log(exp(x)) == x);
        REQUIRE(exp(log(one + x)) == one + x);
        REQUIRE(log1p(x) == log(one + x));
        REQUIRE(sqrt(one + x) * sqrt(one + x) == one + x);
        REQUIRE(exp(x + w) == exp(x) * exp(w));
        REQUIRE(sin(x) * sin(x) + cos(x) * cos(x) == one);
        REQUIRE(sin(x + w) == sin(x) * cos(w) + cos(x) * sin(w));
        REQUIRE(tanh(x) * (exp(x) + exp(-x)) == exp(x) - exp(-x));
        REQUIRE(sigmoid(x) * (one + exp(-x)) == one);
        REQUIRE(tanh_slope(x) == one - tanh(x) * tanh(x));
        REQUIRE(silu(x) == x * sigmoid(x));
        REQUIRE(exp(x) * (x / exp(x)) == x);
    }
}

TEMPLATE_TEST_CASE("derivatives of compositions obey the chain rule with ==", "", (Series<Rational, 8>), (Series<PrimeField, 20>)) {
    using S = TestType;
    samples::Source source(12);
    for (int i = 0; i < 5; ++i) {
        const S u = vanishing_at_zero<S>(source), du = u.derivative();
        REQUIRE(same_but_last(exp(u).derivative(), exp(u) * du));
        REQUIRE(same_but_last(log(1 + u).derivative(), du / (1 + u)));
        REQUIRE(same_but_last(sin(u).derivative(), cos(u) * du));
        REQUIRE(same_but_last(cos(u).derivative(), -sin(u) * du));
        REQUIRE(same_but_last(tanh(u).derivative(), tanh_slope(u) * du));
        REQUIRE(same_but_last(sqrt(1 + u).derivative() * 2 * sqrt(1 + u), du));
        REQUIRE(same_but_last(sigmoid(u).derivative(), sigmoid_slope(u) * du));
        REQUIRE(same_but_last(silu(u).derivative(), silu_slope(u) * du));
        REQUIRE(same_but_last(gauss_integral(u).derivative(), exp(-u * u) * du));
        REQUIRE_FALSE(same_but_last(silu(u).derivative(), sigmoid_slope(u) * du));
        REQUIRE_FALSE(same_but_last(exp(u).derivative(), exp(u)));
    }
}

TEST_CASE("functions over the prime field are the images of those over the rationals") {
    const auto image = [](const Q& s) {
        Series<PrimeField, terms> r;
        for (std::size_t k = 0; k < terms; ++k) r[k] = from_rational<PrimeField>(s[k]);
        return r;
    };
    const Q u = h / (3 - h * h) + 5 * h * h;
    CHECK(image(exp(u)) == exp(image(u)));
    CHECK(image(tanh(u)) == tanh(image(u)));
    CHECK(image(sqrt(1 + u)) == sqrt(image(1 + u)));
    CHECK(image(gauss_integral(u)) == gauss_integral(image(u)));
    CHECK_FALSE(image(exp(u)) == exp(image(-u)));
}

TEST_CASE("a truncated product is the product, truncated") {
    samples::Source source(13);
    using Long = Series<Rational, 12>;
    using Short = Series<Rational, 5>;
    const Long a = samples::draw<Long>(source), b = samples::draw<Long>(source);
    const auto cut = [](const Long& s) {
        Short r;
        for (std::size_t k = 0; k < 5; ++k) r[k] = s[k];
        return r;
    };
    CHECK(cut(a * b) == cut(a) * cut(b));
    CHECK(cut(a / b) == cut(a) / cut(b));
    CHECK_FALSE(cut(a * b) == cut(a) * cut(a));
}

TEST_CASE("valuation, derivative, integral, evaluation and access") {
    const Q s = 3 * h * h - h * h * h / 7;
    CHECK(s.valuation() == 2);
    CHECK(Q().valuation() == terms);
    CHECK(Q(4).valuation() == 0);
    CHECK((tanh(h) - sin(h)).valuation() == 3);
    CHECK(s.derivative() == 6 * h - 3 * h * h / 7);
    CHECK(s.integral() == h * h * h - h * h * h * h / 28);
    CHECK(s.derivative().integral() == s);
    CHECK(s.evaluate(ratio(1, 2)) == ratio(3, 4) - ratio(1, 56));
    CHECK(s.coefficients()[2] == 3);
    CHECK(Series<Rational, 1>::variable() == 0);
    CHECK(Series<Rational, 2>(std::array{ratio(1), ratio(2)}) == 1 + 2 * Series<Rational, 2>::variable());
    std::ostringstream text;
    text << Series<Rational, 2>::variable();
    CHECK(text.str() == "0 + (1)h^1");
}

TEST_CASE("order is that of formal series as h tends to 0 from above") {
    CHECK(h > 0);
    CHECK(h < ratio(1, 1000000));
    CHECK(h * h < h);
    CHECK(-h < 0);
    CHECK(1 - h < 1 - h * h);
    CHECK(h <= h);
    CHECK_FALSE(h < h);
    CHECK(relu(-h) == 0);
    CHECK(relu(h - h * h) == h - h * h);
    CHECK(relu_slope(h) == 1);
    const Series<double, 2> nan(std::numeric_limits<double>::quiet_NaN());
    CHECK_FALSE((nan < 0 || nan > 0 || nan == 0));
}

TEST_CASE("what has no rational value or no power series is refused in one sentence") {
    CHECK_THROWS_WITH(exp(1 + h), Catch::Contains("constant term 0"));
    CHECK_THROWS_WITH(log(2 + h), Catch::Contains("constant term 1"));
    CHECK_THROWS_WITH(log(h), Catch::Contains("constant term"));
    CHECK_THROWS_WITH(sqrt(2 + h), Catch::Contains("constant term 1"));
    CHECK_THROWS_AS(sin(1 + h), std::domain_error);
    CHECK_THROWS_AS(cos(1 + h), std::domain_error);
    CHECK_THROWS_AS(tanh(1 + h), std::domain_error);
    CHECK_THROWS_AS(sigmoid(1 + h), std::domain_error);
    CHECK_THROWS_AS(log1p(1 + h), std::domain_error);
    CHECK_THROWS_AS(sqrt(h), std::domain_error);
    CHECK_THROWS_AS(sqrt(Series<double, 3>::variable()), std::domain_error);
    CHECK_THROWS_AS(log(Series<double, 3>::variable()), std::domain_error);
    CHECK_THROWS_WITH(1 / h, Catch::Contains("valuation"));
}
