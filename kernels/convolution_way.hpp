// Which of the vector kernels does a convolution, and what the phases of its transpose are.
#pragma once

#include "kernels/convolution_shape.hpp"
#include "kernels/simd/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace costate::kernels {

/// none: plain loops. tiles: pixels in the lanes, outputs in the rows (Table::convolve); the others as Table says.
enum class ConvolutionWay : std::uint8_t { none, tiles, squares, lanes, taps, planes };

/// What is read and written, of one group: a convolution, or its transpose.
struct ConvolutionSides {
    std::size_t channels, outputs, height, width;  // height, width: of what is written
};

namespace detail {
/// Taps are 3 × 3 on every pixel, and channels, outputs and pixels so many that the transforms pay.
template <class T>
bool done_by_squares(const simd::Table<T>& table, const ConvolutionShape& s, const ConvolutionSides& sides) {
    constexpr std::size_t fewest_channels = 16, fewest_outputs = 16, fewest_squares = 25;
    const bool every = s.stride_y * s.stride_x * s.dilation_y * s.dilation_x * s.groups == 1, nine = s.kernel_height == 3 && s.kernel_width == 3;
    return table.convolve_squares && every && nine && sides.channels >= fewest_channels && sides.outputs >= fewest_outputs &&
           sides.channels + sides.outputs <= simd::most_square_rows && ((sides.height + 1) / 2) * ((sides.width + 1) / 2) >= fewest_squares;
}

/// One tap, on the pixel itself.
inline bool done_by_planes(const ConvolutionShape& s) {
    return s.taps() == 1 && s.stride_y * s.stride_x == 1 && s.top + s.left + s.bottom + s.right == 0 && s.in_plane() < simd::most_plane;
}

/// On every pixel, with rows of x as long as those of y; of few outputs, for which as many sums are to be added as there are taps.
template <class T>
bool done_by_taps(const simd::Table<T>& table, const ConvolutionShape& s, const ConvolutionSides& sides) {
    constexpr std::size_t fewest_channels = 8, fewest_rows = 8;
    const std::size_t reach = s.dilation_y * (s.kernel_height - 1), taps = s.taps();
    const bool every = s.stride_y * s.stride_x == 1 && s.out_width() == s.width;
    const bool near = s.dilation_x * s.kernel_width <= std::min<std::size_t>(simd::most_tap_reach, s.width);
    return taps > 1 && every && near && sides.channels >= fewest_channels && 4 * sides.outputs <= table.panel_width &&
           ((reach + fewest_rows) * s.width + 2 * simd::most_tap_reach + 32) * taps * sides.outputs * sizeof(T) <= simd::tap_sum_bytes;
}

/// Enough outputs for the lanes, and steps to pay for the transpose of y, or a stride; x around one pixel is no more than there is memory for, nor are
/// the phases of a row.
template <class T>
bool done_by_lanes(const simd::Table<T>& table, const ConvolutionShape& s, const ConvolutionSides& sides) {
    constexpr std::size_t fewest_steps = 200;
    const std::size_t vector = table.panel_width / 2, lanes = (sides.outputs + vector - 1) / vector * vector;
    const std::size_t around = (s.dilation_y * (s.kernel_height - 1) + 1) * (s.dilation_x * (s.kernel_width - 1) + 1);
    const bool strided = s.stride_y * s.stride_x > 1, many = s.taps() > 1 && sides.channels * s.taps() >= fewest_steps;
    if (s.stride_x > simd::most_phase_step) return false;
    return (strided || many) && 4 * sides.outputs >= 3 * lanes && around * sizeof(T) <= simd::image_bytes;
}
}  // namespace detail

template <class T>
ConvolutionWay way_of(const simd::Table<T>& table, const ConvolutionShape& s, const ConvolutionSides& sides) {
    if (s.taps() > simd::most_taps || s.dilation_y * (s.kernel_height - 1) >= simd::most_tap_rows) return ConvolutionWay::none;
    if (detail::done_by_planes(s)) return ConvolutionWay::planes;
    if (detail::done_by_squares(table, s, sides)) return ConvolutionWay::squares;
    if (detail::done_by_taps(table, s, sides)) return ConvolutionWay::taps;
    return detail::done_by_lanes(table, s, sides) ? ConvolutionWay::lanes : ConvolutionWay::tiles;
}

/// Rows of the packed weights in the units of which one step lies side by side: f(first, rows, what a step takes).
template <class T, class F>
void for_each_unit(ConvolutionWay way, const simd::Table<T>& table, std::size_t rows, F f) {
    if (way == ConvolutionWay::lanes) {
        const std::size_t panel = table.panel_width, vector = panel / 2;
        for (std::size_t first = 0; first < rows; first += panel) {
            const std::size_t count = std::min(panel, rows - first);
            f(first, count, (count + vector - 1) / vector * vector);
        }
        return;
    }
    for (std::size_t tile = 0, first = 0, tiles = (rows + table.tile_rows - 1) / table.tile_rows; tile < tiles; ++tile) {  // as simd::for_each_group
        const std::size_t count = (rows - first + tiles - tile - 1) / (tiles - tile);
        f(first, count, simd::tap_stride);
        first += count;
    }
}

/// A tap and its place in the kernel.
struct KernelTap {
    simd::Tap tap;
    std::uint32_t place;
};

/// The taps of a convolution, or of the phase of its transpose that begins at (y, x).
inline std::vector<KernelTap> taps_of(const ConvolutionShape& s, bool forward, std::size_t y, std::size_t x) {
    std::vector<KernelTap> taps;
    const auto sy = static_cast<std::int64_t>(s.stride_y), sx = static_cast<std::int64_t>(s.stride_x);
    for (std::size_t u = 0; u < s.kernel_height; ++u)
        for (std::size_t v = 0; v < s.kernel_width; ++v) {
            const auto ty = static_cast<std::int64_t>(u * s.dilation_y) - s.top, tx = static_cast<std::int64_t>(v * s.dilation_x) - s.left;
            const auto dy = static_cast<std::int64_t>(y) - ty, dx = static_cast<std::int64_t>(x) - tx;
            if (!forward && (dy % sy != 0 || dx % sx != 0)) continue;
            const simd::Tap tap = forward ? simd::Tap{static_cast<std::int32_t>(ty), static_cast<std::int32_t>(tx)}
                                          : simd::Tap{static_cast<std::int32_t>(dy / sy), static_cast<std::int32_t>(dx / sx)};
            taps.push_back({tap, static_cast<std::uint32_t>(u * s.kernel_width + v)});
        }
    return taps;
}

/// Where the pixels of each phase of a transpose begin; (0, 0) alone of a convolution.
inline std::vector<simd::TapPhase> phases_of(const ConvolutionShape& s, bool forward) {
    if (forward) return {{0, 0, 1, 1, s.out_height(), s.out_width(), 0, 0, 0}};
    std::vector<simd::TapPhase> phases;
    const auto count = [](std::size_t n, std::size_t first, std::size_t step) { return (n - first + step - 1) / step; };
    for (std::size_t y = 0; y < std::min(s.stride_y, s.height); ++y)
        for (std::size_t x = 0; x < std::min(s.stride_x, s.width); ++x)
            phases.push_back({y, x, s.stride_y, s.stride_x, count(s.height, y, s.stride_y), count(s.width, x, s.stride_x), 0, 0, 0});
    return phases;
}

}  // namespace costate::kernels
