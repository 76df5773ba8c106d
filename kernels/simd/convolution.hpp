// Convolutions as implicit matrix products: blocks of pixels and channels, laid down in L2, against tiles of outputs.
// The meaning is in kernels/reference/convolution.hpp.
#pragma once

#include "kernels/simd/convolution_lanes.hpp"
#include "kernels/simd/convolution_taps.hpp"
#include "kernels/simd/convolution_weights.hpp"
#include "kernels/simd/tap_copies.hpp"
#include "kernels/simd/tap_dots.hpp"

namespace costate::kernels::simd {
namespace {

// f(place in y's plane, place in the panel, pixels) for every part of a panel that lies in one row of the grid.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_run(const TapCall<T>& call, const TapBlock& block, std::size_t pixel, std::size_t count, const F& f) {
    std::size_t row = pixel / block.columns, column = pixel % block.columns;
    for (std::size_t j = 0; j < count; column = 0, ++row) {
        const std::size_t in_row = block.columns - column, n = in_row < count - j ? in_row : count - j;
        f((call.out_y + (block.row + row) * call.out_step_y) * call.out_width + call.out_x + (block.column + column) * call.out_step_x, j, n);
        j += n;
    }
}

// A tile whose pixels lie scattered: through a copy of y.
template <class V>
void scattered_tile(const TapCall<Element<V>>& call, const TapBlock& block, std::size_t pixel, std::size_t rows, Element<V>* y, TileCall<Element<V>> tile) {
    using B = Blocking<V>;
    alignas(64) Element<V> copy[B::rows * B::panel];
    const std::size_t columns = tile.columns, step = call.out_step_x;
    if (tile.read_y)
        for_each_run(call, block, pixel, columns, [&](std::size_t place, std::size_t j, std::size_t n) {
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t i = 0; i < n; ++i) copy[r * B::panel + j + i] = y[r * call.out_plane + place + step * i];
        });
    tile.y = copy;
    tile.y_stride = B::panel;
    tile.columns = B::panel;
    (columns <= width<V> ? TapTiles<V>::half : TapTiles<V>::one)[rows - 1](tile);
    for_each_run(call, block, pixel, columns, [&](std::size_t place, std::size_t j, std::size_t n) {
        for (std::size_t r = 0; r < rows; ++r) write_spaced<V>(y + r * call.out_plane + place, step, copy + r * B::panel + j, n);
    });
}

// Some outputs against all panels of a block.
template <class V>
void multiply_taps(const TapCall<Element<V>>& call, const TapBlock& block, std::size_t output, std::size_t rows, TileCall<Element<V>> tile) {
    using B = Blocking<V>;
    const std::size_t pixels = block.rows * block.columns, at_once = static_cast<std::size_t>(panels_at_once<V>(static_cast<int>(rows)));
    const Element<V>* const b = tile.b;
    Element<V>* const y = call.y + output * call.out_plane;
    const bool direct = contiguous(call, block);
    for (std::size_t p = 0; p < pixels;) {
        const std::size_t left = pixels - p;
        tile.b = b + p;
        tile.columns = left < B::panel ? left : B::panel;
        tile.y = y + block.row * call.out_width + p;
        tile.y_stride = call.out_plane;
        p += B::panel;
        if (!direct) scattered_tile<V>(call, block, p - B::panel, rows, y, tile);
        else if (left < B::panel) partial_panel<V, TapTiles<V>>(tile, rows, left);
        else if (left >= at_once * B::panel) {
            TapTiles<V>::many[rows - 1](tile);
            p += (at_once - 1) * B::panel;
        } else TapTiles<V>::one[rows - 1](tile);
    }
}

template <class V>
void convolve_planes(const TapCall<Element<V>>& call) {
    const std::size_t plane = call.in_height * call.in_width;
    multiply_planes<V>({.channels = call.channels, .outputs = call.outputs, .pixels = plane, .x = call.x, .scale = call.scale, .x_plane = plane,
                        .weights = call.weights, .bias = call.bias, .y = call.y, .y_plane = call.out_plane, .accumulate = call.accumulate});
}

template <class V>
void convolve(const TapCall<Element<V>>& call) {
    using T = Element<V>;
    alignas(64) T memory[Copies<V>::capacity];
    std::int32_t offsets[Copies<V>::most_steps];
    const Copies<V> copies(call);
    const std::size_t steps = call.channels * call.tap_count;
    for_each_block<V>(call, copies, [&](const TapBlock& block) {
        lay_down<V>(call, copies, block, memory);
        list_offsets<V>(call, copies, block, offsets);
        const T* weights = call.weights + block.channel * call.tap_count * tap_stride;
        for_each_group<Blocking<V>::rows>(call.outputs, [&](std::size_t output, std::size_t rows) {
            const TileCall<T> tile{.steps = block.channels * call.tap_count, .a = weights, .b = memory, .b_step = 0, .b_panel = 0, .y = nullptr, .y_stride = 0,
                                   .bias = nullptr, .read_y = call.accumulate || block.channel != 0, .columns = 0, .ahead = nullptr, .ahead_lines = 0,
                                   .offsets = offsets, .row_bias = call.bias ? call.bias + output : nullptr};
            multiply_taps<V>(call, block, output, rows, tile);
            weights += steps * tap_stride;
        });
    });
}

// As dot products where those cost less: few outputs, or so few sums that the transpose of z would take as long as they do.
template <class V>
void convolve_weights(const TapCall<Element<V>>& call, const Samples& samples, Element<V>* w_bar) {
    const ImageBlocks<V> blocks(call, WeightBlocking<V>::pixels, WeightBlocking<V>::steps);
    const bool few_sums = has_avx512<V> && 24 * call.channels * call.tap_count < call.grid_height * call.grid_width;
    if (blocks.channels != 0 && !few_sums && 4 * call.outputs > width<V>) {
        if (fewer_pixels<V>(call, blocks, samples)) return multiply_few_pixels<V>(call, w_bar);
        return multiply_weights<V>(call, blocks, samples, w_bar);
    }
    TapCall<Element<V>> one = call;
    for (std::size_t b = 0; b < samples.count; ++b, one.x += samples.x_step, one.y += samples.y_step) dot_weights<V>(one, w_bar);
}

}  // namespace
}  // namespace costate::kernels::simd
