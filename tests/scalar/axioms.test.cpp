// The axioms of a commutative ring with the inverses of units, in every scalar, with ==.
#include "tests/scalar/samples.hpp"

#include <catch2/catch.hpp>

using namespace costate;

namespace {

template <class T>
bool ring_axioms(const T& a, const T& b, const T& c) {
    const T zero(0), one(1);
    const bool sums = (a + b) + c == a + (b + c) && a + b == b + a && a + zero == a && a + -a == zero && a - b == a + -b;
    const bool products = (a * b) * c == a * (b * c) && a * b == b * a && a * one == a && a * zero == zero;
    return sums && products && a * (b + c) == a * b + a * c && (a + b) * c == a * c + b * c;
}

template <class T>
bool assignments(const T& a, const T& b) {
    T sum = a, difference = a, product = a, square = a;
    sum += b;
    difference -= b;
    product *= b;
    square *= square;
    return sum == a + b && difference == a - b && product == a * b && square == a * a;
}

template <class T>
bool division(const T& a, const T& b) {
    T quotient = a;
    quotient /= b;
    return (a * b) / b == a && quotient == a / b && b / b == T(1);
}

// (a, b)(c, d) = (ac, ad): a product rule with one term lost. The axioms have to notice.
struct LostTerm {
    int value = 0, tangent = 0;
    LostTerm(int v) : value(v) {}
    LostTerm(int v, int t) : value(v), tangent(t) {}
    friend LostTerm operator+(LostTerm a, LostTerm b) { return {a.value + b.value, a.tangent + b.tangent}; }
    friend LostTerm operator-(LostTerm a, LostTerm b) { return {a.value - b.value, a.tangent - b.tangent}; }
    friend LostTerm operator*(LostTerm a, LostTerm b) { return {a.value * b.value, a.value * b.tangent}; }
    LostTerm operator-() const { return {-value, -tangent}; }
    friend bool operator==(LostTerm, LostTerm) = default;
};

}  // namespace

TEMPLATE_TEST_CASE("ring axioms hold with ==", "", float, double, long double, Mpfr50, Mpfr100, Rational, PrimeField,
                   (Series<Rational, 5>), (Series<PrimeField, 9>), (Series<Mpfr50, 2>), Dual<Rational>, Dual<PrimeField>,
                   Dual<float>, Dual<Dual<Rational>>, (Dual<Series<Rational, 3>>), (Series<Dual<PrimeField>, 4>),
                   (Series<Series<Rational, 2>, 3>)) {
    STATIC_REQUIRE(Scalar<TestType>);
    samples::Source source(20);
    for (int i = 0; i < 50; ++i) {
        const auto a = samples::draw<TestType>(source), b = samples::draw<TestType>(source), c = samples::draw<TestType>(source);
        REQUIRE(ring_axioms(a, b, c));
        REQUIRE(assignments(a, b));
        REQUIRE(a + 2 == a + TestType(2));
        REQUIRE(2 - a == TestType(2) - a);
        REQUIRE(3 * a == a + a + a);
        REQUIRE(a * 3 == a + a + a);
    }
}

TEMPLATE_TEST_CASE("division by a unit undoes multiplication", "", float, double, long double, Mpfr50, Mpfr100, Rational,
                   PrimeField, (Series<Rational, 5>), (Series<PrimeField, 9>), Dual<Rational>, Dual<PrimeField>, Dual<Dual<Rational>>,
                   (Dual<Series<Rational, 3>>), (Series<Dual<PrimeField>, 4>), (Series<Series<Rational, 2>, 3>)) {
    samples::Source source(21);
    for (int i = 0; i < 50; ++i) {
        const auto a = samples::draw<TestType>(source), b = samples::draw<TestType>(source);
        REQUIRE(is_unit(b));
        REQUIRE(division(a, b));
        REQUIRE(a / 2 == a / TestType(2));
        REQUIRE(2 / b == TestType(2) / b);
    }
}

TEST_CASE("the axioms notice a product rule that lost a term") {
    CHECK(ring_axioms(LostTerm(2), LostTerm(3), LostTerm(5)));
    CHECK_FALSE(ring_axioms(LostTerm(2, 1), LostTerm(3, 1), LostTerm(5, 2)));
}

TEST_CASE("a divisor without inverse is refused in exact arithmetic") {
    using S = Series<Rational, 4>;
    CHECK_FALSE(is_unit(S::variable()));
    CHECK_FALSE(is_unit(Dual<Rational>(0, 1)));
    CHECK_THROWS_AS(S(1) / S::variable(), std::domain_error);
    CHECK_THROWS_AS(S(1) / ratio(0), std::domain_error);
    CHECK_THROWS_AS((Series<double, 4>(1) / Series<double, 4>::variable()), std::domain_error);
    CHECK_THROWS_AS((Series<Dual<Rational>, 2>(1) / Series<Dual<Rational>, 2>(Dual<Rational>(0, 1))), std::domain_error);
    CHECK_THROWS_AS(Dual<PrimeField>(1) / Dual<PrimeField>(0, 1), std::domain_error);
}

TEST_CASE("the traits say what each scalar can do") {
    STATIC_REQUIRE(TranscendentalScalar<Mpfr100>);
    STATIC_REQUIRE(TranscendentalScalar<Series<Dual<float>, 3>>);
    STATIC_REQUIRE_FALSE(TranscendentalScalar<Series<Rational, 3>>);
    STATIC_REQUIRE_FALSE(TranscendentalScalar<PrimeField>);
    STATIC_REQUIRE(ExactScalar<Dual<Series<PrimeField, 2>>>);
    STATIC_REQUIRE_FALSE(ExactScalar<Dual<double>>);
    STATIC_REQUIRE(OrderedScalar<Series<Rational, 3>>);
    STATIC_REQUIRE_FALSE(OrderedScalar<Dual<PrimeField>>);
    CHECK(ScalarTraits<Series<Mpfr50, 3>>::digits10 == 50);
    CHECK(ScalarTraits<Dual<Rational>>::digits10 == 0);
    CHECK(from_rational<Series<Rational, 3>>(ratio(2, 3)) == ratio(2, 3));
    CHECK(from_rational<Dual<double>>(ratio(1, 4)) == Dual<double>(0.25));
    CHECK(ScalarTraits<Dual<Mpfr50>>::to_double(Dual<Mpfr50>(3, 4)) == 3.0);
    CHECK(ScalarTraits<Series<float, 2>>::to_double(Series<float, 2>(5)) == 5.0);
}
