// The last pixels of a plane, too few for a vector: outputs in the lanes, pixels in the rows.
#pragma once

#include "kernels/simd/table.hpp"
#include "kernels/simd/tile.hpp"

namespace costate::kernels::simd {
namespace {

inline constexpr std::size_t tail_pixels = 4;

// So few that outputs fill more of the lanes.
template <class V>
constexpr bool few_for_lanes(std::size_t pixels) {
    return has_fma<V> && pixels <= tail_pixels && pixels < width<V>;
}

// `Groups` groups of at most Blocking::rows outputs, their weights `group_step` apart. `tile` is as that of the first; its y has `pixels` columns.
template <class V, int Groups>
void tail_tile(const TileCall<Element<V>>& tile, std::size_t group_step, const std::size_t (&rows)[2], std::size_t pixels) {
    using T = Element<V>;
    constexpr int vectors = static_cast<int>((Blocking<V>::rows + width<V> - 1) / width<V>), all = Groups * vectors, n = static_cast<int>(tail_pixels);
    constexpr std::size_t lanes = static_cast<std::size_t>(vectors) * width<V>;
    alignas(64) T sums[tail_pixels][Groups][lanes] = {};
    const auto for_each_sum = [&](const auto& f) {
        for (std::size_t g = 0, o = 0; g < static_cast<std::size_t>(Groups); ++g)
            for (std::size_t r = 0; r < rows[g]; ++r, ++o)
                for (std::size_t p = 0; p < pixels; ++p) f(sums[p][g][r], o, p);
    };
    if (tile.read_y) for_each_sum([&](T& sum, std::size_t o, std::size_t p) { sum = tile.y[o * tile.y_stride + p]; });
    else if (tile.row_bias) for_each_sum([&](T& sum, std::size_t o, std::size_t) { sum = tile.row_bias[o]; });
    Accumulators<V, n, all> acc;
#pragma GCC unroll 4
    for (int p = 0; p < n; ++p)
#pragma GCC unroll 4
        for (int v = 0; v < all; ++v) acc.v[p][v] = read<V>(&sums[p][0][0] + static_cast<std::size_t>(v) * width<V>);
    const T* const b[tail_pixels] = {tile.b, tile.b + (pixels > 1 ? 1 : 0), tile.b + (pixels > 2 ? 2 : 0), tile.b + (pixels > 3 ? 3 : 0)};
    const T* a = tile.a;
    for (std::size_t s = 0; s < tile.steps; ++s, a += tap_stride) {
        const std::int32_t offset = tile.offsets[s];
        V av[all];
#pragma GCC unroll 4
        for (int v = 0; v < all; ++v)
            av[v] = read<V>(a + static_cast<std::size_t>(v / vectors) * group_step + static_cast<std::size_t>(v % vectors) * width<V>);
#pragma GCC unroll 4
        for (int p = 0; p < n; ++p) {
            const V x(b[p][offset]);
#pragma GCC unroll 4
            for (int v = 0; v < all; ++v) acc.v[p][v] = add_product(av[v], x, acc.v[p][v]);
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < n; ++p)
#pragma GCC unroll 4
        for (int v = 0; v < all; ++v) write(&sums[p][0][0] + static_cast<std::size_t>(v) * width<V>, acc.v[p][v]);
    for_each_sum([&](const T& sum, std::size_t o, std::size_t p) { tile.y[o * tile.y_stride + p] = sum; });
}

/// All outputs, weights of each group `group_step` apart; `tile` is that of the first group.
template <class V>
void multiply_tail(TileCall<Element<V>> tile, std::size_t group_step, std::size_t outputs, std::size_t pixels) {
    constexpr std::size_t at_once = Blocking<V>::rows <= width<V> ? 2 : 1;  // enough sums to hide the latency of the multiply-add
    std::size_t rows[2] = {}, groups = 0;
    const auto flush = [&] {
        if constexpr (at_once == 2) {
            if (groups == 2) tail_tile<V, 2>(tile, group_step, rows, pixels);
        }
        if (groups == 1) tail_tile<V, 1>(tile, group_step, rows, pixels);
        tile.a += groups * group_step;
        for (std::size_t g = 0; g < groups; ++g) {
            tile.y += rows[g] * tile.y_stride;
            if (tile.row_bias) tile.row_bias += rows[g];
        }
        groups = 0;
    };
    for_each_group<Blocking<V>::rows>(outputs, [&](std::size_t, std::size_t count) {
        rows[groups++] = count;
        if (groups == at_once) flush();
    });
    flush();
}

}  // namespace
}  // namespace costate::kernels::simd
