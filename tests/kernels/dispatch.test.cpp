// The choice of the instruction set.
#include "kernels/simd/table.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace costate::kernels;

TEST_CASE("the widest instruction set is chosen unless one is named", "[quick]") {
    const auto isas = supported_isas();
    REQUIRE(isas.front() == Isa::baseline);
    CHECK(choose_isa("") == isas.back());
    for (const Isa isa : isas) {
        CHECK(choose_isa(name(isa)) == isa);
        CHECK(simd::table<double>(isa).isa == isa);
        CHECK(simd::table<float>(isa).isa == isa);
    }
    CHECK_THROWS_WITH(choose_isa("avx1024"), Catch::Contains("avx1024") && Catch::Contains("baseline, avx2 or avx512"));
}

TEST_CASE("an instruction set that the machine lacks is refused", "[quick]") {
    for (const Isa isa : {Isa::avx2, Isa::avx512}) {
        if (supported(isa)) continue;
        CHECK_THROWS_AS(choose_isa(name(isa)), std::runtime_error);
        CHECK_THROWS_AS(simd::table<double>(isa), std::runtime_error);
    }
}

TEST_CASE("COSTATE_ISA decides at the first use, and a mistake in it is not remembered", "[quick]") {
    REQUIRE(setenv("COSTATE_ISA", "neon", 1) == 0);
    CHECK_THROWS_AS(chosen_isa(), std::invalid_argument);
    REQUIRE(setenv("COSTATE_ISA", "baseline", 1) == 0);
    CHECK(chosen_isa() == Isa::baseline);
    CHECK(simd::table<double>().isa == Isa::baseline);
    REQUIRE(unsetenv("COSTATE_ISA") == 0);
    CHECK(chosen_isa() == Isa::baseline);  // kept
}
