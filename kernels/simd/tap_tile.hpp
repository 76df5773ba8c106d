// The inner loop of convolutions: Y += A B for a tile, each step of B at an offset of its own.
#pragma once

#include "kernels/simd/table.hpp"
#include "kernels/simd/tile.hpp"

namespace costate::kernels::simd {
namespace {

// One step of a tile reads its vectors at an offset of its own; otherwise as tile(). With Ahead it fetches those of the tile beside it, which lie in as
// many rows as there are steps, where no prefetcher sees a stream.
template <class V, int Rows, int Vectors, bool Ahead>
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
        if constexpr (Ahead) {
            constexpr int bytes = Vectors * static_cast<int>(width<V> * sizeof(T));
#pragma GCC unroll 8
            for (int line = bytes; line < 2 * bytes; line += 64) _mm_prefetch(reinterpret_cast<const char*>(at) + line, _MM_HINT_T0);
        }
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

template <class V, bool Ahead = false>
struct TapTiles {
    template <int... R>
    static constexpr auto half_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, sizeof...(R)>{&tap_tile<V, R + 1, 1, Ahead>...};
    }
    template <int... R>
    static constexpr auto one_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, sizeof...(R)>{&tap_tile<V, R + 1, 2, Ahead>...};
    }
    template <int... R>
    static constexpr auto many_of(std::integer_sequence<int, R...>) {
        return std::array<Tile<V>, sizeof...(R)>{&tap_tile<V, R + 1, 2 * panels_at_once<V>(R + 1), Ahead>...};
    }
    using Sequence = std::make_integer_sequence<int, static_cast<int>(Blocking<V>::rows)>;
    static constexpr auto half = half_of(Sequence{});
    static constexpr auto one = one_of(Sequence{});
    static constexpr auto many = many_of(Sequence{});
};

// Elements at p, p + step, … of a vector: those in [low, high) are read, the others are 0 and not touched.
template <class V>
[[gnu::always_inline]] inline V read_spaced(const Element<V>* p, std::size_t step, std::size_t low, std::size_t high) {
    alignas(64) Element<V> buffer[width<V>] = {};
    for (std::size_t i = low; i < high; ++i) buffer[i] = p[i * step];
    return read<V>(buffer);
}

// The elements of a vector between two places, side by side.
template <class V>
struct Between {
    std::size_t low, high;

    Between(std::size_t first, std::size_t end, std::size_t at)
        : low(first > at ? (first - at < width<V> ? first - at : width<V>) : 0), high(end > at ? (end - at < width<V> ? end - at : width<V>) : 0) {}
    [[gnu::always_inline]] V operator()(const Element<V>* p) const {
        if constexpr (has_avx512<V>) {
            const std::uint32_t mask = low < high ? ((1u << high) - 1) & ~((1u << low) - 1) : 0;
            if constexpr (is_double<V>) return V(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p));
            else return V(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p));
        } else if constexpr (has_fma<V>) {
            return read_masked<V>(p, between<V>(low, high));
        } else {
            return low == 0 && high == width<V> ? read<V>(p) : read_spaced<V>(p, 1, low, high);
        }
    }
};

}  // namespace
}  // namespace costate::kernels::simd
