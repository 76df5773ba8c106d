// Rows of x laid down once for each column shift (and phase of rows), padding included: then every tap of a kernel reads its panel of pixels at a
// fixed offset, and no patches are copied out.
#pragma once

#include "kernels/simd/tap_image.hpp"

namespace costate::kernels::simd {
namespace {

// The shifted copies of a block: copy (phase of rows, column shift) of a channel, `height` rows of `width` pixels, `stride` apart.
template <class V>
struct Copies {
    using T = Element<V>;
    static constexpr std::size_t most_steps = 864 / sizeof(T);                   // of one product: weights and panels stay in L1
    static constexpr std::size_t capacity = (std::size_t{256} << 10) / sizeof(T);  // of a block: in L2
    static constexpr std::size_t line = 64 / sizeof(T);

    std::size_t count = 0;
    std::int32_t phase[most_taps], shift[most_taps];
    std::uint32_t copy_of[most_taps];  // by tap
    std::int32_t row_of[most_taps];    // by tap, from the first
    std::int32_t first_row = 0, extra = 0;
    std::size_t channels = 1, rows = 1, columns = 1;  // of a block

    explicit Copies(const TapCall<T>& call) {
        const auto step = static_cast<std::int32_t>(call.in_step_y);
        std::int32_t last = 0;
        for (std::size_t t = 0; t < call.tap_count; ++t) {
            const std::int32_t p = (call.taps[t].y % step + step) % step, row = (call.taps[t].y - p) / step;
            std::size_t c = 0;
            while (c < count && (phase[c] != p || shift[c] != call.taps[t].x)) ++c;
            phase[c] = p;
            shift[c] = call.taps[t].x;
            count = c == count ? count + 1 : count;
            copy_of[t] = static_cast<std::uint32_t>(c);
            row_of[t] = row;
            first_row = t == 0 || row < first_row ? row : first_row;
            last = t == 0 || row > last ? row : last;
        }
        for (std::size_t t = 0; t < call.tap_count; ++t) row_of[t] -= first_row;
        extra = last - first_row;
        choose_block(call);
    }

    [[nodiscard]] std::size_t plane(std::size_t block_rows, std::size_t block_columns) const {
        const std::size_t n = (block_rows + static_cast<std::size_t>(extra)) * block_columns + line;  // the last row's vector may spill
        return ((n + line - 1) / line | 1) * line;  // an odd number of cache lines: steps do not meet in the cache
    }

private:
    void choose_block(const TapCall<T>& call) {
        if (count == 0) {  // no tap reaches these pixels
            channels = call.channels;
            rows = call.grid_height;
            columns = call.grid_width;
            return;
        }
        constexpr std::size_t usable = capacity - 4 * line;
        const std::size_t around = static_cast<std::size_t>(extra), least = call.grid_width < 64 ? call.grid_width : 64;
        const auto fits = [&](std::size_t c, std::size_t r, std::size_t w) { return count * c * plane(r, w) <= usable; };
        channels = most_steps / call.tap_count < call.channels ? most_steps / call.tap_count : call.channels;
        channels = channels == 0 ? 1 : nearly_equal(call.channels, channels);
        while (channels > 1 && !fits(channels, 1, least)) channels = channels / 2;
        columns = call.grid_width;
        while (columns > 2 * line && !fits(channels, 1, columns)) columns = columns / 2;
        columns = nearly_equal(call.grid_width, columns);
        const std::size_t most = (usable / (count * channels) - 3 * line) / columns;
        rows = most > around + 1 ? most - around : 1;
        rows = nearly_equal(call.grid_height, rows < call.grid_height ? rows : call.grid_height);
    }
};

// The same of every second element.
template <class V>
struct EverySecond {
    Between<V> first, second;  // of the two vectors that hold them
    std::size_t low, high;

    EverySecond(std::size_t begin, std::size_t end, std::size_t at)
        : first(2 * begin, end > 0 ? 2 * end - 1 : 0, 2 * at), second(2 * begin, end > 0 ? 2 * end - 1 : 0, 2 * at + width<V>),
          low(Between<V>(begin, end, at).low), high(Between<V>(begin, end, at).high) {}
    [[gnu::always_inline]] V operator()(const Element<V>* p) const {
        if constexpr (has_avx512<V> && is_double<V>) {
            const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
            return V(_mm512_permutex2var_pd(first(p), even, second(p + width<V>)));
        } else if constexpr (has_avx512<V>) {
            const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            return V(_mm512_permutex2var_ps(first(p), even, second(p + width<V>)));
        } else {
            return read_spaced<V>(p, 2, low, high);
        }
    }
};

// `rows` rows of n pixels side by side at `to`: pixel j of a row is x[Step j] (scale[Step j]) for low ≤ j < high, else 0; rows of x are x_row apart.
// The last row may spill over by a vector.
template <class V, std::size_t Step, bool Scaled>
void copy_rows(const Element<V>* x, const Element<V>* scale, std::size_t x_row, std::size_t low, std::size_t high, std::size_t rows, std::size_t n,
               Element<V>* to) {
    constexpr std::size_t w = width<V>;
    for (std::size_t j = 0; j < n; j += w) {
        const std::conditional_t<Step == 1, Between<V>, EverySecond<V>> in(low, high, j);
        const Element<V>* from = x + Step * j;
        const Element<V>* factor = scale + Step * j;
        Element<V>* target = to + j;
        const std::size_t rest = n - j;
        for (std::size_t i = 0; i < rows; ++i, from += x_row, factor += x_row, target += n) {
            V v = in(from);
            if constexpr (Scaled) v = v * in(factor);
            if (rest >= w) write(target, v);
            else write_partial(target, v, rest);
        }
    }
}

// Of one column shift: pixel j of a block reads column begin + step j of a row; it is there for low ≤ j < high.
struct Columns {
    std::int64_t begin;
    std::size_t low, high;

    Columns(std::size_t in_width, std::size_t step, std::int64_t shift, std::size_t column, std::size_t columns) {
        const auto s = static_cast<std::int64_t>(step), n = static_cast<std::int64_t>(columns), width = static_cast<std::int64_t>(in_width);
        begin = static_cast<std::int64_t>(column) * s + shift;
        const std::int64_t first = begin < 0 ? (-begin + s - 1) / s : 0, end = begin < width ? (width - begin + s - 1) / s : 0;
        low = static_cast<std::size_t>(first < n ? first : n);
        high = static_cast<std::size_t>(end < n ? end : n);
        if (high < low) high = low;
    }
};

// Some rows of one copy, all of them there.
template <class V>
void copy_rows(const TapCall<Element<V>>& call, const Columns& columns, std::int64_t at, std::size_t rows, std::size_t n, Element<V>* to) {
    const Element<V>* const x = call.x + at;
    const Element<V>* const scale = call.scale ? call.scale + at : nullptr;
    const std::size_t x_row = call.in_step_y * call.in_width;
    if (call.in_step_x == 1 && scale) return copy_rows<V, 1, true>(x, scale, x_row, columns.low, columns.high, rows, n, to);
    if (call.in_step_x == 1) return copy_rows<V, 1, false>(x, x, x_row, columns.low, columns.high, rows, n, to);
    if (call.in_step_x == 2 && !scale) return copy_rows<V, 2, false>(x, x, x_row, columns.low, columns.high, rows, n, to);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            const std::size_t from = i * x_row + j * call.in_step_x;
            const bool there = j >= columns.low && j < columns.high;
            to[i * n + j] = !there ? Element<V>(0) : scale ? x[from] * scale[from] : x[from];
        }
}

// One copy whose rows lie side by side in x as they do here: to[i] = x[i] (scale[i]) for low ≤ i < high, else 0, for i < n up to a whole vector.
template <class V, bool Scaled>
void copy_joined(const Element<V>* x, const Element<V>* scale, std::size_t low, std::size_t high, std::size_t n, Element<V>* to) {
    constexpr std::size_t w = width<V>;
    const auto edge = [&](std::size_t j) {
        const Between<V> in(low, high, j);
        V v = in(x + j);
        if constexpr (Scaled) v = v * in(scale + j);
        write(to + j, v);
    };
    std::size_t j = 0;
    for (; j < low; j += w) edge(j);
    for (; j + w <= high; j += w) {
        V v = read<V>(x + j);
        if constexpr (Scaled) v = v * read<V>(scale + j);
        write(to + j, v);
    }
    for (; j < n; j += w) edge(j);
}

// The same of all a block's channels, planes of x `plane` and copies `stride` apart; then zeros where the columns leave a row. Pixel 0 of the block's first
// row reads x[at].
template <class V>
void copy_joined(const TapCall<Element<V>>& call, const Columns& columns, std::int64_t at, std::size_t channels, std::size_t above, std::size_t below,
                 std::size_t height, std::size_t stride, Element<V>* to) {
    using T = Element<V>;
    const std::size_t n = call.in_width, low = above * n + columns.low, high = below > above ? (below - 1) * n + columns.high : low;
    for (std::size_t c = 0; c < channels; ++c, to += stride, at += static_cast<std::int64_t>(call.in_height * n)) {
        if (call.scale) copy_joined<V, true>(call.x + at, call.scale + at, low, high, height * n, to);
        else copy_joined<V, false>(call.x + at, nullptr, low, high, height * n, to);
        for (std::size_t i = columns.low == 0 ? columns.high : 0; i < n; i = i + 1 == columns.low ? columns.high : i + 1)
            for (std::size_t r = above; r < below; ++r) to[r * n + i] = T(0);
    }
}

// All copies of a block's channels.
template <class V>
void lay_down(const TapCall<Element<V>>& call, const Copies<V>& copies, const TapBlock& block, Element<V>* to) {
    using T = Element<V>;
    const std::size_t stride = copies.plane(block.rows, block.columns), height = block.rows + static_cast<std::size_t>(copies.extra);
    const auto step = static_cast<std::int64_t>(call.in_step_y), in_rows = static_cast<std::int64_t>(call.in_height);
    const bool joined = call.in_step_y * call.in_step_x == 1 && block.columns == call.in_width;
    for (std::size_t k = 0; k < copies.count; ++k) {
        const Columns columns(call.in_width, call.in_step_x, copies.shift[k], block.column, block.columns);
        const std::int64_t first = (static_cast<std::int64_t>(block.row) + copies.first_row) * step + copies.phase[k];
        const auto clamp = [&](std::int64_t i) { return i < 0 ? std::size_t{0} : i < static_cast<std::int64_t>(height) ? static_cast<std::size_t>(i) : height; };
        std::size_t above = clamp(first < 0 ? (-first + step - 1) / step : 0), below = clamp(first < in_rows ? (in_rows - first + step - 1) / step : 0);
        if (below < above || columns.low >= columns.high) below = above = height;
        if (joined) {
            const std::int64_t at = static_cast<std::int64_t>(block.channel * call.in_height) + first;
            copy_joined<V>(call, columns, at * static_cast<std::int64_t>(call.in_width) + columns.begin, block.channels, above, below, height,
                           copies.count * stride, to + k * stride);
            continue;
        }
        const std::int64_t at = (first + static_cast<std::int64_t>(above) * step) * static_cast<std::int64_t>(call.in_width) + columns.begin;
        for (std::size_t c = 0; c < block.channels; ++c) {
            const auto plane = static_cast<std::int64_t>((block.channel + c) * call.in_height * call.in_width);
            T* const rows = to + (c * copies.count + k) * stride;
            for (std::size_t i = 0; i < above * block.columns; ++i) rows[i] = T(0);
            if (below > above) copy_rows<V>(call, columns, plane + at, below - above, block.columns, rows + above * block.columns);
            for (std::size_t i = below * block.columns; i < height * block.columns; ++i) rows[i] = T(0);
        }
    }
}

// Where every step of a block's product finds its panel.
template <class V>
void list_offsets(const TapCall<Element<V>>& call, const Copies<V>& copies, const TapBlock& block, std::int32_t* offsets) {
    const std::size_t stride = copies.plane(block.rows, block.columns);
    for (std::size_t c = 0; c < block.channels; ++c)
        for (std::size_t t = 0; t < call.tap_count; ++t)
            *offsets++ = static_cast<std::int32_t>((c * copies.count + copies.copy_of[t]) * stride + static_cast<std::size_t>(copies.row_of[t]) * block.columns);
}

// f(block) for every block of the grid and, innermost, of the channels.
template <class V, class F>
[[gnu::always_inline]] inline void for_each_block(const TapCall<Element<V>>& call, const Copies<V>& copies, const F& f) {
    for (std::size_t row = 0; row < call.grid_height; row += copies.rows)
        for (std::size_t column = 0; column < call.grid_width; column += copies.columns)
            for (std::size_t channel = 0; channel < call.channels; channel += copies.channels)
                f(TapBlock{row, part_from(row, copies.rows, call.grid_height), column, part_from(column, copies.columns, call.grid_width), channel,
                           part_from(channel, copies.channels, call.channels)});
}

}  // namespace
}  // namespace costate::kernels::simd
