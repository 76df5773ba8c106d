// Y += A B for a tile that fits the registers: the one inner loop of every matrix product here.
#pragma once

#include "kernels/simd/table.hpp"
#include "kernels/simd/vector.hpp"

#include <utility>

namespace costate::kernels::simd {
namespace {

// Sizes by instruction set: 2 vectors a panel; rows × 2 accumulators leave registers for one step of B and one element of A.
template <class V>
struct Blocking {
    static constexpr std::size_t vectors = 2, panel = vectors * width<V>;
    static constexpr std::size_t rows = has_avx512<V> ? 14 : has_fma<V> ? 6 : 4;
    static constexpr std::size_t batch_rows = has_avx512<V> ? 70 : 72;                  // of a block of the batch: whole groups
    static constexpr std::size_t k_block = sum_block<Element<V>>;                       // rows × k_block stays in L1
    static constexpr std::size_t row_stride = k_block + 64 / sizeof(Element<V>);        // one cache line off a power of two
    static constexpr std::size_t b_bytes = has_avx512<V> ? std::size_t{256} << 10 : std::size_t{128} << 10;  // of B: twice in L2
};

/// y_rv = start + Σ_s a[r·RowStride + s·StepStride] b_v[s], s ascending in one chain; start is y, the bias, their sum or 0; or y_rv += that chain from 0.
template <class T>
struct TileCall {
    std::size_t steps;
    const T* a;
    const T* b;
    std::size_t b_step, b_panel;  // distance of the next step and of the next panel
    T* y;
    std::size_t y_stride;
    const T* bias;                // may be null
    bool read_y;                  // the chain starts at y
    bool add_y = false;           // the chain's end is added to y
    std::size_t columns;          // of y that are there; fewer than the tile's only with AVX-512
    const char* ahead;            // what a later tile reads, fetched while this one runs:
    std::size_t ahead_lines;      // so many cache lines every fetch_steps steps
    const std::int32_t* offsets = nullptr;  // of a convolution: step s reads b + offsets[s]; b_step, ahead… have no meaning
    const T* row_bias = nullptr;            // and rows start there unless y is read
};

inline constexpr std::size_t fetch_steps = 16;

template <class V, int Rows, int Vectors>
struct Accumulators {
    V v[Rows][Vectors];
};

// The v-th vector of a tile's row; with Masked only its first `columns` elements.
template <class V, bool Masked>
[[gnu::always_inline]] inline V read_column(const Element<V>* p, int v, std::size_t columns) {
    const std::size_t first = static_cast<std::size_t>(v) * width<V>;
    if constexpr (Masked) return read_partial<V>(p + first, columns - first);
    else return read<V>(p + first);
}
template <class V, bool Masked>
[[gnu::always_inline]] inline void write_column(Element<V>* p, int v, const V& value, std::size_t columns) {
    const std::size_t first = static_cast<std::size_t>(v) * width<V>;
    if constexpr (Masked) write_partial(p + first, value, columns - first);
    else write(p + first, value);
}

// Only the last vector of a tile can be partial.
template <class V, int Rows, int Vectors, bool Masked>
[[gnu::always_inline]] inline void start_tile(const TileCall<Element<V>>& call, Accumulators<V, Rows, Vectors>& acc) {
    const Element<V>* y = call.y;
    const std::size_t stride = call.y_stride, columns = call.columns;
    V bias[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) bias[v] = V(0);
    if (call.bias) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors - 1; ++v) bias[v] = read_column<V, false>(call.bias, v, columns);
        bias[Vectors - 1] = read_column<V, Masked>(call.bias, Vectors - 1, columns);
    }
    if (!call.read_y) {
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v) acc.v[r][v] = bias[v];
        }
        return;
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, y += stride) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors - 1; ++v) acc.v[r][v] = read_column<V, false>(y, v, columns) + bias[v];
        acc.v[r][Vectors - 1] = read_column<V, Masked>(y, Vectors - 1, columns) + bias[Vectors - 1];
    }
}

template <class V, int Rows, int Vectors, bool Masked>
[[gnu::always_inline]] inline void finish_tile(const TileCall<Element<V>>& call, Accumulators<V, Rows, Vectors>& acc) {
    Element<V>* y = call.y;
    const std::size_t stride = call.y_stride, columns = call.columns;
    if (call.add_y) {
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
            for (int v = 0; v < Vectors - 1; ++v) acc.v[r][v] += read_column<V, false>(y + r * stride, v, columns);
            acc.v[r][Vectors - 1] += read_column<V, Masked>(y + r * stride, Vectors - 1, columns);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, y += stride) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors - 1; ++v) write_column<V, false>(y, v, acc.v[r][v], columns);
        write_column<V, Masked>(y, Vectors - 1, acc.v[r][Vectors - 1], columns);
    }
}

template <class V, int Rows, int Vectors, std::size_t RowStride, std::size_t StepStride>
void tile(const TileCall<Element<V>>& call) {
    using T = Element<V>;
    constexpr std::size_t w = width<V>;
    constexpr bool masks = has_avx512<V> && Vectors <= 2;
    const bool whole = !masks || call.columns >= Vectors * w;
    Accumulators<V, Rows, Vectors> acc;
    if (whole) start_tile<V, Rows, Vectors, false>(call, acc);
    else start_tile<V, Rows, Vectors, masks>(call, acc);
    const T* a = call.a;
    const T* b = call.b;
    const char* ahead = call.ahead;
    const std::size_t b_step = call.b_step, b_panel = call.b_panel;
    const std::size_t at_most = call.ahead_lines == 0 ? call.steps : fetch_steps;
    for (std::size_t left = call.steps; left > 0;) {
        const std::size_t steps = left < at_most ? left : at_most;
        left -= steps;
        for (std::size_t line = 0; line < call.ahead_lines; ++line, ahead += 64) __builtin_prefetch(ahead, 0, 2);
        for (std::size_t s = steps; s > 0; --s, a += StepStride, b += b_step) {
            V bv[Vectors];
#pragma GCC unroll 8
            for (int v = 0; v < Vectors; ++v) bv[v] = read<V>(b + (v / 2) * b_panel + (v % 2) * w);
#pragma GCC unroll 16
            for (int r = 0; r < Rows; ++r) {
                const V ar(a[r * RowStride]);
#pragma GCC unroll 8
                for (int v = 0; v < Vectors; ++v) acc.v[r][v] = add_product(ar, bv[v], acc.v[r][v]);
            }
        }
    }
    if (whole) finish_tile<V, Rows, Vectors, false>(call, acc);
    else finish_tile<V, Rows, Vectors, masks>(call, acc);
}

// With few rows several panels go at once: enough independent sums to hide the latency of the multiply-add.
template <class V>
constexpr int panels_at_once(int rows) {
    const int budget = static_cast<int>(Blocking<V>::rows) / rows;
    return budget >= 4 ? 4 : budget >= 2 ? 2 : 1;
}

template <class V>
using Tile = void (*)(const TileCall<Element<V>>&);

// The tile functions of one layout of A for 1 … Blocking::rows rows.
template <class V, std::size_t RowStride, std::size_t StepStride>
struct Tiles {
    static constexpr std::size_t rows = Blocking<V>::rows;

    template <int... R>
    static constexpr auto half_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, rows>{&tile<V, R + 1, 1, RowStride, StepStride>...};
    }
    template <int... R>
    static constexpr auto one_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, rows>{&tile<V, R + 1, 2, RowStride, StepStride>...};
    }
    template <int... R>
    static constexpr auto many_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, rows>{&tile<V, R + 1, 2 * panels_at_once<V>(R + 1), RowStride, StepStride>...};
    }
    using Sequence = std::make_integer_sequence<int, static_cast<int>(rows)>;
    static constexpr auto half = half_of(Sequence{});  // one vector of a panel
    static constexpr auto one = one_of(Sequence{});    // one panel
    static constexpr auto many = many_of(Sequence{});  // panels_at_once(rows) panels
};

/// Rows in nearly equal groups of at most Size: group(first, count).
template <std::size_t Size, class Group>
[[gnu::always_inline]] inline void for_each_group(std::size_t rows, const Group& group) {
    const std::size_t groups = (rows + Size - 1) / Size;
    for (std::size_t g = 0, first = 0; g < groups; ++g) {
        const std::size_t count = g + 1 == groups ? rows - first : (rows - first + groups - g - 1) / (groups - g);  // no division where one group is all
        group(first, count);
        first += count;
    }
}

/// A last panel of `columns` < panel columns; nothing beyond the array is touched: through masks, or a padded copy of Y. Sets the call's columns; a copy of
/// a call just written would wait for its stores.
template <class V, class Tiling>
void partial_panel(TileCall<Element<V>>& given, std::size_t rows, std::size_t columns) {
    using T = Element<V>;
    using B = Blocking<V>;
    const Tile<V> tile = (columns <= width<V> ? Tiling::half : Tiling::one)[rows - 1];
    given.columns = columns;
    if (has_avx512<V> || columns == width<V>) return tile(given);
    TileCall<T> call = given;
    alignas(64) T y[B::rows * B::panel];
    alignas(64) T bias[B::panel] = {};
    T* const target = call.y;
    const std::size_t stride = call.y_stride;
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < B::panel; ++c) y[r * B::panel + c] = (call.read_y || call.add_y) && c < columns ? target[r * stride + c] : T(0);
    if (call.bias) {
        for (std::size_t c = 0; c < columns; ++c) bias[c] = call.bias[c];
        call.bias = bias;
    }
    call.y = y;
    call.y_stride = B::panel;
    tile(call);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) target[r * stride + c] = y[r * B::panel + c];
}

}  // namespace
}  // namespace costate::kernels::simd
