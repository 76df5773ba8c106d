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
        const GlobalError found = global_error(ode::find_tableau(name), static_cast<std::size_t>(q), growth, {Mpfr50(1)}, T);
        const Mpfr50 expected = -T * exp(T) / factor;
        CHECK(abs(found.end[0] - exp(T)) < Mpfr50("1e-7"));
        CHECK(abs(found.error[0] - expected) < Mpfr50("1e-6") * abs(expected));
        const GlobalError other =
            global_error(ode::find_tableau("kutta3"), static_cast<std::size_t>(q), growth, {Mpfr50(1)}, T);
        CHECK(other.error[0] == 0);
    }
}

// ∫ s⁹ = T¹⁰/10; of s¹⁰ five nodes miss  T¹¹ (5!)⁴ / (11 (10!)²), the remainder of Gauss' rule for f⁽¹⁰⁾ = 10!.
TEST_CASE("five nodes integrate degree 9 exactly, not degree 10, and backwards with the other sign") {
    const auto powers = [](const Mpfr50& s) { return std::vector<Mpfr50>{pow(s, 9), Mpfr50(1), pow(s, 10)}; };
    const auto forwards = integral(Mpfr50(2), powers), backwards = integral(Mpfr50(-2), powers);
    CHECK(abs(forwards[0] - Mpfr50(1024) / 10) < Mpfr50("1e-44"));
    CHECK(abs(forwards[1] - 2) < Mpfr50("1e-45"));
    CHECK(abs(backwards[0] - Mpfr50(1024) / 10) < Mpfr50("1e-44"));
    CHECK(abs(backwards[1] + 2) < Mpfr50("1e-45"));
    const Mpfr50 missed = Mpfr50(2048) * 207360000 / (Mpfr50(11) * 3628800 * 3628800);
    CHECK(abs(Mpfr50(2048) / 11 - forwards[2] - missed) < Mpfr50("1e-44"));
}
