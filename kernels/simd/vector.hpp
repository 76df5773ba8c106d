// One vector register: xsimd's batch with what it lacks (fused multiply-add everywhere it exists, partial loads, powers of two).
//
// Included only by the architecture files. Everything here and in the headers that include it lives in an unnamed namespace and
// takes the batch as template parameter: code made for one instruction set has no name that the linker could give to another.
#pragma once

#include <immintrin.h>
#include <xsimd/xsimd.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace costate::kernels::simd {
namespace {

template <class V>
using Element = typename V::value_type;
template <class V>
using Integers = xsimd::batch<std::conditional_t<sizeof(Element<V>) == 4, std::uint32_t, std::uint64_t>, typename V::arch_type>;
template <class V>
inline constexpr std::size_t width = V::size;
template <class V>
inline constexpr bool has_avx512 = std::is_base_of_v<xsimd::avx512f, typename V::arch_type>;
template <class V>
inline constexpr bool has_fma = has_avx512<V> || std::is_base_of_v<xsimd::avx2, typename V::arch_type>;
template <class V>
inline constexpr bool is_double = std::same_as<Element<V>, double>;

// Bits of a binary floating-point format, as integers of its size.
template <class T>
struct Format {
    using Integer = std::uint64_t;
    static constexpr int mantissa_bits = 52;
    static constexpr Integer bias = 1023;
    static constexpr T round_shift = 0x1.8p52;  // x + round_shift - round_shift = x rounded to an integer
    static constexpr T veltkamp = 0x1p27 + 1;   // splits x into two halves
};
template <>
struct Format<float> {
    using Integer = std::uint32_t;
    static constexpr int mantissa_bits = 23;
    static constexpr Integer bias = 127;
    static constexpr float round_shift = 0x1.8p23f;
    static constexpr float veltkamp = 0x1p12f + 1;
};

template <class V>
[[gnu::always_inline]] inline V read(const Element<V>* p) {
    return V::load_unaligned(p);
}
template <class V>
[[gnu::always_inline]] inline void write(Element<V>* p, const V& v) {
    v.store_unaligned(p);
}

// With AVX2: all bits of elements low ≤ i < high.
template <class V>
    requires(has_fma<V> && !has_avx512<V>)
[[gnu::always_inline]] inline __m256i between(std::size_t low, std::size_t high) {
    if constexpr (is_double<V>) {
        const __m256i i = _mm256_setr_epi64x(0, 1, 2, 3);
        return _mm256_andnot_si256(_mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(low)), i),
                                   _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(high)), i));
    } else {
        const __m256i i = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(low)), i),
                                   _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(high)), i));
    }
}
// Its elements of memory; the others read as 0 and are not touched.
template <class V>
[[gnu::always_inline]] inline V read_masked(const Element<V>* p, __m256i mask) {
    if constexpr (is_double<V>) return V(_mm256_maskload_pd(p, mask));
    else return V(_mm256_maskload_ps(p, mask));
}

// The first `count` elements (0 < count < width); the others read as 0 and are not touched in memory.
template <class V>
[[gnu::always_inline]] inline V read_partial(const Element<V>* p, std::size_t count) {
    if constexpr (has_avx512<V> && is_double<V>) {
        return V(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1), p));
    } else if constexpr (has_avx512<V>) {
        return V(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p));
    } else if constexpr (has_fma<V>) {
        return read_masked<V>(p, between<V>(0, count));
    } else {
        Element<V> buffer[width<V>] = {};
        for (std::size_t i = 0; i < count; ++i) buffer[i] = p[i];
        return read<V>(buffer);
    }
}
template <class V>
[[gnu::always_inline]] inline void write_partial(Element<V>* p, const V& v, std::size_t count) {
    if constexpr (has_avx512<V> && is_double<V>) {
        _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << count) - 1), v);
    } else if constexpr (has_avx512<V>) {
        _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), v);
    } else if constexpr (has_fma<V> && is_double<V>) {
        _mm256_maskstore_pd(p, between<V>(0, count), v);
    } else if constexpr (has_fma<V>) {
        _mm256_maskstore_ps(p, between<V>(0, count), v);
    } else {
        Element<V> buffer[width<V>];
        write(buffer, v);
        for (std::size_t i = 0; i < count; ++i) p[i] = buffer[i];
    }
}

// Names differ from xsimd's: a call on a batch would find those first.

/// a b + c, rounded once where the machine can (avx2, avx512), twice on the baseline.
template <class V>
[[gnu::always_inline]] inline V add_product(const V& a, const V& b, const V& c) {
    if constexpr (has_avx512<V> && is_double<V>) return V(_mm512_fmadd_pd(a, b, c));
    else if constexpr (has_avx512<V>) return V(_mm512_fmadd_ps(a, b, c));
    else if constexpr (has_fma<V> && is_double<V>) return V(_mm256_fmadd_pd(a, b, c));
    else if constexpr (has_fma<V>) return V(_mm256_fmadd_ps(a, b, c));
    else return a * b + c;
}

/// c - a b, rounded like fma.
template <class V>
[[gnu::always_inline]] inline V subtract_product(const V& a, const V& b, const V& c) {
    if constexpr (has_avx512<V> && is_double<V>) return V(_mm512_fnmadd_pd(a, b, c));
    else if constexpr (has_avx512<V>) return V(_mm512_fnmadd_ps(a, b, c));
    else if constexpr (has_fma<V> && is_double<V>) return V(_mm256_fnmadd_pd(a, b, c));
    else if constexpr (has_fma<V>) return V(_mm256_fnmadd_ps(a, b, c));
    else return c - a * b;
}

template <class To, class From>
[[gnu::always_inline]] inline To bits(const From& v) {
    return xsimd::bitwise_cast<To>(v);
}

/// a² = square + tail exactly, for |a| below the square root of the largest number.
template <class V>
struct ExactSquare {
    V square, tail;
};
template <class V>
[[gnu::always_inline]] inline ExactSquare<V> exact_square(const V& a) {
    const V square = a * a;
    if constexpr (has_fma<V>) {
        return {square, add_product(a, a, -square)};
    } else {  // Dekker's product of the two halves
        const V shifted = V(Format<Element<V>>::veltkamp) * a;
        const V high = shifted - (shifted - a), low = a - high;
        return {square, ((high * high - square) + (high + high) * low) + low * low};
    }
}

/// 2ⁿ for integral n, as two factors where one could leave the range: v 2ⁿ is rounded once, subnormal results included.
template <class V>
class PowerOfTwo {
public:
    [[gnu::always_inline]] explicit PowerOfTwo(const V& n) : n_(n) {
        if constexpr (!has_avx512<V>) {
            const V shift(Format<Element<V>>::round_shift);
            const V half = add_product(n, V(Element<V>(0.5)), shift) - shift;
            first_ = exponential(half);
            second_ = exponential(n - half);
        }
    }
    [[gnu::always_inline]] V operator()(const V& v) const {
        if constexpr (has_avx512<V> && is_double<V>) return V(_mm512_scalef_pd(v, n_));
        else if constexpr (has_avx512<V>) return V(_mm512_scalef_ps(v, n_));
        else return v * first_ * second_;
    }

private:
    [[gnu::always_inline]] static V exponential(const V& n) {
        using F = Format<Element<V>>;
        const V shifted = n + V(F::round_shift + static_cast<Element<V>>(F::bias));
        return bits<V>(bits<Integers<V>>(shifted) << F::mantissa_bits);
    }
    V n_, first_, second_;
};

/// Horner's rule, c₀ + x (c₁ + x (…)).
template <class V, std::size_t N>
[[gnu::always_inline]] inline V polynomial(const V& x, const std::array<Element<V>, N>& c) {
    V p(c[N - 1]);
    for (std::size_t i = N - 1; i > 0; --i) p = add_product(p, x, V(c[i - 1]));
    return p;
}

/// body(in, out) over n elements, whole vectors and then one partial vector: in(p) loads from p, out(p, v) stores v there.
template <class V, class Body>
[[gnu::always_inline]] inline void for_each_vector(std::size_t n, const Body& body) {
    constexpr std::size_t w = width<V>;
    std::size_t i = 0;
    for (; i + w <= n; i += w)
        body([i](const Element<V>* p) { return read<V>(p + i); }, [i](Element<V>* p, const V& v) { write(p + i, v); });
    if (i < n) {
        const std::size_t rest = n - i;
        body([i, rest](const Element<V>* p) { return read_partial<V>(p + i, rest); },
             [i, rest](Element<V>* p, const V& v) { write_partial(p + i, v, rest); });
    }
}

}  // namespace
}  // namespace costate::kernels::simd
