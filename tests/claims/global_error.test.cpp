// The principal error of an interval, against closed forms.
#include "claims/measure/global_error.hpp"

#include <catch2/catch.hpp>

using namespace costate;
using namespace costate::claims;

namespace {

// ẋ = x
const Autonomous<Mpfr50> growth = [](std::span<const RealSeries> y, std::span<RealSeries> slope) { slope[0] = y[0]; };

}  // namespace

// (1 + h)ᴺ = e^T (1 - hT/2 + …), and for the methods of order 2 e^T (1 - h²T/6 + …).
TEST_CASE("the principal error of exponential growth is the textbook's") {
    const Mpfr50 T = Mpfr50(1) / 4;
    for (const auto& [name, q, factor] : {std::tuple{"euler", 2, 2}, {"midpoint", 3, 6}, {"heun", 3, 6}}) {
        INFO(name);
        const GlobalError found = global_error(ode::find_tableau(name), static_cast<std::size_t>(q), growth, {Mpfr50(1)}, T, 2);
        const Mpfr50 expected = -T * exp(T) / factor;
        CHECK(abs(found.end[0] - exp(T)) < Mpfr50("1e-7"));
        CHECK(abs(found.error[0] - expected) < Mpfr50("1e-6") * abs(expected));
        const GlobalError other =
            global_error(ode::find_tableau("kutta3"), static_cast<std::size_t>(q), growth, {Mpfr50(1)}, T, 2);
        CHECK(other.error[0] == 0);
    }
}

TEST_CASE(
    "Simpson's rule integrates cubics exactly and backwards with the "
    "other sign") {
    const auto cubic = [](const Mpfr50& s) { return std::vector<Mpfr50>{s * s * s, Mpfr50(1)}; };
    const auto forwards = simpson(Mpfr50(2), cubic), backwards = simpson(Mpfr50(-2), cubic);
    CHECK(abs(forwards[0] - 4) < Mpfr50("1e-45"));
    CHECK(abs(forwards[1] - 2) < Mpfr50("1e-45"));
    CHECK(abs(backwards[0] - 4) < Mpfr50("1e-45"));
    CHECK(abs(backwards[1] + 2) < Mpfr50("1e-45"));
}
