// The weights' product of a reverse sweep, W̄ += Σ_b z̄_b x_bᵀ, cut into tiles. The meaning is in kernels/reference/linear.hpp.
#pragma once

#include "kernels/simd/tile.hpp"

#include <bit>
#include <cstdint>

namespace costate::kernels::simd {
namespace {

template <class V>
inline constexpr std::size_t outer_stride = 16;  // of the copied columns of z̄
inline constexpr std::size_t outer_block = 128;  // samples at a time
inline constexpr std::size_t outer_bytes = std::size_t{256} << 10;  // of x, copied, beside one panel: L2 holds them, L1 a panel and z̄
template <class V>
using OuterTiles = Tiles<V, 1, outer_stride<V>>;

// `count` columns of z̄ side by side, outer_stride a sample, in whole vectors: what lies beyond the count is not used. Of the last sample
// nothing is read beyond the end.
template <class V>
void copy_columns(std::size_t samples, std::size_t rows, std::size_t count, const Element<V>* z_bar, const Element<V>* end, Element<V>* z) {
    constexpr std::size_t vectors = outer_stride<V> / width<V>;
    const std::size_t needed = (count + width<V> - 1) / width<V>, whole = rows >= outer_stride<V> && samples > 0 ? samples - 1 : 0;
    for (std::size_t b = 0; b < whole; ++b, z_bar += rows, z += outer_stride<V>)
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v)
            if (v < needed) write(z + v * width<V>, read<V>(z_bar + v * width<V>));
    for (std::size_t b = whole; b < samples; ++b, z_bar += rows, z += outer_stride<V>)
        for (std::size_t r = 0; r < count; r += width<V>) {
            const auto left = static_cast<std::size_t>(end - (z_bar + r));
            if (left >= width<V>) write(z + r, read<V>(z_bar + r));
            else write(z + r, read_partial<V>(z_bar + r, left));
        }
}

// x's columns from `column` on in panels, each panel's samples side by side; beyond the last column zeros.
template <class V>
void copy_panels(std::size_t samples, std::size_t cols, std::size_t column, std::size_t panels, const Element<V>* x, Element<V>* block) {
    constexpr std::size_t vectors = Blocking<V>::vectors, panel = Blocking<V>::panel;
    for (std::size_t p = 0; p < panels; ++p, column += panel) {
        const Element<V>* from = x + column;
        if (column + panel <= cols) {
            for (std::size_t b = 0; b < samples; ++b, from += cols, block += panel)
#pragma GCC unroll 2
                for (std::size_t v = 0; v < vectors; ++v) write(block + v * width<V>, read<V>(from + v * width<V>));
            continue;
        }
        const std::size_t left = cols - column;
        for (std::size_t b = 0; b < samples; ++b, from += cols, block += panel)
            for (std::size_t v = 0; v < panel; v += width<V>)
                write(block + v, left >= v + width<V> ? read<V>(from + v) : left > v ? read_partial<V>(from + v, left - v) : V(0));
    }
}

// One group of rows of W̄ against the copied panels of x, the first of which has `leading` columns if any; columns: of W̄ from w_bar on. z lies as
// Tiling reads it.
template <class V, class Tiling>
void outer_rows(std::size_t samples, std::size_t cols, std::size_t leading, std::size_t columns, std::size_t rows, const Element<V>* z, const Element<V>* block,
                Element<V>* w_bar) {
    using B = Blocking<V>;
    const std::size_t at_once = static_cast<std::size_t>(panels_at_once<V>(static_cast<int>(rows)));
    TileCall<Element<V>> call{.steps = samples, .a = z, .b = block, .b_step = B::panel, .b_panel = B::panel * samples, .y = w_bar, .y_stride = cols,
                              .bias = nullptr, .read_y = true, .columns = at_once * B::panel, .ahead = nullptr, .ahead_lines = 0};
    const auto pass = [&](std::size_t panels, std::size_t done) {
        call.b += panels * call.b_panel;
        call.y += done;
        columns -= done;
    };
    if (leading != 0) {
        partial_panel<V, Tiling>(call, rows, leading);
        call.columns = at_once * B::panel;
        pass(1, leading);
    }
    while (columns >= B::panel) {
        const bool many = columns >= at_once * B::panel;
        (many ? Tiling::many : Tiling::one)[rows - 1](call);
        pass(many ? at_once : 1, (many ? at_once : 1) * B::panel);
    }
    if (columns != 0) partial_panel<V, Tiling>(call, rows, columns);
}

// Columns before the rows of W̄ are aligned to vectors; in a large W̄ they are few, and the rest crosses no cache lines on its way to memory.
template <class V>
std::size_t leading_columns(std::size_t cols, const Element<V>* w_bar) {
    constexpr std::size_t large = 32 * width<V>;
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(w_bar) % sizeof(V) / sizeof(Element<V>);
    return beyond == 0 || cols < large || cols % width<V> != 0 ? 0 : width<V> - beyond;
}

// In every lane z's element (first + lane) / 2^shift: that of its row, where rows of 2^shift columns lie side by side.
template <class V>
    requires has_avx512<V>
[[gnu::always_inline]] inline V row_of_lane(const V& z, std::size_t first, int shift) {
    if constexpr (is_double<V>) {
        const __m512i lane = _mm512_add_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(static_cast<long long>(first)));
        return V(_mm512_permutexvar_pd(_mm512_srl_epi64(lane, _mm_cvtsi32_si128(shift)), z));
    } else {
        const __m512i own = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        const __m512i lane = _mm512_add_epi32(own, _mm512_set1_epi32(static_cast<int>(first)));
        return V(_mm512_permutexvar_ps(_mm512_srl_epi32(lane, _mm_cvtsi32_si128(shift)), z));
    }
}

// W̄ += z̄ xᵀ with 2^shift columns, fewer than a vector has lanes, as one array of rows · columns.
template <class V>
    requires has_avx512<V>
void outer_pairs(std::size_t rows, int shift, const Element<V>* z_bar, const Element<V>* x, Element<V>* w_bar) {
    using T = Element<V>;
    const std::size_t cols = std::size_t{1} << shift;
    alignas(64) T repeated[width<V>];
    for (std::size_t i = 0; i < width<V>; ++i) repeated[i] = x[i % cols];
    const V xs = read<V>(repeated);
    for (std::size_t row = 0; row < rows; row += width<V>, z_bar += width<V>) {
        const std::size_t left = rows - row, count = left < width<V> ? left : width<V>, all = count * cols;
        const V z = count == width<V> ? read<V>(z_bar) : read_partial<V>(z_bar, count);
        for (std::size_t i = 0; i < all; i += width<V>, w_bar += width<V>) {
            const V zs = row_of_lane<V>(z, i, shift);
            if (all - i >= width<V>) write(w_bar, add_product(zs, xs, read<V>(w_bar)));
            else write_partial(w_bar, add_product(zs, xs, read_partial<V>(w_bar, all - i)), all - i);
        }
    }
}

// W̄ += z̄ xᵀ of one sample: what tiles would do, with nothing copied.
template <class V>
[[gnu::noinline]] void outer_one(std::size_t rows, std::size_t cols, const Element<V>* z_bar, const Element<V>* x, Element<V>* w_bar) {
    using B = Blocking<V>;
    if constexpr (has_avx512<V>)
        if (cols < width<V> && std::has_single_bit(cols)) return outer_pairs<V>(rows, std::countr_zero(cols), z_bar, x, w_bar);
    for (std::size_t row = 0; row < rows; row += B::rows) {  // down the rows: beside a part of a vector just written no other is read
        const std::size_t end = rows - row < B::rows ? rows : row + B::rows;
        for_each_vector<V>(cols, [&](auto in, auto out) __attribute__((always_inline)) {
            const V xs = in(x);
            for (std::size_t r = row; r < end; ++r) out(w_bar + r * cols, add_product(V(z_bar[r]), xs, in(w_bar + r * cols)));
        });
    }
}

// Blocks of samples, then of columns of x, copied once and read by every group of rows, which walks rows of W̄ side by side.
template <class V>
void outer_accumulate(std::size_t batch, std::size_t rows, std::size_t cols, const Element<V>* z_bar, const Element<V>* x, Element<V>* w_bar) {
    using T = Element<V>;
    using B = Blocking<V>;
    if (batch == 1) return outer_one<V>(rows, cols, z_bar, x, w_bar);
    alignas(64) T z[outer_block * outer_stride<V>];
    alignas(64) T block[outer_bytes / sizeof(T) + outer_block * B::panel];
    for_each_group<outer_block>(batch, [&](std::size_t b0, std::size_t samples) {
        const std::size_t fit = outer_bytes / sizeof(T) / (samples * B::panel) * B::panel;
        std::size_t leading = leading_columns<V>(cols, w_bar);
        for (std::size_t column = 0, columns = 0; column < cols; column += columns, leading = 0) {
            columns = cols - column < leading + fit ? cols - column : leading + fit;
            const std::size_t first = leading != 0 ? 1 : 0, panels = (columns - leading + B::panel - 1) / B::panel;
            copy_panels<V>(samples, cols, column, first, x + b0 * cols, block);
            copy_panels<V>(samples, cols, column + leading, panels, x + b0 * cols, block + first * samples * B::panel);
            for_each_group<B::rows>(rows, [&](std::size_t row, std::size_t count) {
                copy_columns<V>(samples, rows, count, z_bar + b0 * rows + row, z_bar + batch * rows, z);
                outer_rows<V, OuterTiles<V>>(samples, cols, leading, columns, count, z, block, w_bar + row * cols + column);
            });
        }
    });
}

}  // namespace
}  // namespace costate::kernels::simd
