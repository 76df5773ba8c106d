// Values that do not lie side by side: every so many, two arrays in turn, squares turned over, and wherever indices say.
#pragma once

#include "kernels/simd/vector.hpp"

#include <algorithm>

namespace costate::kernels::simd {
namespace {

// low[0], low[2], … and high[1], high[3], …: every second of 2 width - 1 values of which `low` has the first and `high` the last.
template <class V>
[[gnu::always_inline]] inline V every_second(const V& low, const V& high) {
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

// p[0], p[2], p[4], …
template <class V>
[[gnu::always_inline]] inline V read_every_second(const Element<V>* p) {
    return every_second(read<V>(p), read<V>(p + width<V> - 1));
}
// The first n of p, n ≤ width<V>; the others are 0 and not read.
template <class V>
[[gnu::always_inline]] inline V read_lanes(const Element<V>* p, std::size_t n) {
    return n == width<V> ? read<V>(p) : n == 0 ? V(0) : read_partial<V>(p, n);
}
template <class V>
[[gnu::always_inline]] inline void write_lanes(Element<V>* p, const V& v, std::size_t n) {
    if (n == width<V>) write(p, v);
    else if (n != 0) write_partial(p, v, n);
}

// p[0], p[stride], p[2 stride], …, the first `live` of them, the others are 0 and not read. Stride is the stride where it is 1 or 2, else 0.
template <class V, std::size_t Stride>
[[gnu::always_inline]] inline V read_strided(const Element<V>* p, std::size_t stride, std::size_t live) {
    constexpr std::size_t w = width<V>;
    if constexpr (Stride == 1) return read_lanes<V>(p, live);
    if constexpr (Stride == 2) {
        if (live == w) return read_every_second<V>(p);
        if constexpr (has_avx512<V>) {
            const std::size_t n = live == 0 ? 0 : 2 * live - 1;
            return every_second(read_lanes<V>(p, std::min(n, w)), read_lanes<V>(p + w - 1, n < w ? 0 : n - w + 1));
        }
    }
    Element<V> buffer[w] = {};
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

// As many indices as V has lanes, in one register (a half or a quarter of one for double).
template <class V>
class Indices {
    static constexpr std::size_t w = width<V>;
    static constexpr bool whole = has_avx512<V> && !is_double<V>, half = has_fma<V> && w == 8;

public:
    [[gnu::always_inline]] static auto read(const std::uint32_t* index) {
        if constexpr (whole) return _mm512_loadu_si512(index);
        else if constexpr (half) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index));
        else if constexpr (w == 4) return _mm_loadu_si128(reinterpret_cast<const __m128i*>(index));
        else return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(index));
    }
    using Register = decltype(read(nullptr));

    [[gnu::always_inline]] static Register all(std::uint32_t value) {
        if constexpr (whole) return _mm512_set1_epi32(static_cast<int>(value));
        else if constexpr (half) return _mm256_set1_epi32(static_cast<int>(value));
        else return _mm_set1_epi32(static_cast<int>(value));
    }
    [[gnu::always_inline]] static Register subtract(Register a, Register b) {
        if constexpr (whole) return _mm512_sub_epi32(a, b);
        else if constexpr (half) return _mm256_sub_epi32(a, b);
        else return _mm_sub_epi32(a, b);
    }
    /// Of values that are integers.
    [[gnu::always_inline]] static Register of(const V& values) {
        if constexpr (has_avx512<V> && is_double<V>) return _mm512_cvttpd_epi32(values);
        else if constexpr (has_avx512<V>) return _mm512_cvttps_epi32(values);
        else if constexpr (has_fma<V> && is_double<V>) return _mm256_cvttpd_epi32(values);
        else if constexpr (has_fma<V>) return _mm256_cvttps_epi32(values);
        else if constexpr (is_double<V>) return _mm_cvttpd_epi32(values);
        else return _mm_cvttps_epi32(values);
    }
    [[gnu::always_inline]] static void write(std::uint32_t (&to)[w], Register a) {
        if constexpr (whole) _mm512_storeu_si512(to, a);
        else if constexpr (half) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a);
        else if constexpr (w == 4) _mm_storeu_si128(reinterpret_cast<__m128i*>(to), a);
        else _mm_storel_epi64(reinterpret_cast<__m128i*>(to), a);
    }
    /// Lanes where a = b, as bits.
    [[gnu::always_inline]] static std::uint32_t equal(Register a, Register b) {
        if constexpr (whole) return _mm512_cmpeq_epi32_mask(a, b);
        else if constexpr (half) return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))));
        else return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(a, b)))) & all_lanes;
    }
    /// Every lane of a is below `span`, a power of two.
    [[gnu::always_inline]] static bool below(Register a, std::uint32_t span) {
        if constexpr (whole) return _mm512_test_epi32_mask(a, all(~(span - 1))) == 0;
        else if constexpr (half) return _mm256_testz_si256(a, all(~(span - 1))) != 0;
        else return equal(_mm_and_si128(a, all(~(span - 1))), all(0)) == all_lanes;
    }
    /// index_l = first + ⌊l step / repeats⌋
    [[gnu::always_inline]] static bool in_steps(const std::uint32_t* index, std::uint32_t step, std::uint32_t first, std::uint32_t repeats = 1) {
        if (index[w - 1] != first + step * (w - 1) / repeats) return false;
        std::uint32_t steps[w];
        for (std::size_t l = 0; l < w; ++l) steps[l] = step * static_cast<std::uint32_t>(l) / repeats;
        return equal(subtract(read(index), all(first)), read(steps)) == all_lanes;
    }
    [[gnu::always_inline]] static bool every(const std::uint32_t* index) { return equal(read(index), all(nothing)) == 0; }
    static constexpr std::uint32_t all_lanes = (1u << w) - 1;
};

// x[index_l] for every lane l, or 0 where the index is `nothing`: loads and a permutation where the indices lie close together, else a gather.
// Indices are below m ≤ 2³¹; nothing else of x is read but what lies between x and x + m.
template <class V>
class Selection {
    using T = Element<V>;
    using Lanes = Indices<V>;
    static constexpr std::size_t w = width<V>;
    static constexpr std::uint32_t span = has_avx512<V> ? 2 * w : w;  // values that a permutation chooses from

public:
    [[gnu::always_inline]] Selection(const std::uint32_t* index, std::size_t m) : index_(index) {
        auto offsets = Lanes::all(0);
        const std::size_t least = std::min(index[0], index[w - 1]);
        const auto within = [&](std::uint32_t n) __attribute__((always_inline)) {
            base_ = std::min(least, m - n);
            offsets = Lanes::subtract(Lanes::read(index), Lanes::all(static_cast<std::uint32_t>(base_)));
            return Lanes::below(offsets, n);
        };
        if constexpr (has_fma<V>) near_ = m >= w && within(w);
        else near_ = m >= w && (base_ = least) == index[0] && Lanes::in_steps(index, 1, index[0]);
        if constexpr (has_avx512<V>)
            if (!near_ && m >= span) near_ = wide_ = within(span);
        every_ = near_ || Lanes::every(index);
        if constexpr (has_avx512<V> && is_double<V>) lanes_ = _mm512_cvtepu32_epi64(offsets);
        else if constexpr (has_fma<V> && is_double<V>) {  // as pairs of floats
            const __m256i twice = _mm256_slli_epi64(_mm256_cvtepu32_epi64(offsets), 1);
            lanes_ = _mm256_or_si256(twice, _mm256_slli_epi64(_mm256_or_si256(twice, _mm256_set1_epi64x(1)), 32));
        } else lanes_ = offsets;
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
        if constexpr (has_avx512<V> && is_double<V>)
            return V(wide_ ? _mm512_permutex2var_pd(read<V>(from), lanes_, read<V>(from + w)) : _mm512_permutexvar_pd(lanes_, read<V>(from)));
        else if constexpr (has_avx512<V>)
            return V(wide_ ? _mm512_permutex2var_ps(read<V>(from), lanes_, read<V>(from + w)) : _mm512_permutexvar_ps(lanes_, read<V>(from)));
        else if constexpr (has_fma<V> && is_double<V>) return V(_mm256_castps_pd(_mm256_permutevar8x32_ps(_mm256_castpd_ps(read<V>(from)), lanes_)));
        else if constexpr (has_fma<V>) return V(_mm256_permutevar8x32_ps(read<V>(from), lanes_));
        else return read<V>(from);
    }
    [[gnu::always_inline]] V gathered(const T* x) const {
        const auto index = Lanes::read(index_), none = Lanes::all(nothing);
        if constexpr (has_avx512<V> && is_double<V>)
            return V(_mm512_mask_i32gather_pd(_mm512_setzero_pd(), _mm256_cmpneq_epi32_mask(index, none), index, x, 8));
        else if constexpr (has_avx512<V>)
            return V(_mm512_mask_i32gather_ps(_mm512_setzero_ps(), _mm512_cmpneq_epi32_mask(index, none), index, x, 4));
        else if constexpr (is_double<V>) {
            const __m128i some = _mm_xor_si128(_mm_cmpeq_epi32(index, none), none);
            return V(_mm256_mask_i32gather_pd(_mm256_setzero_pd(), x, index, _mm256_castsi256_pd(_mm256_cvtepi32_epi64(some)), 8));
        } else {
            const __m256i some = _mm256_xor_si256(_mm256_cmpeq_epi32(index, none), none);
            return V(_mm256_mask_i32gather_ps(_mm256_setzero_ps(), x, index, _mm256_castsi256_ps(some), 4));
        }
    }

    // Where the lanes lie behind base_, as the permutation has it.
    static auto permutation() {
        if constexpr (has_avx512<V>) return __m512i{};
        else if constexpr (has_fma<V>) return __m256i{};
        else return __m128i{};
    }
    const std::uint32_t* index_;
    decltype(permutation()) lanes_;
    std::size_t base_ = 0;
    bool near_, wide_ = false, every_;
};

}  // namespace
}  // namespace costate::kernels::simd
