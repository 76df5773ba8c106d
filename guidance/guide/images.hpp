// Pictures in files: what a model is guided towards, and what it made.
#pragma once

#include "guidance/guide/image_shape.hpp"
#include "nn/file_error.hpp"

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace costate::guidance {

/// A file of images that cannot be read or written: one line with file, reason and remedy.
class ImageError : public nn::FileError {
    using FileError::FileError;
};

/// `count` images of one shape, batch-major as networks take them; pixels lie in [-1, 1], whatever a .npy file says apart.
struct Images {
    ImageShape shape;
    std::size_t count = 0;
    std::vector<double> values;  ///< count · shape.size()
    std::vector<int> labels;     ///< one an image, or none

    [[nodiscard]] std::span<const double> image(std::size_t i) const { return std::span(values).subspan(i * shape.size(), shape.size()); }
};

inline constexpr std::size_t all_images = std::numeric_limits<std::size_t>::max();

/// The images first … first + count - 1 (from first on for all_images) of a file, known by its beginning and not by its name:
///   PNG of 1 … 16 bits (an alpha channel is left out, a palette is colour), PGM and PPM (P2, P5, P6): v ↦ 2v/max - 1;
///   IDX, plain or gzip, as MNIST comes, v ↦ 2v/255 - 1: labels from the file beside it with labels-idx1 for images-idx3 in its name;
///   .npy, values as they are: N×C×H×W, N×H×W, N×d, or one image of the expected shape;
///   or of a folder of .png, .pgm and .ppm files of one shape, by name.
/// `expected`: the shape that a model takes; another one is refused, colour is not turned into grey. Where a plain vector {1, 1, d} is
/// expected, an image of d values keeps its own shape. Nothing expected: two axes of a .npy file are N×d, three N×H×W.
/// The files are not trusted; sides are at most 16384, the values at most 2²⁷. Throws ImageError, for .npy also nn::NpyError.
[[nodiscard]] Images read_images(const std::filesystem::path& path, std::size_t first = 0, std::size_t count = all_images,
                                 const std::optional<ImageShape>& expected = std::nullopt);

/// The bytes of a PNG of 8 bits, grey for one channel and colour for three: v ↦ the integer nearest to 255(v + 1)/2, v clamped to [-1, 1].
/// Throws std::invalid_argument for other channels, sides, a wrong number of values, and one that is not a number.
[[nodiscard]] std::string png_bytes(const ImageShape& shape, std::span<const double> values);

/// Writes png_bytes; the file appears whole or not at all. Throws as png_bytes and write_file_atomically (journal.hpp) do.
void write_png(const std::filesystem::path& file, const ImageShape& shape, std::span<const double> values);
/// The same as binary PGM (P5), of three channels as PPM (P6).
void write_pgm(const std::filesystem::path& file, const ImageShape& shape, std::span<const double> values);

}  // namespace costate::guidance
