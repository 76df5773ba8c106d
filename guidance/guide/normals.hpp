// Normal and uniform numbers of one image: the same for any batch, any order and any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace costate::guidance {

/// What the numbers are for; different draws of one image are independent.
enum class Draw : std::uint32_t { start, restart, measurement, mask, operator_rows, step, probe, bootstrap, data };

/// w = philox(counter = {block, index, draw, image}, key = seed), u₁ from w₀w₁ and u₂ from w₂w₃, each (k + ½)/2⁵³ of 53 bits:
///   uniforms u₁, u₂;  normals √(-2 log u₁) (cos 2πu₂, sin 2πu₂), in double (Box and Muller 1958).
/// A value without state: what it returns depends on its arguments alone, so threads may share it. `index` tells apart the uses of one
/// draw (the step of a sampler, the number of a restart). Where one (draw, index) gives uniforms, take no normals from it.
/// Uniforms are the same on every machine; of normals the last bit is the mathematical library's.
class NormalSource {
public:
    explicit NormalSource(std::uint64_t seed, std::uint32_t image = 0) : seed_(seed), image_(image) {}

    /// out[i] ~ N(0, 1), i < 2³³. A longer span begins with the values of a shorter one.
    template <class T>
    void fill(Draw draw, std::uint32_t index, std::span<T> out) const;
    /// The i-th number, uniform in the open interval (0, 1), i < 2³³.
    [[nodiscard]] double uniform(Draw draw, std::uint32_t index, std::size_t i) const;

private:
    std::uint64_t seed_;
    std::uint32_t image_;
};

extern template void NormalSource::fill(Draw, std::uint32_t, std::span<float>) const;
extern template void NormalSource::fill(Draw, std::uint32_t, std::span<double>) const;

}  // namespace costate::guidance
