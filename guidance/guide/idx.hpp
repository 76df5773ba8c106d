// IDX files: the format of MNIST.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace costate::guidance {

/// Images first … first + count - 1 of the file's `total`, row by row.
struct IdxImages {
    std::size_t total = 0, count = 0, height = 0, width = 0;
    std::vector<std::uint8_t> pixels;
};

/// file = 0 0 8 3 ‖ N, H, W (32 bits each, big-endian) ‖ N·H·W bytes, plain or gzip. Where the last image is among those read, what follows it is
/// checked too: nothing, and gzip's sum. Throws ImageError (images.hpp) with a reason and a remedy.
[[nodiscard]] IdxImages read_idx_images(const std::filesystem::path& file, std::size_t first, std::size_t count);
/// file = 0 0 8 1 ‖ N ‖ N bytes: labels first … first + count - 1. Throws ImageError, also where N is not `total`.
[[nodiscard]] std::vector<int> read_idx_labels(const std::filesystem::path& file, std::size_t first, std::size_t count, std::size_t total);

/// How many from `first` on are meant, of `total`; count or, for all_images, the rest. Throws ImageError where there are fewer, or none.
[[nodiscard]] std::size_t selected(const std::filesystem::path& file, std::size_t total, std::size_t first, std::size_t count);

}  // namespace costate::guidance
