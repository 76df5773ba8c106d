// How many samples a tile has: what a cache of a given size holds.
#pragma once

#include <algorithm>
#include <cstddef>

namespace costate::ode {

/// Bytes that decide the size of a tile: what one sample keeps busy during one evaluation or pullback, the weights that both read, the cache.
struct TileBytes {
    std::size_t sample = 0, weights = 0, cache = 0;
};

/// rows · sample ≤ ¼ cache where weights ≤ ¾ cache: the weights stay and the batch streams;
/// rows · sample ≤ ¾ cache where they do not, but at least 126: the tile stays and the weights stream, read once a tile, and with fewer rows the
/// memory they come from would be the limit. At most 252.
/// From 42 rows on a multiple of 42, below it of 14 where that is possible: whole groups of 14 and of 6 rows, which dense kernels take at once.
constexpr std::size_t tile_rows(const TileBytes& bytes) {
    constexpr std::size_t most = 252, fewest_to_stream = 126, group = 14, both = 42;
    const bool stays = bytes.weights <= bytes.cache / 4 * 3;
    const std::size_t room = stays ? bytes.cache / 4 : bytes.cache / 4 * 3;
    const std::size_t rows = std::clamp<std::size_t>(room / std::max<std::size_t>(bytes.sample, 1), stays ? 1 : fewest_to_stream, most);
    return rows >= both ? rows / both * both : rows >= group ? rows / group * group : rows;
}

/// The same for a batch: at least `tiles` tiles where each still has `fewest` samples, so that as many threads have work.
constexpr std::size_t tile_rows(const TileBytes& bytes, std::size_t batch, std::size_t tiles, std::size_t fewest = 32) {
    const std::size_t rows = std::min(tile_rows(bytes), std::max<std::size_t>(batch, 1));
    const std::size_t shared = tiles < 2 ? rows : std::max<std::size_t>((batch + tiles - 1) / tiles, fewest);
    return std::min(rows, shared);
}

/// The same where ∇_θ is wanted: θ̄ is summed tile by tile, so that its tiles may not depend on the threads, and every evaluation reads and writes
/// it once a tile. Half the batch, at most 42 rows, or what the cache holds if that is more; at least 32, and 64 where the weights stream.
constexpr std::size_t tile_rows_for_theta(const TileBytes& bytes, std::size_t batch) {
    constexpr std::size_t enough = 42;
    const std::size_t fewest = bytes.weights > bytes.cache ? 64 : 32, half = std::min((batch + 1) / 2, enough);
    return std::min(std::max({tile_rows(bytes, batch, 2, fewest), half, fewest}), std::max<std::size_t>(batch, 1));
}

}  // namespace costate::ode
