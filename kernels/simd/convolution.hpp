// Convolutions as implicit matrix products. For a block of pixels and of channels the rows of x are laid down once for each column shift (and
// phase of rows), padding included: then every tap of the kernel reads its panel of pixels at a fixed offset, and no patches are copied out.
// The meaning is in kernels/reference/convolution.hpp.
#pragma once

#include "kernels/simd/narrow.hpp"
#include "kernels/simd/tile.hpp"

namespace costate::kernels::simd {
namespace {

// One step of a tile reads its vectors at an offset of its own; otherwise as tile().
template <class V, int Rows, int Vectors>
void tap_tile(const TileCall<Element<V>>& call) {
    using T = Element<V>;
    constexpr bool masks = has_avx512<V> && Vectors <= 2;
    const bool whole = !masks || call.columns >= Vectors * width<V>;
    Accumulators<V, Rows, Vectors> acc;
    if (!call.read_y) {
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const V start(call.row_bias ? call.row_bias[r] : T(0));
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v) acc.v[r][v] = start;
        }
    } else if (whole) start_tile<V, Rows, Vectors, false>(call, acc);
    else start_tile<V, Rows, Vectors, masks>(call, acc);
    const T* a = call.a;
    const T* const b = call.b;
    const std::int32_t* offset = call.offsets;
    for (std::size_t s = call.steps; s > 0; --s, a += tap_stride, ++offset) {
        const T* const at = b + *offset;
        V bv[Vectors];
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) bv[v] = read<V>(at + v * width<V>);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const V ar(a[r]);
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v) acc.v[r][v] = add_product(ar, bv[v], acc.v[r][v]);
        }
    }
    if (whole) finish_tile<V, Rows, Vectors, false>(call, acc);
    else finish_tile<V, Rows, Vectors, masks>(call, acc);
}

template <class V>
struct TapTiles {
    template <int... R>
    static constexpr auto half_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, sizeof...(R)>{&tap_tile<V, R + 1, 1>...};
    }
    template <int... R>
    static constexpr auto one_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, sizeof...(R)>{&tap_tile<V, R + 1, 2>...};
    }
    template <int... R>
    static constexpr auto many_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, sizeof...(R)>{&tap_tile<V, R + 1, 2 * panels_at_once<V>(R + 1)>...};
    }
    using Sequence = std::make_integer_sequence<int, static_cast<int>(Blocking<V>::rows)>;
    static constexpr auto half = half_of(Sequence{});
    static constexpr auto one = one_of(Sequence{});
    static constexpr auto many = many_of(Sequence{});
};

// The shifted copies of a block: copy (phase of rows, column shift) of a channel, `height` rows of `width` pixels, `stride` apart.
template <class V>
struct Copies {
    using T = Element<V>;
    static constexpr std::size_t most_steps = 1152 / sizeof(T);                  // of one product: their weights stay in L1
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
    static std::size_t parts(std::size_t n, std::size_t most) { return (n + most - 1) / most; }
    static std::size_t nearly_equal(std::size_t n, std::size_t most) { return parts(n, parts(n, most)); }

    void choose_block(const TapCall<T>& call) {
        if (count == 0) {  // no tap reaches these pixels
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

// A rectangle of the grid and some channels.
struct TapBlock {
    std::size_t row, rows, column, columns, channel, channels;
};

// The elements [low, high) of a vector at p; the others are 0 and not touched.
template <class V>
[[gnu::always_inline]] inline V read_between(const Element<V>* p, std::size_t low, std::size_t high) {
    if constexpr (has_avx512<V>) {
        const auto mask = static_cast<std::uint32_t>(((1u << high) - 1) & ~((1u << low) - 1));
        if constexpr (is_double<V>) return V(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p));
        else return V(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p));
    } else {
        Element<V> buffer[width<V>] = {};
        for (std::size_t i = low; i < high; ++i) buffer[i] = p[i];
        return read<V>(buffer);
    }
}

// to_j = x[j] (scale[j]) for low ≤ j < high, else 0, j < n; up to a vector beyond n is overwritten.
template <class V>
void copy_row(const Element<V>* x, const Element<V>* scale, std::size_t low, std::size_t high, std::size_t n, Element<V>* to) {
    constexpr std::size_t w = width<V>;
    for (std::size_t j = 0; j < n; j += w) {
        const std::size_t l = low > j ? low - j : 0, h = high > j ? high - j : 0;
        V v(0);
        if (l == 0 && h >= w) v = scale ? read<V>(x + j) * read<V>(scale + j) : read<V>(x + j);
        else if (l < h && l < w) {
            v = read_between<V>(x + j, l, h < w ? h : w);
            if (scale) v = v * read_between<V>(scale + j, l, h < w ? h : w);
        }
        write(to + j, v);
    }
}

// to_j = x[step j] (scale[step j]) for low ≤ j < high, else 0, j < n.
template <class T>
void copy_spaced(const T* x, const T* scale, std::size_t step, std::size_t low, std::size_t high, std::size_t n, T* to) {
    for (std::size_t j = 0; j < low; ++j) to[j] = T(0);
    for (std::size_t j = high; j < n; ++j) to[j] = T(0);
    if (scale)
        for (std::size_t j = low; j < high; ++j) to[j] = x[j * step] * scale[j * step];
    else if (step == 2)
        for (std::size_t j = low; j < high; ++j) to[j] = x[j * 2];
    else
        for (std::size_t j = low; j < high; ++j) to[j] = x[j * step];
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

// All copies of a block's channels.
template <class V>
void lay_down(const TapCall<Element<V>>& call, const Copies<V>& copies, const TapBlock& block, Element<V>* to) {
    using T = Element<V>;
    const std::size_t stride = copies.plane(block.rows, block.columns), height = block.rows + static_cast<std::size_t>(copies.extra);
    const auto step = static_cast<std::int64_t>(call.in_step_y), rows = static_cast<std::int64_t>(call.in_height);
    for (std::size_t k = 0; k < copies.count; ++k) {
        const Columns columns(call.in_width, call.in_step_x, copies.shift[k], block.column, block.columns);
        const std::int64_t first = (static_cast<std::int64_t>(block.row) + copies.first_row) * step + copies.phase[k];
        for (std::size_t c = 0; c < block.channels; ++c) {
            const auto plane = static_cast<std::int64_t>((block.channel + c) * call.in_height * call.in_width);
            T* row = to + (c * copies.count + k) * stride;
            std::int64_t y = first;
            for (std::size_t i = 0; i < height; ++i, row += block.columns, y += step) {
                const bool there = y >= 0 && y < rows && columns.low < columns.high;
                const std::int64_t at = there ? plane + y * static_cast<std::int64_t>(call.in_width) + columns.begin : 0;
                const std::size_t low = there ? columns.low : block.columns, high = there ? columns.high : block.columns;
                const T* const scale = call.scale ? call.scale + at : nullptr;
                if (call.in_step_x == 1) copy_row<V>(call.x + at, scale, low, high, block.columns, row);
                else copy_spaced(call.x + at, scale, call.in_step_x, low, high, block.columns, row);
            }
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

// Whether a block's pixels lie side by side in y.
template <class T>
bool contiguous(const TapCall<T>& call, const TapBlock& block) {
    return block.columns == call.out_width && call.out_step_y == 1 && call.out_step_x == 1;
}

// A tile whose pixels lie scattered: through a copy of y.
template <class V>
void scattered_tile(const TapCall<Element<V>>& call, const TapBlock& block, std::size_t pixel, std::size_t rows, Element<V>* y, TileCall<Element<V>> tile) {
    using B = Blocking<V>;
    alignas(64) Element<V> copy[B::rows * B::panel];
    std::size_t places[B::panel];
    std::size_t row = pixel / block.columns, column = pixel % block.columns;
    for (std::size_t j = 0; j < tile.columns; ++j) {
        places[j] = (call.out_y + (block.row + row) * call.out_step_y) * call.out_width + call.out_x + (block.column + column) * call.out_step_x;
        if (++column == block.columns) column = 0, ++row;
    }
    for (std::size_t r = 0; tile.read_y && r < rows; ++r)
        for (std::size_t j = 0; j < tile.columns; ++j) copy[r * B::panel + j] = y[r * call.out_plane + places[j]];
    const std::size_t columns = tile.columns;
    tile.y = copy;
    tile.y_stride = B::panel;
    tile.columns = B::panel;
    (columns <= width<V> ? TapTiles<V>::half : TapTiles<V>::one)[rows - 1](tile);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t j = 0; j < columns; ++j) y[r * call.out_plane + places[j]] = copy[r * B::panel + j];
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
                                   .ahead_y = false, .offsets = offsets, .row_bias = call.bias ? call.bias + output : nullptr};
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
