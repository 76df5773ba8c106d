#include "scalar/traits.hpp"
#include "tests/scalar/samples.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace costate;
using Integer = boost::multiprecision::number<boost::multiprecision::gmp_int, boost::multiprecision::et_off>;

namespace {

PrimeField image(const Rational& q) { return from_rational<PrimeField>(q); }

// numerator alone: additive on integers, no map of fractions
PrimeField without_denominator(const Rational& q) { return image(Rational(numerator(q))); }

template <class Map>
bool homomorphism(Map f) {
    samples::Source source(4);
    for (int i = 0; i < 300; ++i) {
        const auto a = samples::draw<Rational>(source), b = samples::draw<Rational>(source);
        const bool sums = f(a + b) == f(a) + f(b) && f(a - b) == f(a) - f(b);
        const bool products = f(a * b) == f(a) * f(b) && f(a / b) == f(a) / f(b);
        if (!sums || !products) return false;
    }
    return f(Rational(1)) == PrimeField(1) && f(Rational(0)) == PrimeField(0);
}

}  // namespace

TEST_CASE("products and inverses agree with GMP's integers") {
    const Integer p = PrimeField::modulus;
    samples::Source source(1);
    for (int i = 0; i < 500; ++i) {
        const auto a = samples::draw<PrimeField>(source), b = samples::draw<PrimeField>(source);
        const Integer product = Integer(a.residue()) * b.residue() % p;
        REQUIRE((a * b).residue() == static_cast<std::uint64_t>(product));
        REQUIRE(a * a.inverse() == PrimeField(1));
    }
    const auto largest = PrimeField::from_residue(PrimeField::modulus - 1);
    CHECK(largest * largest == PrimeField(1));
    CHECK(largest + largest == PrimeField(-2));
    CHECK_THROWS_AS(PrimeField(1) / PrimeField(0), std::domain_error);
}

TEST_CASE("integers of every type enter the prime field as their residue") {
    const Integer p = PrimeField::modulus;
    const auto residue = [&](Integer n) {
        n %= p;
        return static_cast<std::uint64_t>(n < 0 ? Integer(n + p) : n);
    };
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto greatest = std::numeric_limits<std::uint64_t>::max();
    CHECK(PrimeField(least).residue() == residue(Integer(least)));
    CHECK(PrimeField(least + 1).residue() == residue(Integer(least + 1)));
    CHECK(PrimeField(greatest).residue() == residue(Integer(greatest)));
    CHECK(PrimeField(-1LL).residue() == PrimeField::modulus - 1);
    CHECK(PrimeField(std::size_t{5}) == PrimeField(5));
    CHECK(PrimeField(static_cast<std::int64_t>(PrimeField::modulus)) == PrimeField(0));
    CHECK(PrimeField(-static_cast<std::int64_t>(PrimeField::modulus)) == PrimeField(0));
    STATIC_REQUIRE(PrimeField(6) / PrimeField(3) == PrimeField(2));
}

TEST_CASE("from_rational is a homomorphism into the prime field") {
    CHECK(homomorphism(image));
    CHECK_FALSE(homomorphism(without_denominator));
    CHECK(image(ratio(-1, 3)) * PrimeField(3) == PrimeField(-1));
    Rational large(1);
    for (int i = 0; i < 200; ++i) large *= Rational(1000003);
    PrimeField power(1);
    for (int i = 0; i < 200; ++i) power *= PrimeField(1000003);
    CHECK(image(large) == power);
    CHECK(image(1 / large) * power == PrimeField(1));
    CHECK(image(-large) == -power);
}

TEST_CASE("a denominator divisible by the modulus has no image") {
    CHECK_THROWS_AS(image(Rational(1) / Rational(PrimeField::modulus)), std::domain_error);
}
