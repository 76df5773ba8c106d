// Which entries of an image are kept: ascending indices into its values, what Inpainting takes.
#pragma once

#include "guidance/guide/image_shape.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace costate::guidance {

/// All pixels, in every channel, but for a square of that side in the middle (rounded up and left). Throws std::invalid_argument for a plain vector,
/// for side 0, one that exceeds the image, and one that covers it.
[[nodiscard]] std::vector<std::size_t> kept_outside_box(const ImageShape& shape, std::size_t side);

/// The pixels with the n smallest of uniform numbers (Draw::mask of the seed), n the integer nearest to fraction · pixels: as many
/// for every seed, the same in every channel. Throws std::invalid_argument for a fraction outside (0, 1] and where n is 0.
[[nodiscard]] std::vector<std::size_t> kept_at_random(const ImageShape& shape, double fraction, std::uint64_t seed);

/// Where a mask is not 0 (.npy) or not black (.png, .pgm): of one value a pixel, or of one a value of the image.
/// Throws std::invalid_argument for another size and a mask that keeps nothing, nn::FileError as the readers do.
[[nodiscard]] std::vector<std::size_t> kept_in_file(const ImageShape& shape, const std::filesystem::path& file);

}  // namespace costate::guidance
