// Convolutions of 3 × 3 taps by Winograd's F(2 × 2, 3 × 3): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for every square of 2 × 2 pixels, 16 products where 36
// were (A. Lavin, S. Gray, Fast algorithms for convolutional neural networks, CVPR 2016, eq. (12)). In single precision with AVX-512.
#pragma once

#include "kernels/simd/tap_tile.hpp"

namespace costate::kernels::simd {
namespace {

template <class V>
inline constexpr bool has_squares = has_avx512<V> && !is_double<V>;

// A panel of squares while it is worked on: Bᵀ d B of all channels, then the 16 products of all outputs; [place in the square][row][square].
template <class V>
struct SquarePanel {
    static constexpr std::size_t columns = Blocking<V>::panel;
    /// From place to place: off a power of two by a vector, so that places do not meet in the cache.
    static constexpr std::size_t stride(std::size_t rows) { return rows * columns + width<V>; }
    alignas(64) Element<V> values[square_places * (stride(most_square_rows) + width<V>) + columns];  // a run's vector may spill
};

// Squares side by side in one row of squares, at `place` of a panel; where their pixels begin, and which of the two vectors of each row are there.
struct SquareRun {
    std::size_t row, column, place, count;
    std::int64_t at = 0;
    std::uint16_t low[4] = {}, high[4] = {};
};

// The runs of a panel of `count` squares from the first-th on; a run's pixels and their neighbours lie in two vectors.
template <class V>
struct SquareRuns {
    SquareRun runs[SquarePanel<V>::columns];
    std::size_t size = 0;

    SquareRuns(const TapCall<Element<V>>& call, std::size_t first, std::size_t count) {
        constexpr std::size_t most = width<V> - 1;
        const std::size_t across = (call.grid_width + 1) / 2;
        for (std::size_t place = 0; place < count; place += runs[size++].count) {
            const std::size_t row = (first + place) / across, column = (first + place) % across;
            const std::size_t in_row = across - column < count - place ? across - column : count - place, parts = (in_row + most - 1) / most;
            runs[size] = {row, column, place, (in_row + parts - 1) / parts};
            find_pixels(call, runs[size]);
        }
    }

private:
    static void find_pixels(const TapCall<Element<V>>& call, SquareRun& run) {
        constexpr std::int64_t both = 2 * width<V>;
        const auto in_width = static_cast<std::int64_t>(call.in_width), in_height = static_cast<std::int64_t>(call.in_height);
        const std::int64_t row = 2 * static_cast<std::int64_t>(run.row) + call.taps[0].y, column = 2 * static_cast<std::int64_t>(run.column) + call.taps[0].x;
        const auto clamp = [](std::int64_t i) { return static_cast<unsigned>(i < 0 ? 0 : i < both ? i : both); };
        const auto below = [](unsigned n) { return static_cast<std::uint32_t>((std::uint64_t{1} << n) - 1); };
        const std::uint32_t there = below(clamp(in_width - column)) & ~below(clamp(-column));
        run.at = row * in_width + column;
        for (std::int64_t r = 0; r < 4; ++r) {
            const bool inside = row + r >= 0 && row + r < in_height;
            run.low[r] = static_cast<std::uint16_t>(inside ? there : 0);
            run.high[r] = static_cast<std::uint16_t>(inside ? there >> width<V> : 0);
        }
    }
};

// 32 pixels of a row in two vectors, as four: pixels 2 l, 2 l + 1, 2 l + 2, 2 l + 3 of lane l, but for the last lane of the last two.
template <class V>
[[gnu::always_inline]] inline void spread(const V& low, const V& high, V* d) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), one = _mm512_set1_epi32(1);
    __m512i at = even;
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s, at = _mm512_add_epi32(at, one)) d[s] = V(_mm512_permutex2var_ps(low, at, high));
}

// Bᵀ d, for vectors `step` apart.
template <class V>
[[gnu::always_inline]] inline void to_squares(V* d, int step) {
    const V first = d[0] - d[2 * step], second = d[step] + d[2 * step], third = d[2 * step] - d[step], last = d[step] - d[3 * step];
    d[0] = first, d[step] = second, d[2 * step] = third, d[3 * step] = last;
}

// Bᵀ d B of one channel for one run of squares, places `stride` apart. The run is a copy: what is written could otherwise be it.
template <class V, bool Scaled>
[[gnu::always_inline]] inline void square_in(const TapCall<Element<V>>& call, const SquareRun run, std::int64_t plane, Element<V>* to, std::size_t stride) {
    V d[16];
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) {
        const std::int64_t at = plane + run.at + r * static_cast<std::int64_t>(call.in_width);
        V first(_mm512_maskz_loadu_ps(run.low[r], call.x + at)), second(_mm512_maskz_loadu_ps(run.high[r], call.x + at + width<V>));
        if constexpr (Scaled) {
            first = first * V(_mm512_maskz_loadu_ps(run.low[r], call.scale + at));
            second = second * V(_mm512_maskz_loadu_ps(run.high[r], call.scale + at + width<V>));
        }
        spread(first, second, d + 4 * r);
    }
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) to_squares(d + s, 4);
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) to_squares(d + 4 * r, 1);
#pragma GCC unroll 16
    for (std::size_t k = 0; k < square_places; ++k) write_partial(to + k * stride + run.place, d[k], run.count);
}

// All channels, all runs of a panel.
template <class V, bool Scaled>
void squares_in(const TapCall<Element<V>>& call, const SquareRuns<V>& runs, Element<V>* to) {
    const std::size_t plane = call.in_height * call.in_width, stride = SquarePanel<V>::stride(call.channels);
    for (std::size_t c = 0; c < call.channels; ++c, to += SquarePanel<V>::columns)
        for (std::size_t i = 0; i < runs.size; ++i) square_in<V, Scaled>(call, runs.runs[i], static_cast<std::int64_t>(c * plane), to, stride);
}

// The two rows of y that a run of one output writes: Aᵀ m A.
template <class V>
void squares_out(const TapCall<Element<V>>& call, const SquareRun run, std::size_t output, const Element<V>* from) {
    using T = Element<V>;
    constexpr std::size_t w = width<V>;
    const std::size_t stride = SquarePanel<V>::stride(call.outputs);
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    const V start(call.bias && !call.accumulate ? call.bias[output] : T(0));
    V m[16], rows[8];
#pragma GCC unroll 16
    for (int k = 0; k < 16; ++k) m[k] = read<V>(from + static_cast<std::size_t>(k) * stride + run.place);
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
        rows[s] = m[s] + m[4 + s] + m[8 + s];
        rows[4 + s] = m[4 + s] - m[8 + s] - m[12 + s];
    }
    const std::size_t column = 2 * run.column, there = call.out_width - column, n = 2 * run.count < there ? 2 * run.count : there;
    const Between<V> in_low(0, n, 0), in_high(0, n, w);
    for (std::size_t a = 0; a < 2 && 2 * run.row + a < call.grid_height; ++a) {
        const V* const r = rows + 4 * a;
        const V first = start + (r[0] + r[1] + r[2]), second = start + (r[1] - r[2] - r[3]);
        T* const y = call.y + output * call.out_plane + (2 * run.row + a) * call.out_width + column;
        V left(_mm512_permutex2var_ps(first, low, second)), right(_mm512_permutex2var_ps(first, high, second));
        if (call.accumulate) left = in_low(y) + left, right = in_high(y + w) + right;
        write_partial(y, left, in_low.high);
        write_partial(y + w, right, in_high.high);
    }
}

// The 16 products of a panel: outputs × channels times channels × squares.
template <class V>
void multiply_squares(const TapCall<Element<V>>& call, std::size_t count, const std::int32_t* offsets, const Element<V>* in, Element<V>* out) {
    using P = SquarePanel<V>;
    const Element<V>* weights = call.weights;
    for (std::size_t k = 0; k < square_places; ++k)
        for_each_group<Blocking<V>::rows>(call.outputs, [&](std::size_t output, std::size_t rows) {
            const TileCall<Element<V>> tile{.steps = call.channels, .a = weights, .b = in + k * P::stride(call.channels), .b_step = 0, .b_panel = 0,
                                            .y = out + k * P::stride(call.outputs) + output * P::columns, .y_stride = P::columns, .bias = nullptr, .read_y = false,
                                            .columns = P::columns, .ahead = nullptr, .ahead_lines = 0, .offsets = offsets};
            (count <= width<V> ? TapTiles<V>::half : TapTiles<V>::one)[rows - 1](tile);
            weights += call.channels * tap_stride;
        });
}

template <class V>
void convolve_squares(const TapCall<Element<V>>& call) {
    using P = SquarePanel<V>;
    P panel;
    Element<V>* const in = panel.values;
    Element<V>* const out = in + square_places * P::stride(call.channels);
    std::int32_t offsets[most_square_rows];
    for (std::size_t c = 0; c < call.channels; ++c) offsets[c] = static_cast<std::int32_t>(c * P::columns);
    const std::size_t squares = ((call.grid_width + 1) / 2) * ((call.grid_height + 1) / 2);
    for (std::size_t first = 0; first < squares; first += P::columns) {
        const std::size_t count = squares - first < P::columns ? squares - first : P::columns;
        if (count < P::columns)
            for (Element<V>* value = in; value != out; ++value) *value = 0;
        const SquareRuns<V> runs(call, first, count);
        if (call.scale) squares_in<V, true>(call, runs, in);
        else squares_in<V, false>(call, runs, in);
        multiply_squares<V>(call, count, offsets, in, out);
        for (std::size_t o = 0; o < call.outputs; ++o)
            for (std::size_t i = 0; i < runs.size; ++i) squares_out<V>(call, runs.runs[i], o, out + o * P::columns);
    }
}

/// None where a table has no such kernel.
template <class V>
constexpr auto convolve_squares_of() -> void (*)(const TapCall<Element<V>>&) {
    if constexpr (has_squares<V>) return &convolve_squares<V>;
    else return nullptr;
}

}  // namespace
}  // namespace costate::kernels::simd
