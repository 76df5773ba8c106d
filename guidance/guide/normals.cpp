#include "guidance/guide/normals.hpp"

#include "scalar/philox.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace costate::guidance {

namespace {

// (k + ½)/2⁵³ for the upper 53 bits k; k + ½ is no double for the largest k, where the sum is rounded to 2⁵³ - 1 or below
double open_uniform(std::uint32_t high, std::uint32_t low) {
    const std::uint64_t k = ((static_cast<std::uint64_t>(high) << 32) | low) >> 11;
    constexpr double below_one = 1 - 0x1p-53;
    return std::fmin((static_cast<double>(k) + 0.5) * 0x1p-53, below_one);
}

struct Pair {
    double first, second;
};

Pair uniforms(std::uint64_t seed, std::uint32_t image, Draw draw, std::uint32_t index, std::size_t block) {
    const auto w = philox({static_cast<std::uint32_t>(block), index, static_cast<std::uint32_t>(draw), image},
                          {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    return {open_uniform(w[0], w[1]), open_uniform(w[2], w[3])};
}

}  // namespace

template <class T>
void NormalSource::fill(Draw draw, std::uint32_t index, std::span<T> out) const {
    for (std::size_t i = 0; i < out.size(); i += 2) {
        const Pair u = uniforms(seed_, image_, draw, index, i / 2);
        const double radius = std::sqrt(-2 * std::log(u.first)), angle = 2 * std::numbers::pi * u.second;
        out[i] = static_cast<T>(radius * std::cos(angle));
        if (i + 1 < out.size()) out[i + 1] = static_cast<T>(radius * std::sin(angle));
    }
}

double NormalSource::uniform(Draw draw, std::uint32_t index, std::size_t i) const {
    const Pair u = uniforms(seed_, image_, draw, index, i / 2);
    return i % 2 == 0 ? u.first : u.second;
}

template void NormalSource::fill(Draw, std::uint32_t, std::span<float>) const;
template void NormalSource::fill(Draw, std::uint32_t, std::span<double>) const;

}  // namespace costate::guidance
