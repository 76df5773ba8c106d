// Values that do not lie side by side: every so many, two arrays in turn, squares turned over, and wherever indices say.
#pragma once

#include "kernels/simd/vector.hpp"

#include <algorithm>

namespace costate::kernels::simd {
namespace {

// p[0], p[2], p[4], …: nothing behind p[2 width - 2] is read.
template <class V>
[[gnu::always_inline]] inline V read_every_second(const Element<V>* p) {
    const V low = read<V>(p), high = read<V>(p + width<V> - 1);  // the odd ones of the second
    if constexpr (has_avx512<V> && is_double<V>)
        return V(_mm512_permutex2var_pd(low, _mm512_setr_epi64(0, 2, 4, 6, 9, 11, 13, 15), high));
    else if constexpr (has_avx512<V>)
        return V(_mm512_permutex2var_ps(low, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31), high));
    else if constexpr (has_fma<V> && is_double<V>) return V(_mm256_permute4x64_pd(_mm256_shuffle_pd(low, high, 0b1010), 0b11011000));
    else if constexpr (has_fma<V>)
        return V(_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 2, 0))), 0b11011000)));
    else if constexpr (is_double<V>) return V(_mm_shuffle_pd(low, high, 0b10));
    else return V(_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 2, 0)));
}

// p[0], p[stride], p[2 stride], …; Stride is the stride where it is 1 or 2, else 0. Where live < width<V>, the rest is 0 and not read.
template <class V, std::size_t Stride>
[[gnu::always_inline]] inline V read_strided(const Element<V>* p, std::size_t stride, std::size_t live) {
    if (live == width<V>) {
        if constexpr (Stride == 1) return read<V>(p);
        if constexpr (Stride == 2) return read_every_second<V>(p);
    } else if constexpr (Stride == 1) {
        return read_partial<V>(p, live);
    }
    Element<V> buffer[width<V>] = {};
    for (std::size_t l = 0; l < live; ++l) buffer[l] = p[l * stride];
    return read<V>(buffer);
}

// a₀ b₀ a₁ b₁ …
template <class V>
struct Interleaved {
    V low, high;
};
template <class V>
[[gnu::always_inline]] inline Interleaved<V> interleave(const V& a, const V& b) {
    if constexpr (has_avx512<V> && is_double<V>) {
        return {V(_mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), b)),
                V(_mm512_permutex2var_pd(a, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), b))};
    } else if constexpr (has_avx512<V>) {
        return {V(_mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b)),
                V(_mm512_permutex2var_ps(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b))};
    } else if constexpr (has_fma<V> && is_double<V>) {
        const __m256d even = _mm256_unpacklo_pd(a, b), odd = _mm256_unpackhi_pd(a, b);
        return {V(_mm256_permute2f128_pd(even, odd, 0x20)), V(_mm256_permute2f128_pd(even, odd, 0x31))};
    } else if constexpr (has_fma<V>) {
        const __m256 even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b);
        return {V(_mm256_permute2f128_ps(even, odd, 0x20)), V(_mm256_permute2f128_ps(even, odd, 0x31))};
    } else if constexpr (is_double<V>) {
        return {V(_mm_unpacklo_pd(a, b)), V(_mm_unpackhi_pd(a, b))};
    } else {
        return {V(_mm_unpacklo_ps(a, b)), V(_mm_unpackhi_ps(a, b))};
    }
}

// rows[i][j] becomes rows[j][i]: row i meets row i + width/2 in turn, log₂ width times.
template <class V>
[[gnu::always_inline]] inline void transpose(V (&rows)[width<V>]) {
    constexpr std::size_t w = width<V>;
    V other[w];
    for (std::size_t step = 1; step < w; step *= 2) {
#pragma GCC unroll 16
        for (std::size_t i = 0; i < w / 2; ++i) {
            const Interleaved<V> pair = interleave(rows[i], rows[i + w / 2]);
            other[2 * i] = pair.low, other[2 * i + 1] = pair.high;
        }
#pragma GCC unroll 16
        for (std::size_t i = 0; i < w; ++i) rows[i] = other[i];
    }
}

inline constexpr std::uint32_t nothing = 0xffffffff;  // the index of nothing: ops::no_index

// Are the n ≤ 16 indices k, k + step, k + 2 step, …?
template <std::size_t N>
[[gnu::always_inline]] inline bool in_steps(const std::uint32_t* index, std::uint32_t step) {
    if (index[N - 1] != index[0] + step * (N - 1)) return false;
    std::uint32_t different = 0;
    for (std::size_t l = 0; l < N; ++l) different |= index[l] ^ (index[0] + step * static_cast<std::uint32_t>(l));
    return different == 0;
}

// x[index_l] for every lane l, or 0 where the index is `nothing`: loads and a permutation where the indices lie close together, else a gather.
// Indices are below m ≤ 2³¹; nothing else of x is read but what lies between x and x + m.
template <class V>
class Selection {
    using T = Element<V>;
    static constexpr std::size_t w = width<V>, span = has_avx512<V> ? 2 * w : w;

public:
    [[gnu::always_inline]] Selection(const std::uint32_t* index, std::size_t m) : index_(index) {
        base_ = std::min<std::size_t>(std::min(index[0], index[w - 1]), m < span ? 0 : m - span);
        std::uint32_t far = 0;
        for (std::size_t l = 0; l < w; ++l) far |= index[l] - static_cast<std::uint32_t>(base_) < span ? 0u : 1u;
        near_ = far == 0 && m >= span;
        if constexpr (!has_fma<V>) near_ = near_ && in_steps<w>(index, 1);
        if (!near_)
            for (std::size_t l = 0; l < w; ++l) every_ &= index[l] != nothing;
    }
    /// No index is `nothing`.
    [[nodiscard]] [[gnu::always_inline]] bool every() const { return every_; }

    [[gnu::always_inline]] V operator()(const T* x) const {
        if (near_) return permuted(x + base_);
        if constexpr (has_fma<V>) return gathered(x);
        T buffer[w];
        for (std::size_t l = 0; l < w; ++l) buffer[l] = index_[l] == nothing ? T(0) : x[index_[l]];
        return read<V>(buffer);
    }

private:
    [[gnu::always_inline]] V permuted(const T* from) const {
        if constexpr (has_avx512<V> && is_double<V>) {
            const __m512i at = _mm512_sub_epi64(_mm512_cvtepu32_epi64(half()), _mm512_set1_epi64(static_cast<long long>(base_)));
            return V(_mm512_permutex2var_pd(read<V>(from), at, read<V>(from + w)));
        } else if constexpr (has_avx512<V>) {
            const __m512i at = _mm512_sub_epi32(_mm512_loadu_si512(index_), _mm512_set1_epi32(static_cast<int>(base_)));
            return V(_mm512_permutex2var_ps(read<V>(from), at, read<V>(from + w)));
        } else if constexpr (has_fma<V> && is_double<V>) {  // as pairs of floats
            const __m256i at = _mm256_cvtepu32_epi64(_mm_sub_epi32(quarter(), _mm_set1_epi32(static_cast<int>(base_))));
            const __m256i twice = _mm256_slli_epi64(at, 1);
            const __m256i pairs = _mm256_or_si256(twice, _mm256_slli_epi64(_mm256_or_si256(twice, _mm256_set1_epi64x(1)), 32));
            return V(_mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(read<V>(from)), pairs)));
        } else if constexpr (has_fma<V>) {
            return V(_mm256_permutevar8x32_ps(read<V>(from), _mm256_sub_epi32(half(), _mm256_set1_epi32(static_cast<int>(base_)))));
        } else {
            return read<V>(from);
        }
    }
    [[gnu::always_inline]] V gathered(const T* x) const {
        if constexpr (has_avx512<V> && is_double<V>) {
            const __mmask8 some = _mm256_cmpneq_epi32_mask(half(), _mm256_set1_epi32(-1));
            return V(_mm512_mask_i32gather_pd(_mm512_setzero_pd(), some, half(), x, 8));
        } else if constexpr (has_avx512<V>) {
            const __m512i index = _mm512_loadu_si512(index_);
            return V(_mm512_mask_i32gather_ps(_mm512_setzero_ps(), _mm512_cmpneq_epi32_mask(index, _mm512_set1_epi32(-1)), index, x, 4));
        } else if constexpr (is_double<V>) {
            const __m256i none = _mm256_cvtepi32_epi64(_mm_cmpeq_epi32(quarter(), _mm_set1_epi32(-1)));
            const __m256d some = _mm256_castsi256_pd(_mm256_xor_si256(none, _mm256_set1_epi32(-1)));
            return V(_mm256_mask_i32gather_pd(_mm256_setzero_pd(), x, quarter(), some, 8));
        } else {
            const __m256i none = _mm256_cmpeq_epi32(half(), _mm256_set1_epi32(-1));
            return V(_mm256_mask_i32gather_ps(_mm256_setzero_ps(), x, half(), _mm256_castsi256_ps(_mm256_xor_si256(none, _mm256_set1_epi32(-1))), 4));
        }
    }
    [[gnu::always_inline]] __m256i half() const { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index_)); }
    [[gnu::always_inline]] __m128i quarter() const { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(index_)); }

    const std::uint32_t* index_;
    std::size_t base_;
    bool near_, every_ = true;
};

}  // namespace
}  // namespace costate::kernels::simd
