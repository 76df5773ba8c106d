// Layers of few outputs: dot products of rows instead of tiles, which would multiply padding. The order is that of
// reference::narrow_dot: narrow_lanes sums side by side, lane j over k ≡ j, folded in halves and added to the start.
#pragma once

#include "kernels/simd/elementwise.hpp"
#include "kernels/simd/table.hpp"

namespace costate::kernels::simd {
namespace {

// Lanes j and j + half together, for half = ½ width … 1.
template <class V>
[[gnu::always_inline]] inline Element<V> fold(const V& v) {
    if constexpr (has_avx512<V>) {
        using Half = xsimd::batch<Element<V>, xsimd::fma3<xsimd::avx2>>;
        if constexpr (is_double<V>) return fold(Half(_mm512_castpd512_pd256(v)) + Half(_mm512_extractf64x4_pd(v, 1)));
        else return fold(Half(_mm512_castps512_ps256(v)) + Half(_mm512_extractf32x8_ps(v, 1)));
    } else if constexpr (has_fma<V>) {
        using Half = xsimd::batch<Element<V>, xsimd::sse2>;
        if constexpr (is_double<V>) return fold(Half(_mm256_castpd256_pd128(v)) + Half(_mm256_extractf128_pd(v, 1)));
        else return fold(Half(_mm256_castps256_ps128(v)) + Half(_mm256_extractf128_ps(v, 1)));
    } else if constexpr (is_double<V>) {
        return _mm_cvtsd_f64(_mm_add_sd(v, _mm_unpackhi_pd(v, v)));
    } else {
        const __m128 pairs = _mm_add_ps(v, _mm_movehl_ps(v, v));
        return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1)));
    }
}

// Rows of x at once: with more than that accumulators and weights would not fit the registers.
template <class V>
constexpr std::size_t narrow_rows(std::size_t outputs) {
    const std::size_t budget = has_avx512<V> ? 16 : 8;
    return outputs * 4 <= budget ? 4 : outputs * 2 <= budget ? 2 : 1;
}

// One step of the lanes from k on: x (scaled, stored) of each row times each output's weights.
template <class V, std::size_t Rows, std::size_t Outputs, bool Scaled, class In, class Out>
[[gnu::always_inline]] inline void narrow_step(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, std::size_t row,
                                               std::size_t k, V (&sums)[Rows][Outputs], const In& in, const Out& out) {
    V x[Rows];
#pragma GCC unroll 4
    for (std::size_t r = 0; r < Rows; ++r) {
        const std::size_t at = (row + r) * w.inputs + k;
        x[r] = in(call.x + at);
        if constexpr (Scaled) {
            x[r] = x[r] * in(call.scale + at);
            if (call.scaled) out(call.scaled + at, x[r]);
        }
    }
#pragma GCC unroll 8
    for (std::size_t o = 0; o < Outputs; ++o) {
        const V weights = read<V>(w.data + o * w.row_stride + k);
#pragma GCC unroll 4
        for (std::size_t r = 0; r < Rows; ++r) sums[r][o] = add_product(x[r], weights, sums[r][o]);
    }
}

// z of `Rows` rows; each part of the lanes that a vector holds passes over its own elements of x, so x is read and scaled once.
template <class V, std::size_t Rows, std::size_t Outputs, bool Scaled>
void narrow_block(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, std::size_t row) {
    using T = Element<V>;
    constexpr std::size_t parts = narrow_lanes / width<V>;
    V partial[parts][Rows][Outputs];
    for (std::size_t part = 0; part < parts; ++part) {
        V sums[Rows][Outputs];
        for (auto& of_row : sums)
            for (V& sum : of_row) sum = V(0);
        std::size_t k = part * width<V>;
        for (; k + width<V> <= w.inputs; k += narrow_lanes)
            narrow_step<V, Rows, Outputs, Scaled>(
                w, call, row, k, sums, [](const T* p) { return read<V>(p); }, [](T* p, const V& v) { write(p, v); });
        if (k < w.inputs) {
            const std::size_t rest = w.inputs - k;
            narrow_step<V, Rows, Outputs, Scaled>(
                w, call, row, k, sums, [rest](const T* p) { return read_partial<V>(p, rest); },
                [rest](T* p, const V& v) { write_partial(p, v, rest); });
        }
        for (std::size_t r = 0; r < Rows; ++r)
            for (std::size_t o = 0; o < Outputs; ++o) partial[part][r][o] = sums[r][o];
    }
    for (std::size_t r = 0; r < Rows; ++r)
        for (std::size_t o = 0; o < Outputs; ++o) {
            for (std::size_t half = parts / 2; half > 0; half /= 2)
                for (std::size_t part = 0; part < half; ++part)
                    partial[part][r][o] = partial[part][r][o] + partial[part + half][r][o];
            T& y = call.y[(row + r) * Outputs + o];
            const T bias = call.bias ? call.bias[o] : T(0);
            y = (call.accumulate ? y + bias : bias) + fold(partial[0][r][o]);
        }
}

template <class V, std::size_t Outputs, bool Scaled>
void narrow_product(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call) {
    constexpr std::size_t rows = narrow_rows<V>(Outputs);
    std::size_t row = 0;
    for (; row + rows <= call.batch; row += rows) narrow_block<V, rows, Outputs, Scaled>(w, call, row);
    for (; row < call.batch; ++row) narrow_block<V, 1, Outputs, Scaled>(w, call, row);
}

template <class V>
using Narrow = void (*)(const Packed<Element<V>>&, const LinearCall<Element<V>>&);
template <class V, bool Scaled>
constexpr auto narrow_table = []<std::size_t... O>(std::index_sequence<O...>) {
    return std::array<Narrow<V>, sizeof...(O)>{&narrow_product<V, O + 1, Scaled>...};
}(std::make_index_sequence<narrow_outputs>{});

template <class V>
void narrow_linear(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call) {
    (call.scale ? narrow_table<V, true> : narrow_table<V, false>)[w.outputs - 1](w, call);
    const std::size_t n = call.batch * w.outputs;
    if (call.slope) apply_with_slope<V>(call.activation, n, call.y, call.y, call.slope);
    else if (call.activation != Function::identity) apply<V>(call.activation, n, call.y, call.y);
}

}  // namespace
}  // namespace costate::kernels::simd
