// A rectangle of x as the taps of a convolution read it: x itself, or one copy with zeros around; every pixel at every tap is an address in it.
#pragma once

#include "kernels/simd/tap_pixels.hpp"

#include <span>

namespace costate::kernels::simd {
namespace {

constexpr std::size_t nearly_equal(std::size_t n, std::size_t most) {
    const std::size_t parts = (n + most - 1) / most;
    return (n + parts - 1) / parts;
}
constexpr std::size_t part_from(std::size_t first, std::size_t size, std::size_t end) { return end - first < size ? end - first : size; }

// What the taps of a call span, and its blocks: rows and columns of the grid, channels (0: the smallest image is too large).
template <class V>
struct ImageBlocks {
    static constexpr std::size_t capacity = image_bytes / sizeof(Element<V>);  // of an image, in L2

    std::int64_t top, left, bottom, right;  // of the taps
    bool direct;                            // no tap of any pixel leaves x, and nothing is scaled
    std::size_t rows, columns, channels;

    ImageBlocks(const TapCall<Element<V>>& call, std::size_t most_pixels, std::size_t most_steps) {
        top = bottom = call.taps[0].y, left = right = call.taps[0].x;
        for (std::size_t t = 1; t < call.tap_count; ++t) {
            const std::int64_t y = call.taps[t].y, x = call.taps[t].x;
            top = y < top ? y : top, bottom = y > bottom ? y : bottom, left = x < left ? x : left, right = x > right ? x : right;
        }
        const auto last = [](std::size_t n, std::size_t step) { return static_cast<std::int64_t>((n - 1) * step); };
        direct = !call.scale && top >= 0 && left >= 0 && last(call.grid_height, call.in_step_y) + bottom < static_cast<std::int64_t>(call.in_height) &&
                 last(call.grid_width, call.in_step_x) + right < static_cast<std::int64_t>(call.in_width);
        columns = nearly_equal(call.grid_width, most_pixels);
        rows = nearly_equal(call.grid_height, most_pixels / columns);
        while (!direct && size(call) > capacity && rows * columns > 1) (rows > 1 ? rows : columns) = ((rows > 1 ? rows : columns) + 1) / 2;
        const std::size_t fit = direct ? call.channels : capacity / size(call), most = most_steps / call.tap_count;
        channels = fit == 0 ? 0 : nearly_equal(call.channels, fit < most ? fit : most);
    }

    /// Of the rectangle of x that so many rows and columns of the grid read.
    [[nodiscard]] std::size_t image_rows(std::size_t n, std::size_t step) const { return (n - 1) * step + static_cast<std::size_t>(bottom - top) + 1; }
    [[nodiscard]] std::size_t image_columns(std::size_t n, std::size_t step) const { return (n - 1) * step + static_cast<std::size_t>(right - left) + 1; }

private:
    [[nodiscard]] std::size_t size(const TapCall<Element<V>>& call) const {
        return image_rows(rows, call.in_step_y) * image_columns(columns, call.in_step_x);
    }
};

// f(block) for every rectangle of the grid and, innermost, all blocks of channels.
template <class V, class F>
[[gnu::always_inline]] inline void for_each_rectangle(const TapCall<Element<V>>& call, const ImageBlocks<V>& blocks, const F& f) {
    for (std::size_t row = 0; row < call.grid_height; row += blocks.rows)
        for (std::size_t column = 0; column < call.grid_width; column += blocks.columns)
            f(TapBlock{row, part_from(row, blocks.rows, call.grid_height), column, part_from(column, blocks.columns, call.grid_width), 0, 0});
}

// `first` is the pixel that tap (top, left) reads at the block's first point and channel.
template <class T>
struct TapImage {
    const T* first;
    std::size_t row, plane;
};

// Rows of x with zeros around, scaled if asked for.
template <class V, bool Scaled>
void copy_image(const TapCall<Element<V>>& call, std::int64_t top, std::int64_t left, std::size_t channel, std::size_t channels, std::size_t rows,
                std::size_t columns, Element<V>* copy) {
    const auto in_width = static_cast<std::int64_t>(call.in_width), in_height = static_cast<std::int64_t>(call.in_height);
    const auto clamp = [](std::int64_t i, std::size_t n) { return i < 0 ? 0 : i < static_cast<std::int64_t>(n) ? static_cast<std::size_t>(i) : n; };
    const std::size_t above = clamp(-top, rows), below = clamp(in_height - top, rows);
    const std::size_t low = clamp(-left, columns), high = clamp(in_width - left, columns);
    for (std::size_t j = 0; j < columns; j += width<V>) {
        const std::size_t rest = columns - j;
        const Between<V> in(low, high, j);
        Element<V>* to = copy + j;
        for (std::size_t c = 0; c < channels; ++c) {
            std::int64_t at = static_cast<std::int64_t>((channel + c) * call.in_height * call.in_width) + top * in_width + left + static_cast<std::int64_t>(j);
            for (std::size_t r = 0; r < rows; ++r, to += columns, at += in_width) {
                V v(0);
                if (above <= r && r < below) v = in(call.x + at);
                if constexpr (Scaled) {
                    if (above <= r && r < below) v = v * in(call.scale + at);
                }
                if (rest >= width<V>) write(to, v);
                else write_partial(to, v, rest);
            }
        }
    }
}

template <class V>
TapImage<Element<V>> tap_image(const TapCall<Element<V>>& call, const ImageBlocks<V>& blocks, const TapBlock& block, Element<V>* copy) {
    const auto place = [](std::size_t at, std::size_t step, std::int64_t tap) { return static_cast<std::int64_t>(at * step) + tap; };
    const std::int64_t top = place(block.row, call.in_step_y, blocks.top), left = place(block.column, call.in_step_x, blocks.left);
    const std::size_t in_plane = call.in_height * call.in_width;
    if (blocks.direct) {
        const std::size_t first = static_cast<std::size_t>(top) * call.in_width + static_cast<std::size_t>(left);
        return {call.x + block.channel * in_plane + first, call.in_width, in_plane};
    }
    const std::size_t rows = blocks.image_rows(block.rows, call.in_step_y), columns = blocks.image_columns(block.columns, call.in_step_x);
    if (call.scale) copy_image<V, true>(call, top, left, block.channel, block.channels, rows, columns, copy);
    else copy_image<V, false>(call, top, left, block.channel, block.channels, rows, columns, copy);
    return {copy, columns, rows * columns};
}

// Where channel and tap of every step lie, from the image's first pixel on.
template <class V>
void list_steps(std::span<const Tap> taps, const ImageBlocks<V>& blocks, const TapImage<Element<V>>& image, std::size_t channels, std::ptrdiff_t* steps) {
    const auto row = static_cast<std::ptrdiff_t>(image.row);
    for (std::size_t c = 0; c < channels; ++c)
        for (const Tap& tap : taps) *steps++ = static_cast<std::ptrdiff_t>(c * image.plane) + (tap.y - blocks.top) * row + tap.x - blocks.left;
}

// Where every point of a block lies.
template <class T>
void list_pixels(const TapCall<T>& call, const TapBlock& block, const TapImage<T>& image, std::ptrdiff_t* pixels) {
    for (std::size_t i = 0; i < block.rows; ++i)
        for (std::size_t j = 0; j < block.columns; ++j) *pixels++ = static_cast<std::ptrdiff_t>(i * call.in_step_y * image.row + j * call.in_step_x);
}

}  // namespace
}  // namespace costate::kernels::simd
