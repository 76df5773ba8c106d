#include "scalar/prime_field.hpp"
#include "scalar/traits.hpp"

#include <catch2/catch.hpp>

using costate::PrimeField;

TEST_CASE("division undoes multiplication in the prime field") {
    for (std::uint64_t seed = 1; seed < 200; ++seed) {
        const auto a = PrimeField::from_residue(seed * 0x9E3779B97F4A7C15u);
        const auto b = PrimeField::from_residue(seed * 0xBF58476D1CE4E5B9u);
        CHECK(a * b / b == a);
        CHECK(a - b + b == a);
        CHECK(a + -a == PrimeField{});
    }
    CHECK_THROWS_AS(PrimeField{1} / PrimeField{0}, std::domain_error);
}

TEST_CASE("a rational enters the prime field as numerator times inverse denominator") {
    const auto third = costate::from_rational<PrimeField>(costate::ratio(-1, 3));
    CHECK(third * PrimeField{3} == PrimeField{-1});
}
