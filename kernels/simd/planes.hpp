// Y = W X for planes of pixels: rows of W are outputs, rows of X channels.
#pragma once

#include "kernels/simd/tap_tail.hpp"
#include "kernels/simd/tap_tile.hpp"

namespace costate::kernels::simd {
namespace {

/// y_op = Σ_c W_oc x_cp scale_cp from the bias or from y on; planes of x and scale (may be null) lie x_plane apart, those of y y_plane. Weights lie as a
/// TapCall's, channel by channel.
template <class T>
struct PlaneProduct {
    std::size_t channels, outputs, pixels;
    const T* x;
    const T* scale;
    std::size_t x_plane;
    const T* weights;
    const T* bias;
    T* y;
    std::size_t y_plane;
    bool accumulate;
};

template <class V>
struct PlaneBlocking {
    static constexpr std::size_t most = 864 / sizeof(Element<V>), panel = Blocking<V>::panel;  // channels: their weights and one panel stay in L1
    static constexpr std::size_t copied = (std::size_t{128} << 10) / sizeof(Element<V>), line = 64 / sizeof(Element<V>);  // of x, in L2

    /// From row to row of a copy: whole panels, and an odd number of cache lines, so that rows do not meet in the cache.
    static constexpr std::size_t stride(std::size_t pixels) { return (((pixels + panel - 1) / panel * panel + line - 1) / line | 1) * line; }
    static constexpr std::size_t pixels(std::size_t channels) { return (copied / channels - 2 * line) / panel * panel; }
};

// Some pixels of x as a product reads them: channel c at first + offsets[c].
template <class T>
struct PlanePanels {
    const T* first;
    const std::int32_t* offsets;
};

// All pixels of some channels, scaled, in the order in which they lie; rows of the copy `stride` apart, zeros up to there.
template <class V>
void scale_pixels(const PlaneProduct<Element<V>>& call, std::size_t channel, std::size_t channels, std::size_t first, std::size_t count, std::size_t stride,
                  Element<V>* to) {
    const std::size_t whole = count / width<V> * width<V>;
    const Between<V> last(0, count, whole);
    const Element<V>* x = call.x + channel * call.x_plane + first;
    const Element<V>* scale = call.scale + (x - call.x);
    for (std::size_t c = 0; c < channels; ++c, x += call.x_plane, scale += call.x_plane, to += stride) {
        for (std::size_t j = 0; j < whole; j += width<V>) write(to + j, read<V>(x + j) * read<V>(scale + j));
        if (whole == stride) continue;
        write(to + whole, last(x + whole) * last(scale + whole));
        for (std::size_t j = whole + width<V>; j < stride; j += width<V>) write(to + j, V(0));
    }
}

// Pixels first … first + count of some channels; their rows `stride` apart, zeros up to there.
template <class V>
void copy_pixels(const PlaneProduct<Element<V>>& call, std::size_t channel, std::size_t channels, std::size_t first, std::size_t count, std::size_t stride,
                 Element<V>* to) {
    for (std::size_t j = 0; j < stride; j += width<V>) {
        const Between<V> in(0, count, j);
        const Element<V>* x = call.x + channel * call.x_plane + first + j;
        for (std::size_t c = 0; c < channels; ++c, x += call.x_plane) write(to + c * stride + j, in(x));
    }
}

// Some channels and pixels against all outputs. `last` has the pixels that fill no panel.
template <class V>
void plane_block(const PlaneProduct<Element<V>>& call, std::size_t channel, std::size_t channels, std::size_t first, std::size_t count,
                 const PlanePanels<Element<V>>& panels, const PlanePanels<Element<V>>& last) {
    using T = Element<V>;
    constexpr std::size_t panel = Blocking<V>::panel;
    const T* weights = call.weights + channel * tap_stride;
    const std::size_t tail = count % panel;
    const bool ahead = call.scale && count == call.y_plane;
    const auto fetch = [](const T* y, std::size_t n) {
        for (std::size_t i = 0; i < n; i += 64 / sizeof(T)) __builtin_prefetch(y + i, 0, 2);
    };
    if (tail != 0 && few_for_lanes<V>(tail)) {
        const std::size_t p = count - tail;
        multiply_tail<V>({.steps = channels, .a = weights, .b = panels.first + p, .b_step = 0, .b_panel = 0, .y = call.y + first + p, .y_stride = call.y_plane,
                          .bias = nullptr, .read_y = call.accumulate || channel != 0, .columns = tail, .ahead = nullptr, .ahead_lines = 0,
                          .offsets = panels.offsets, .row_bias = call.bias}, call.channels * tap_stride, call.outputs, tail);
        count -= tail;
    }
    for_each_group<Blocking<V>::rows>(call.outputs, [&](std::size_t output, std::size_t rows) {
        const std::size_t at_once = panel * static_cast<std::size_t>(panels_at_once<V>(static_cast<int>(rows)));
        TileCall<T> tile{.steps = channels, .a = weights, .b = panels.first, .b_step = 0, .b_panel = 0, .y = call.y + output * call.y_plane + first,
                         .y_stride = call.y_plane, .bias = nullptr, .read_y = call.accumulate || channel != 0, .columns = at_once, .ahead = nullptr,
                         .ahead_lines = 0, .offsets = panels.offsets, .row_bias = call.bias ? call.bias + output : nullptr};
        std::size_t p = 0;
        for (std::size_t n = 0; p + panel <= count; p += n, tile.b += n, tile.y += n) {
            n = count - p >= at_once ? at_once : panel;
            if (ahead && output + rows < call.outputs) fetch(call.y + (output + rows) * call.y_plane + rows * p, rows * n);
            (n == panel ? TapTiles<V, true>::one : TapTiles<V, true>::many)[rows - 1](tile);
        }
        tile.b = last.first;
        tile.offsets = last.offsets;
        if (p < count) partial_panel<V, TapTiles<V>>(tile, rows, count - p);
        weights += call.channels * tap_stride;
    });
}

// Blocks of channels, then of pixels: all of them as they lie, or scaled copies.
template <class V>
void multiply_planes(const PlaneProduct<Element<V>>& call) {
    using T = Element<V>;
    using B = PlaneBlocking<V>;
    alignas(64) T copy[B::copied];
    std::int32_t offsets[B::most], in_last[B::most];
    const std::size_t parts = (call.channels + B::most - 1) / B::most;
    for (std::size_t part = 0, channel = 0, next = 0; part < parts; ++part, channel = next) {
        next = call.channels * (part + 1) / parts;
        const std::size_t channels = next - channel;
        const std::size_t most_pixels = call.scale ? B::pixels(channels) : call.pixels;
        for (std::size_t first = 0, count = 0; first < call.pixels; first += count) {
            count = call.pixels - first < most_pixels ? call.pixels - first : most_pixels;
            const std::size_t stride = call.scale ? B::stride(count) : call.x_plane, tail = count % B::panel;
            for (std::size_t c = 0; c < channels; ++c) {
                offsets[c] = static_cast<std::int32_t>(c * stride);
                in_last[c] = static_cast<std::int32_t>(c * (call.scale ? stride : B::panel));
            }
            if (call.scale) scale_pixels<V>(call, channel, channels, first, count, stride, copy);
            else if (tail != 0 && !few_for_lanes<V>(tail)) copy_pixels<V>(call, channel, channels, first + count - tail, tail, B::panel, copy);
            plane_block<V>(call, channel, channels, first, count, {call.scale ? copy : call.x + channel * call.x_plane + first, offsets},
                           {call.scale ? copy + (count - tail) : copy, in_last});
        }
    }
}

}  // namespace
}  // namespace costate::kernels::simd
