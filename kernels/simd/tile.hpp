// Y += A B for a tile that fits the registers: the one inner loop of every matrix product here.
#pragma once

#include "kernels/simd/vector.hpp"

#include <utility>

namespace costate::kernels::simd {
namespace {

// Sizes by instruction set: 2 vectors a panel; rows × 2 accumulators leave registers for one step of B and one element of A.
template <class V>
struct Blocking {
    static constexpr std::size_t vectors = 2, panel = vectors * width<V>;
    static constexpr std::size_t rows = has_avx512<V> ? 14 : has_fma<V> ? 6 : 4;
    static constexpr std::size_t k_block = 2048 / sizeof(Element<V>);                   // rows × k_block stays in L1
    static constexpr std::size_t row_stride = k_block + 64 / sizeof(Element<V>);        // one cache line off a power of two
    static constexpr std::size_t b_bytes = has_avx512<V> ? std::size_t{512} << 10 : std::size_t{256} << 10;  // of B, stays in L2
};

/// y_rv = start + Σ_s a[r·RowStride + s·StepStride] b_v[s], s ascending in one chain; start is y, the bias, their sum or 0.
template <class T>
struct TileCall {
    std::size_t steps;
    const T* a;
    const T* b;
    std::size_t b_step, b_panel;  // distance of the next step and of the next panel
    T* y;
    std::size_t y_stride;
    const T* bias;                // may be null
    bool read_y;
};

template <class V, int Rows, int Vectors>
struct Accumulators {
    V v[Rows][Vectors];
};

template <class V, int Rows, int Vectors>
[[gnu::always_inline]] inline void start_tile(const TileCall<Element<V>>& call, Accumulators<V, Rows, Vectors>& acc) {
    constexpr std::size_t w = width<V>;
    const Element<V>* y = call.y;
    const std::size_t stride = call.y_stride;
    const bool read_y = call.read_y;
    V bias[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; ++v) bias[v] = call.bias ? read<V>(call.bias + v * w) : V(0);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, y += stride) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) acc.v[r][v] = read_y ? read<V>(y + v * w) + bias[v] : bias[v];
    }
}

template <class V, int Rows, int Vectors, std::size_t RowStride, std::size_t StepStride>
void tile(const TileCall<Element<V>>& call) {
    using T = Element<V>;
    constexpr std::size_t w = width<V>;
    Accumulators<V, Rows, Vectors> acc;
    start_tile<V, Rows, Vectors>(call, acc);
    const T* a = call.a;
    const T* b = call.b;
    const std::size_t b_step = call.b_step, b_panel = call.b_panel;
    for (std::size_t s = call.steps; s > 0; --s, a += StepStride, b += b_step) {
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
    T* y = call.y;
    const std::size_t y_stride = call.y_stride;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, y += y_stride) {
#pragma GCC unroll 8
        for (int v = 0; v < Vectors; ++v) write(y + v * w, acc.v[r][v]);
    }
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

/// Rows in nearly equal groups of at most Blocking::rows: group(first, count).
template <class V, class Group>
[[gnu::always_inline]] inline void for_each_row_group(std::size_t rows, const Group& group) {
    const std::size_t groups = (rows + Blocking<V>::rows - 1) / Blocking<V>::rows;
    for (std::size_t g = 0, first = 0; g < groups; ++g) {
        const std::size_t count = (rows - first + groups - g - 1) / (groups - g);
        group(first, count);
        first += count;
    }
}

/// A last panel of `columns` < panel columns: through a padded copy of Y, so that nothing beyond the array is touched.
template <class V, class Tiling>
void partial_panel(TileCall<Element<V>> call, std::size_t rows, std::size_t columns) {
    using T = Element<V>;
    using B = Blocking<V>;
    alignas(64) T y[B::rows * B::panel] = {};
    alignas(64) T bias[B::panel] = {};
    T* const target = call.y;
    const std::size_t stride = call.y_stride;
    if (call.read_y)
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < columns; ++c) y[r * B::panel + c] = target[r * stride + c];
    if (call.bias) {
        for (std::size_t c = 0; c < columns; ++c) bias[c] = call.bias[c];
        call.bias = bias;
    }
    call.y = y;
    call.y_stride = B::panel;
    (columns <= width<V> ? Tiling::half : Tiling::one)[rows - 1](call);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) target[r * stride + c] = y[r * B::panel + c];
}

}  // namespace
}  // namespace costate::kernels::simd
