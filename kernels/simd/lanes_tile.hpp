// The inner loop of convolutions with outputs in the lanes: one element of an image multiplies a vector of outputs.
#pragma once

#include "kernels/simd/tile.hpp"

namespace costate::kernels::simd {
namespace {

// Vectors of outputs that a tile has at most, its rows, and what is at hand at once.
template <class V>
struct LanesBlocking {
    static constexpr std::size_t vectors = has_avx512<V> ? 4 : 2;
    static constexpr std::size_t panel_bytes = std::size_t{28} << 10;  // of what is multiplied: in L1

    /// Rows of a tile: each needs an address, and the tile's sums hide the latency of the multiply-add.
    static constexpr int rows(int vectors_of_tile) {
        if (has_avx512<V>) return vectors_of_tile <= 2 ? 10 : vectors_of_tile == 3 ? 8 : 6;
        return vectors_of_tile == 2 ? (has_fma<V> ? 6 : 4) : has_fma<V> ? 10 : 8;
    }
};

/// sums_rv = start_v + Σ_i x[rows_r + steps_i] b_iv, i ascending in one chain; or the chain starts at the sums (read); or it is added to them (add).
template <class T>
struct LanesTile {
    const T* x;
    const std::ptrdiff_t* rows;
    const std::ptrdiff_t* steps;
    std::size_t count;  // of steps
    const T* b;         // the vectors of a step side by side
    T* sums;
    std::size_t stride;  // from one row of the sums to the next
    const T* start;
    bool read, add;
};

template <class V, int Rows, int Vectors>
void lanes_tile(const LanesTile<Element<V>>& call) {
    using T = Element<V>;
    const std::size_t stride = call.stride;
    Accumulators<V, Rows, Vectors> acc;
    const T* at[Rows];
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) at[r] = call.x + call.rows[r];
    const T* from = call.read ? call.sums : call.start;
    const std::size_t from_stride = call.read ? stride : 0;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, from += from_stride) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) acc.v[r][v] = read<V>(from + static_cast<std::size_t>(v) * width<V>);
    }
    const T* b = call.b;
    const std::ptrdiff_t* const end = call.steps + call.count;
    for (const std::ptrdiff_t* step = call.steps; step != end; ++step, b += Vectors * width<V>) {
        const std::ptrdiff_t i = *step;
        V bv[Vectors];
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) bv[v] = read<V>(b + static_cast<std::size_t>(v) * width<V>);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            const V x(at[r][i]);
#pragma GCC unroll 4
            for (int v = 0; v < Vectors; ++v) acc.v[r][v] = add_product(x, bv[v], acc.v[r][v]);
        }
    }
    const bool add = call.add;
    T* to = call.sums;
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, to += stride) {
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) {
            T* const p = to + static_cast<std::size_t>(v) * width<V>;
            write(p, add ? read<V>(p) + acc.v[r][v] : acc.v[r][v]);
        }
    }
}

// All groups of `count` rows.
template <class V, int Vectors>
void lanes_rows(LanesTile<Element<V>> tile, std::size_t count) {
    constexpr int most = LanesBlocking<V>::rows(Vectors);
    static constexpr auto tiles = []<int... R>(std::integer_sequence<int, R...>) {
        return std::array<void (*)(const LanesTile<Element<V>>&), sizeof...(R)>{&lanes_tile<V, R + 1, Vectors>...};
    }(std::make_integer_sequence<int, most>{});
    for_each_group<static_cast<std::size_t>(most)>(count, [&](std::size_t, std::size_t rows) {
        tiles[rows - 1](tile);
        tile.rows += rows;
        tile.sums += rows * tile.stride;
    });
}

/// The same for so many vectors.
template <class V>
void multiply_lanes(const LanesTile<Element<V>>& tile, std::size_t rows, std::size_t vectors) {
    static constexpr auto functions = []<int... N>(std::integer_sequence<int, N...>) {
        return std::array<void (*)(LanesTile<Element<V>>, std::size_t), sizeof...(N)>{&lanes_rows<V, N + 1>...};
    }(std::make_integer_sequence<int, static_cast<int>(LanesBlocking<V>::vectors)>{});
    functions[vectors - 1](tile, rows);
}

}  // namespace
}  // namespace costate::kernels::simd
