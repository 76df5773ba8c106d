// The shape of what a model samples.
#pragma once

#include <cstddef>
#include <string>

namespace costate::guidance {

/// x[(c · height + i) · width + j]: channels of rows of pixels, as networks take them. A plain vector of d values is {1, 1, d}.
struct ImageShape {
    std::size_t channels = 1, height = 1, width = 1;

    [[nodiscard]] constexpr std::size_t pixels() const { return height * width; }
    [[nodiscard]] constexpr std::size_t size() const { return channels * pixels(); }
    /// Whether it has rows and columns; a plain vector has not.
    [[nodiscard]] constexpr bool is_image() const { return height > 1 && width > 1; }
    friend constexpr bool operator==(const ImageShape&, const ImageShape&) = default;
};

/// "28x28", "3x64x64", of a plain vector "50 values"; for messages.
[[nodiscard]] inline std::string to_string(const ImageShape& shape) {
    if (!shape.is_image() && shape.channels == 1) return std::to_string(shape.size()) + " values";
    const std::string plane = std::to_string(shape.height) + "x" + std::to_string(shape.width);
    return shape.channels == 1 ? plane : std::to_string(shape.channels) + "x" + plane;
}

}  // namespace costate::guidance
