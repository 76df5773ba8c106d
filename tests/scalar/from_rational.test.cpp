// from_rational against the C library's strtof, strtod, strtold (correctly rounded in glibc) and against ties made by hand.
#include "scalar/traits.hpp"
#include "tests/scalar/samples.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

using namespace costate;

namespace {

Rational power(int base, int exponent) {
    Rational r(1);
    for (int i = 0; i < std::abs(exponent); ++i) r *= base;
    return exponent < 0 ? Rational(1 / r) : r;
}

// digits · 10^exponent, once as text for the C library and once as a rational
struct Decimal {
    std::string digits;
    int exponent;
    [[nodiscard]] std::string text() const { return digits + "e" + std::to_string(exponent); }
    [[nodiscard]] Rational rational() const { return Rational(digits) * power(10, exponent); }
};

Decimal draw_decimal(samples::Source& source, int exponents) {
    std::string digits = source.integer(1) > 0 ? "-" : "";
    digits += static_cast<char>('1' + source.bits() % 9);
    for (auto n = source.bits() % 30; n > 0; --n) digits += static_cast<char>('0' + source.bits() % 10);
    return {digits, source.integer(exponents)};
}

// What one would write without thinking: two roundings to nearest.
double twice_rounded(const Rational& q) { return static_cast<double>(from_rational<Mpfr50>(q)); }

template <class T>
void check_ties(int bits) {
    const Rational half_ulp = power(2, -bits), speck = power(2, -400);
    const T ulp = std::numeric_limits<T>::epsilon();
    CHECK(from_rational<T>(1 + half_ulp) == T(1));  // ties go to the even neighbour
    CHECK(from_rational<T>(1 + 3 * half_ulp) == T(1) + 2 * ulp);
    CHECK(from_rational<T>(1 + half_ulp + speck) == T(1) + ulp);  // and 10⁻¹²⁰ beside a tie decides
    CHECK(from_rational<T>(1 + half_ulp - speck) == T(1));
    CHECK(from_rational<T>(1 + 3 * half_ulp - speck) == T(1) + ulp);
    CHECK(from_rational<T>(-1 - half_ulp - speck) == T(-1) - ulp);
    CHECK(from_rational<T>(Rational(0)) == T(0));
}

template <class T>
void check_ends() {
    using Limits = std::numeric_limits<T>;
    const Rational least = power(2, Limits::min_exponent - Limits::digits), speck = power(2, -20000);
    const T denormal = Limits::denorm_min();
    CHECK(from_rational<T>(least) == denormal);
    CHECK(from_rational<T>(least / 2) == T(0));
    CHECK(from_rational<T>(least / 2 + speck) == denormal);
    CHECK(from_rational<T>(least * 3 / 2 - speck) == denormal);
    CHECK(from_rational<T>(-least * 3 / 2) == -2 * denormal);
    const Rational largest = power(2, Limits::max_exponent) - power(2, Limits::max_exponent - Limits::digits);
    const Rational tie = power(2, Limits::max_exponent) - power(2, Limits::max_exponent - Limits::digits - 1);
    CHECK(from_rational<T>(largest) == Limits::max());
    CHECK(from_rational<T>(tie - 1) == Limits::max());
    CHECK(from_rational<T>(tie) == Limits::infinity());
    CHECK(from_rational<T>(-tie) == -Limits::infinity());
}

}  // namespace

TEST_CASE("decimal fractions round as the C library rounds them") {
    samples::Source source(7);
    for (int i = 0; i < 1500; ++i) {
        const auto d = draw_decimal(source, 345);
        REQUIRE(from_rational<double>(d.rational()) == std::strtod(d.text().c_str(), nullptr));
        REQUIRE(from_rational<long double>(d.rational()) == std::strtold(d.text().c_str(), nullptr));
        const auto f = draw_decimal(source, 60);
        REQUIRE(from_rational<float>(f.rational()) == std::strtof(f.text().c_str(), nullptr));
    }
}

TEST_CASE("published hard cases of decimal conversion") {
    // Paxson, "A program for testing IEEE decimal-binary conversion" (1991); and the number that hung PHP and Java
    for (const Decimal& d :
         {Decimal{"5", 125}, Decimal{"69", 267}, Decimal{"999", -26}, Decimal{"7861", -34}, Decimal{"75569", -254},
          Decimal{"928609", -261}, Decimal{"9210917", 80}, Decimal{"84863171", 114}, Decimal{"653777767", 273},
          Decimal{"22250738585072011", -324}, Decimal{"22250738585072014", -324}, Decimal{"9007199254740993", 0}}) {
        CHECK(from_rational<double>(d.rational()) == std::strtod(d.text().c_str(), nullptr));
    }
}

TEST_CASE("ties, near ties, subnormal numbers and overflow are rounded once") {
    check_ties<float>(24);
    check_ties<double>(53);
    check_ties<long double>(64);
    check_ends<float>();
    check_ends<double>();
    check_ends<long double>();
}

TEST_CASE("two roundings to nearest are not one") {
    const Rational q = 1 + power(2, -53) + power(2, -400);
    CHECK(twice_rounded(q) == 1.0);
    CHECK(from_rational<double>(q) == 1.0 + std::numeric_limits<double>::epsilon());
    CHECK(ScalarTraits<Rational>::to_double(q) == from_rational<double>(q));
}

TEST_CASE("a rational enters MPFR as its nearest neighbour") {
    samples::Source source(9);
    for (int i = 0; i < 200; ++i) {
        const auto q = samples::draw<Rational>(source);
        REQUIRE(from_rational<Mpfr50>(q) == Mpfr50(numerator(q)) / Mpfr50(denominator(q)));  // one rounding: the integers are small
        REQUIRE(from_rational<Mpfr100>(q) == Mpfr100(numerator(q)) / Mpfr100(denominator(q)));
    }
    CHECK(from_rational<Mpfr50>(ratio(1, 3)) != Mpfr50(1.0 / 3.0));
}
