#include "guidance/study_random.hpp"

#include "scalar/multiprecision.hpp"

#include <boost/math/constants/constants.hpp>

namespace costate::guidance {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
    constexpr std::uint64_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
    constexpr std::uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = multiplier_0 * counter[0], p1 = multiplier_1 * counter[2];
        counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
                   static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
        key = {key[0] + weyl_0, key[1] + weyl_1};
    }
    return counter;
}

namespace {

// (k + ½) / 2⁵³ for the upper 53 bits k: never 0 and never 1
Mpfr50 uniform(std::uint32_t high, std::uint32_t low) {
    const std::uint64_t bits = ((static_cast<std::uint64_t>(high) << 32) | low) >> 11;
    return (Mpfr50(bits) + Mpfr50(0.5)) / Mpfr50(std::uint64_t{1} << 53);
}

}  // namespace

std::vector<double> standard_normals(std::uint64_t seed, std::uint32_t stream, std::size_t count) {
    const Mpfr50 two_pi = boost::math::constants::two_pi<Mpfr50>();
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; i += 2) {
        const std::uint64_t block = i / 2;
        const auto words = philox({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), stream, 0},
                                  {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
        const Mpfr50 radius = sqrt(Mpfr50(-2) * log(uniform(words[0], words[1])));
        const Mpfr50 angle = two_pi * uniform(words[2], words[3]);
        values[i] = static_cast<float>(radius * cos(angle));
        if (i + 1 < count) values[i + 1] = static_cast<float>(radius * sin(angle));
    }
    return values;
}

}  // namespace costate::guidance
