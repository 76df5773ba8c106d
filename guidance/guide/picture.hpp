// One picture as its file stores it; what the readers of formats share.
#pragma once

#include "guidance/guide/image_shape.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// samples[(i · width + j) · channels + c] of 0 … most; channels 1 (grey) or 3 (red, green, blue).
struct Picture {
    std::size_t height = 0, width = 0, channels = 1;
    unsigned most = 255;
    std::vector<std::uint16_t> samples;

    [[nodiscard]] ImageShape shape() const { return {channels, height, width}; }
};

/// What a file may ask for.
inline constexpr std::size_t longest_side = std::size_t{1} << 14, most_values = std::size_t{1} << 27;

/// Throws std::runtime_error with a reason (no file name) for a side of 0 or above longest_side, and for too many values.
void check_size(std::size_t count, std::size_t channels, std::size_t height, std::size_t width);

/// The picture in the bytes of a PNG file. Throws std::runtime_error with a reason and a remedy (no file name).
[[nodiscard]] Picture read_png(std::string_view bytes);
/// That of a PGM or PPM file: P2, P5 or P6; what follows the picture is left unread. Throws the same.
[[nodiscard]] Picture read_pnm(std::string_view bytes);

/// Pixels of 0 … 255 in a picture's order from values in an image's. Throws std::invalid_argument as png_bytes (images.hpp) does.
[[nodiscard]] std::vector<std::uint8_t> to_pixels(const ImageShape& shape, std::span<const double> values);

}  // namespace costate::guidance
