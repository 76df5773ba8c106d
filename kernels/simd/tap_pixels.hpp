// Where the pixels of a block lie in y.
#pragma once

#include "kernels/simd/tap_tile.hpp"

namespace costate::kernels::simd {
namespace {

// A rectangle of the grid and some channels.
struct TapBlock {
    std::size_t row, rows, column, columns, channel, channels;
};

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

}  // namespace
}  // namespace costate::kernels::simd
