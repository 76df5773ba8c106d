#include "guidance/study_random.hpp"

#include "scalar/multiprecision.hpp"

#include <boost/math/constants/constants.hpp>

namespace costate::guidance {

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
