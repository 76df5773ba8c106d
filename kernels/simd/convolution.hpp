// Convolutions as implicit matrix products: blocks of pixels and channels, laid down in L2, against tiles of outputs.
// The meaning is in kernels/reference/convolution.hpp.
#pragma once

#include "kernels/simd/narrow.hpp"
#include "kernels/simd/tap_copies.hpp"

namespace costate::kernels::simd {
namespace {

// Whether a block's pixels lie side by side in y.
template <class T>
bool contiguous(const TapCall<T>& call, const TapBlock& block) {
    return block.columns == call.out_width && call.out_step_y == 1 && call.out_step_x == 1;
}

// p[step i] = from[i], i < count.
template <class V>
void write_spaced(Element<V>* p, std::size_t step, const Element<V>* from, std::size_t count) {
    std::size_t i = 0;
    if constexpr (has_avx512<V>) {
        constexpr std::size_t w = width<V>;
        for (; step == 2 && i < count; i += w) {
            const std::size_t n = count - i < w ? count - i : w;
            const V v = Between<V>(0, n, 0)(from + i);
            const auto mask = static_cast<std::uint32_t>(0x55555555u & ((std::uint64_t{1} << (2 * n)) - 1));
            Element<V>* const to = p + 2 * i;
            if constexpr (is_double<V>) {
                const __m512i low = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
                _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), _mm512_permutexvar_pd(low, v));
                _mm512_mask_storeu_pd(to + w, static_cast<__mmask8>(mask >> w), _mm512_permutexvar_pd(_mm512_add_epi64(low, _mm512_set1_epi64(4)), v));
            } else {
                const __m512i low = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
                _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), _mm512_permutexvar_ps(low, v));
                _mm512_mask_storeu_ps(to + w, static_cast<__mmask16>(mask >> w), _mm512_permutexvar_ps(_mm512_add_epi32(low, _mm512_set1_epi32(8)), v));
            }
        }
    }
    for (; i < count; ++i) p[step * i] = from[i];
}

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

// f(block) for every block of the grid and, innermost, of the channels.
template <class V, class F>
[[gnu::always_inline]] inline void for_each_block(const TapCall<Element<V>>& call, const Copies<V>& copies, const F& f) {
    const auto part = [](std::size_t first, std::size_t size, std::size_t end) { return end - first < size ? end - first : size; };
    for (std::size_t row = 0; row < call.grid_height; row += copies.rows)
        for (std::size_t column = 0; column < call.grid_width; column += copies.columns)
            for (std::size_t channel = 0; channel < call.channels; channel += copies.channels)
                f(TapBlock{row, part(row, copies.rows, call.grid_height), column, part(column, copies.columns, call.grid_width), channel,
                           part(channel, copies.channels, call.channels)});
}

// One tap on the pixel itself, every pixel in turn: x is the product's second factor as it lies, but for the last panel, which it may not fill.
template <class T>
bool pointwise(const TapCall<T>& call) {
    const bool in_turn = call.in_step_y == 1 && call.in_step_x == 1 && call.out_step_y == 1 && call.out_step_x == 1 && call.out_y == 0 && call.out_x == 0;
    return in_turn && !call.scale && call.tap_count == 1 && call.taps[0].y == 0 && call.taps[0].x == 0 && call.grid_height == call.in_height &&
           call.grid_width == call.in_width && call.grid_width == call.out_width &&
           call.in_height * call.in_width < (std::size_t{1} << 22);  // offsets have 32 bits
}

template <class V>
void convolve_pointwise(const TapCall<Element<V>>& call) {
    using T = Element<V>;
    using B = Blocking<V>;
    constexpr std::size_t most = Copies<V>::most_steps;
    alignas(64) T copy[most * B::panel];
    std::int32_t in_x[most], in_copy[most];
    const std::size_t pixels = call.grid_height * call.grid_width, whole = pixels / B::panel * B::panel, parts = (call.channels + most - 1) / most;
    for (std::size_t part = 0, channel = 0, next = 0; part < parts; ++part, channel = next) {
        next = call.channels * (part + 1) / parts;
        const std::size_t count = next - channel;
        const T* const x = call.x + channel * pixels;
        for (std::size_t c = 0; c < count; ++c) {
            in_x[c] = static_cast<std::int32_t>(c * pixels);
            in_copy[c] = static_cast<std::int32_t>(c * B::panel);
            for (std::size_t j = 0; whole < pixels && j < B::panel; ++j) copy[c * B::panel + j] = whole + j < pixels ? x[c * pixels + whole + j] : T(0);
        }
        const T* weights = call.weights + channel * tap_stride;
        for_each_group<B::rows>(call.outputs, [&](std::size_t output, std::size_t rows) {
            TileCall<T> tile{.steps = count, .a = weights, .b = x, .b_step = 0, .b_panel = 0, .y = call.y + output * call.out_plane, .y_stride = call.out_plane,
                             .bias = nullptr, .read_y = call.accumulate || channel != 0, .columns = B::panel, .ahead = nullptr, .ahead_lines = 0,
                             .offsets = in_x, .row_bias = call.bias ? call.bias + output : nullptr};
            const std::size_t at_once = B::panel * static_cast<std::size_t>(panels_at_once<V>(static_cast<int>(rows)));
            for (std::size_t p = 0, n = 0; p < whole; p += n, tile.b += n, tile.y += n) {
                n = whole - p >= at_once ? at_once : B::panel;
                (n == B::panel ? TapTiles<V>::one : TapTiles<V>::many)[rows - 1](tile);
            }
            tile.b = copy;
            tile.offsets = in_copy;
            if (whole < pixels) partial_panel<V, TapTiles<V>>(tile, rows, pixels - whole);
            weights += call.channels * tap_stride;
        });
    }
}

template <class V>
void convolve(const TapCall<Element<V>>& call) {
    using T = Element<V>;
    if (pointwise(call)) return convolve_pointwise<V>(call);
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

// w_bar[r, s] += Σ_p z[r·plane + p] x[offsets[s] + p] over n pixels side by side.
template <class V, std::size_t Rows, std::size_t Steps>
void tap_products(std::size_t n, const Element<V>* z, std::size_t plane, const Element<V>* x, const std::int32_t* offsets, Element<V>* w_bar, std::size_t stride) {
    V sums[Rows][Steps];
    for (auto& of_row : sums)
        for (V& sum : of_row) sum = V(0);
    const auto add = [&](auto in, std::size_t p) __attribute__((always_inline)) {
        V zv[Rows];
#pragma GCC unroll 4
        for (std::size_t r = 0; r < Rows; ++r) zv[r] = in(z + r * plane + p);
#pragma GCC unroll 6
        for (std::size_t s = 0; s < Steps; ++s) {
            const V xv = in(x + offsets[s] + p);
#pragma GCC unroll 4
            for (std::size_t r = 0; r < Rows; ++r) sums[r][s] = add_product(zv[r], xv, sums[r][s]);
        }
    };
    std::size_t p = 0;
    for (; p + width<V> <= n; p += width<V>) add([](const Element<V>* at) { return read<V>(at); }, p);
    if (p < n) add([rest = n - p](const Element<V>* at) { return read_partial<V>(at, rest); }, p);
    for (std::size_t r = 0; r < Rows; ++r)
        for (std::size_t s = 0; s < Steps; ++s) w_bar[r * stride + s] += fold(sums[r][s]);
}

template <class V>
void convolve_weights(const TapCall<Element<V>>& call, Element<V>* w_bar) {
    using T = Element<V>;
    constexpr std::size_t at_once = has_avx512<V> ? 6 : 2;  // steps; with four outputs their sums fit the registers
    alignas(64) T memory[Copies<V>::capacity];
    std::int32_t offsets[Copies<V>::most_steps];
    const Copies<V> copies(call);
    const std::size_t stride = call.channels * call.tap_count;
    for_each_block<V>(call, copies, [&](const TapBlock& block) {
        lay_down<V>(call, copies, block, memory);
        list_offsets<V>(call, copies, block, offsets);
        const bool whole = contiguous(call, block);
        const std::size_t runs = whole ? 1 : block.rows, n = whole ? block.rows * block.columns : block.columns;
        const std::size_t steps = block.channels * call.tap_count;
        for (std::size_t run = 0; run < runs; ++run)
            for (std::size_t o = 0; o < call.outputs;) {
                const T* z = call.y + o * call.out_plane + (block.row + run) * call.out_width + block.column;
                const std::size_t rows = call.outputs - o >= 4 ? 4 : 1;
                for (std::size_t s = 0; s < steps;) {
                    const std::size_t taken = steps - s >= at_once ? at_once : 1;
                    T* target = w_bar + o * stride + block.channel * call.tap_count + s;
                    const T* x = memory + run * block.columns;
                    if (rows == 4 && taken != 1) tap_products<V, 4, at_once>(n, z, call.out_plane, x, offsets + s, target, stride);
                    else if (rows == 4) tap_products<V, 4, 1>(n, z, call.out_plane, x, offsets + s, target, stride);
                    else if (taken != 1) tap_products<V, 1, at_once>(n, z, call.out_plane, x, offsets + s, target, stride);
                    else tap_products<V, 1, 1>(n, z, call.out_plane, x, offsets + s, target, stride);
                    s += taken;
                }
                o += rows;
            }
    });
}

}  // namespace
}  // namespace costate::kernels::simd
