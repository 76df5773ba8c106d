// Convolutions of few outputs: U_(ot)q = Σ_c W_oct x_cq for every pixel of x, taps beside outputs in the rows of one product, and then y_op = b_o + Σ_t U_ot
// at p + t. On every pixel, with rows of y as long as those of x.
#pragma once

#include "kernels/simd/planes.hpp"

namespace costate::kernels::simd {
namespace {

template <class T>
inline constexpr std::size_t tap_sums = tap_sum_bytes / sizeof(T);  // of U, in L2
inline constexpr std::size_t tap_margin = most_tap_reach + 16;      // zeros around a plane of U: taps reach no farther along a row

// U of rows [row, row + rows) of x, of which some may lie outside: planes `plane` apart, zeros where a tap would reach around the end of a row.
template <class V>
void sum_taps(const TapCall<Element<V>>& call, std::int64_t row, std::size_t rows, std::size_t plane, Element<V>* u) {
    using T = Element<V>;
    const auto height = static_cast<std::int64_t>(call.in_height), end = row + static_cast<std::int64_t>(rows);
    const std::int64_t low = row >= 0 ? row : end < 0 ? end : 0, high = end < height ? end : height;
    const std::size_t w = call.in_width, all = call.outputs * call.tap_count, above = static_cast<std::size_t>(low - row) * w;
    const std::size_t count = low >= 0 && high > low ? static_cast<std::size_t>(high - low) * w : 0, first = static_cast<std::size_t>(low) * w;
    if (count != 0)
        multiply_planes<V>({.channels = call.channels, .outputs = all, .pixels = count, .x = call.x + first, .scale = call.scale ? call.scale + first : nullptr,
                            .x_plane = call.in_height * w, .weights = call.weights, .bias = nullptr, .y = u + tap_margin + above, .y_plane = plane,
                            .accumulate = false});
    for (std::size_t i = 0; i < all; ++i, u += plane) {
        T* const values = u + tap_margin;
        for (T* p = u; p < values + above; ++p) *p = T(0);
        for (T* p = values + above + count; p < u + plane; ++p) *p = T(0);
        const std::int32_t x = call.taps[i % call.tap_count].x;
        const std::size_t reach = static_cast<std::size_t>(x < 0 ? -x : x), begin = x < 0 ? w - reach : 0;
        for (std::size_t r = 0; reach != 0 && r < rows; ++r)
            for (std::size_t j = begin; j < begin + reach; ++j) values[r * w + j] = T(0);
    }
}

template <class V>
void convolve_taps(const TapCall<Element<V>>& call) {
    using T = Element<V>;
    alignas(64) T u[tap_sums<T>];
    std::int64_t top = call.taps[0].y, bottom = top;
    for (std::size_t t = 1; t < call.tap_count; ++t) {
        top = call.taps[t].y < top ? call.taps[t].y : top;
        bottom = call.taps[t].y > bottom ? call.taps[t].y : bottom;
    }
    const std::size_t w = call.in_width, around = static_cast<std::size_t>(bottom - top);
    const std::size_t fit = (tap_sums<T> / (call.outputs * call.tap_count) - 2 * tap_margin) / w;
    for (std::size_t row = 0, rows = 0; row < call.grid_height; row += rows) {
        rows = call.grid_height - row < fit - around ? call.grid_height - row : fit - around;
        const std::size_t plane = (rows + around) * w + 2 * tap_margin;
        sum_taps<V>(call, static_cast<std::int64_t>(row) + top, rows + around, plane, u);
        for (std::size_t o = 0; o < call.outputs; ++o) {
            const V start(call.bias && !call.accumulate ? call.bias[o] : T(0));
            T* const y = call.y + o * call.out_plane + row * w;
            const T* const of_output = u + o * call.tap_count * plane + tap_margin;
            for (std::size_t p = 0; p < rows * w; p += width<V>) {
                const std::size_t left = rows * w - p;
                V sum = start;
                if (call.accumulate) sum = left >= width<V> ? read<V>(y + p) : read_partial<V>(y + p, left);
                for (std::size_t t = 0; t < call.tap_count; ++t) {
                    const std::ptrdiff_t at = (call.taps[t].y - top) * static_cast<std::ptrdiff_t>(w) + call.taps[t].x;
                    sum += read<V>(of_output + t * plane + p + at);
                }
                if (left >= width<V>) write(y + p, sum);
                else write_partial(y + p, sum, left);
            }
        }
    }
}

}  // namespace
}  // namespace costate::kernels::simd
