// Windows side by side in a row of an image, lanes over windows: each window's taps are met in the order of the plain loops, so results are
// theirs bit by bit. The meaning is in autodiff/ops/pool2d.hpp.
#pragma once

#include "kernels/simd/lanes.hpp"
#include "kernels/simd/table.hpp"

namespace costate::kernels::simd {
namespace {

// One instantiation for each stride that has loads of its own.
template <class Body>
[[gnu::always_inline]] inline void for_stride(std::size_t stride, const Body& body) {
    if (stride == 1) body(std::integral_constant<std::size_t, 1>{});
    else if (stride == 2) body(std::integral_constant<std::size_t, 2>{});
    else body(std::integral_constant<std::size_t, 0>{});
}
// body(first, live lanes) over n, whole vectors and then what is left; where something may be done twice, as a whole vector too.
template <class V, class Body>
[[gnu::always_inline]] inline void for_each_lanes(std::size_t n, bool twice, const Body& body) {
    std::size_t j = 0;
    for (; j + width<V> <= n; j += width<V>) body(j, std::integral_constant<std::size_t, width<V>>{});
    if (j == n) return;
    if (twice && j != 0) body(n - width<V>, std::integral_constant<std::size_t, width<V>>{});
    else body(j, n - j);
}
// largest < next, or NaN for the first time: what is not NaN and not at least as large gives way.
template <class V>
[[gnu::always_inline]] inline auto gives_way(const V& largest, const V& next) {
    return (largest == largest) & !(next <= largest);
}

template <class V, std::size_t Stride>
[[gnu::always_inline]] inline void max_taps(const WindowRow& row, const Element<V>* x, std::size_t live, Element<V>* y, Element<V>* kept) {
    V largest = read_strided<V, Stride>(x, row.stride, live), down(Element<V>(row.first_row)), right(0), u = down;
    for (std::size_t i = 0; i < row.rows; ++i, x += row.row_step, u = u + V(1)) {
        V v(0);
        for (std::size_t k = 0; k < row.columns; ++k, v = v + V(1)) {
            const V next = read_strided<V, Stride>(x + k * row.column_step, row.stride, live);
            const auto takes = gives_way(largest, next);
            largest = xsimd::select(takes, next, largest);
            down = xsimd::select(takes, u, down);
            right = xsimd::select(takes, v, right);
        }
    }
    write_lanes(y, largest, live);
    if (!kept) return;
    const Interleaved<V> pairs = interleave(down, right);
    write_lanes(kept, pairs.low, std::min(2 * live, width<V>));
    if (2 * live > width<V>) write_lanes(kept + width<V>, pairs.high, 2 * live - width<V>);
}
template <class V>
void max_row(const WindowRow& row, const Element<V>* x, Element<V>* y, Element<V>* kept) {
    for_stride(row.stride, [&](auto stride) __attribute__((always_inline)) {
        for_each_lanes<V>(row.count, true, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
            max_taps<V, stride()>(row, x + j * row.stride, live, y + j, kept ? kept + 2 * j : nullptr);
        });
    });
}

template <class V>
void mean_row(const WindowRow& row, Element<V> share, const Element<V>* x, Element<V>* y) {
    for_stride(row.stride, [&](auto stride) __attribute__((always_inline)) {
        for_each_lanes<V>(row.count, true, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
            V sum(0);
            for (std::size_t i = 0; i < row.rows; ++i)
                for (std::size_t k = 0; k < row.columns; ++k) {
                    const Element<V>* const p = x + i * row.row_step + k * row.column_step + j * row.stride;
                    sum = sum + V(share) * read_strided<V, stride()>(p, row.stride, live);
                }
            write_lanes(y + j, sum, live);
        });
    });
}

// x += the first 2 live values of the pairs
template <class V>
[[gnu::always_inline]] inline void add_pairs(Element<V>* x, const Interleaved<V>& pairs, std::size_t live) {
    const std::size_t low = std::min(2 * live, width<V>), high = 2 * live - low;
    write_lanes(x, read_lanes<V>(x, low) + pairs.low, low);
    write_lanes(x + width<V>, read_lanes<V>(x + width<V>, high) + pairs.high, high);
}

// x̄ of pixels first … end of one row of taps, one after the other.
template <class T>
[[gnu::always_inline]] inline void mean_pixels(const WindowRow& row, T share, std::size_t first, std::size_t end, const T* y_bar, T* x_bar) {
    for (std::size_t q = first; q < end; ++q) {
        T sum = x_bar[q];
        for (std::size_t k = row.columns; k-- > 0;)
            if (const std::size_t at = q - k * row.column_step; at % row.stride == 0 && at / row.stride < row.count) sum = sum + share * y_bar[at / row.stride];
        x_bar[q] = sum;
    }
}
// Strides 1 and 2, lanes over pixels, those of an odd place by themselves: x̄_q += Σ_k c ȳ_((q - k step)/stride), windows ascending. Pixels that not
// every tap sees, one by one.
template <class V, std::size_t Stride>
[[gnu::always_inline]] inline void mean_correlation(const WindowRow& row, Element<V> share, const Element<V>* y_bar, Element<V>* x_bar) {
    const std::size_t reach = (row.columns - 1) * row.column_step, last = (row.count - 1) * row.stride + reach + 1;
    const std::size_t first = std::min(reach / Stride, row.count), end = row.count;  // of Stride pixels together
    mean_pixels(row, share, 0, std::min(Stride * first, last), y_bar, x_bar);
    for_each_lanes<V>(end - first, false, [&](std::size_t i, std::size_t live) __attribute__((always_inline)) {
        const Element<V>* const y = y_bar + first + i;
        Element<V>* const x = x_bar + Stride * (first + i);
        const std::size_t n = Stride == 2 && first + i + live == row.count && reach == 0 ? 2 * live - 1 : Stride * live;  // behind the last tap nothing is
        V sum[2] = {read_strided<V, Stride>(x, Stride, live), V(0)};
        if constexpr (Stride == 2) sum[1] = read_strided<V, Stride>(x + 1, Stride, n - live);
        for (std::size_t k = row.columns; k-- > 0;) {
            const std::size_t at = k * row.column_step;
            const V part = V(share) * read_lanes<V>(y - at / Stride, live);
            if (at % Stride == 0) sum[0] = sum[0] + part;
            else sum[1] = sum[1] + part;
        }
        if constexpr (Stride == 1) return write_lanes(x, sum[0], live);
        const Interleaved<V> both = interleave(sum[0], sum[1]);
        write_lanes(x, both.low, std::min(n, width<V>));
        if (n > width<V>) write_lanes(x + width<V>, both.high, n - width<V>);
    });
    mean_pixels(row, share, std::min(Stride * end, last), last, y_bar, x_bar);
}
// Windows of two neighbours that share none.
template <class V>
[[gnu::always_inline]] inline void mean_neighbours(const WindowRow& row, Element<V> share, const Element<V>* y_bar, Element<V>* x_bar) {
    for_each_lanes<V>(row.count, false, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
        const V part = V(share) * read_lanes<V>(y_bar + j, live);
        add_pairs(x_bar + 2 * j, interleave(part, part), live);
    });
}
template <class V>
void mean_row_vjp(const WindowRow& row, Element<V> share, const Element<V>* y_bar, Element<V>* x_bar) {
    for (std::size_t i = 0; i < row.rows; ++i, x_bar += row.row_step) {
        if (row.stride == 2 && row.columns == 2 && row.column_step == 1) {
            mean_neighbours<V>(row, share, y_bar, x_bar);
        } else if (row.stride == 1) {
            mean_correlation<V, 1>(row, share, y_bar, x_bar);
        } else if (row.stride == 2) {
            mean_correlation<V, 2>(row, share, y_bar, x_bar);
        } else {
            for (std::size_t j = 0; j < row.count; ++j) {
                const Element<V> part = share * y_bar[j];
                for (std::size_t k = 0; k < row.columns; ++k) x_bar[j * row.stride + k * row.column_step] += part;
            }
        }
    }
}

// f(window, place of its largest) for a row of windows, from what max_row kept.
template <class V, class F>
[[gnu::always_inline]] inline void for_each_kept(const WindowRow& row, const Element<V>* kept, const F& f) {
    using T = Element<V>;
    constexpr std::size_t w = width<V>;
    const std::size_t reach = (row.rows - 1) * row.row_step + (row.columns - 1) * row.column_step + w * row.stride;
    if (reach >= std::size_t{1} << 23) {  // more than is exact in single precision
        for (std::size_t j = 0; j < row.count; ++j)
            f(j, (static_cast<std::size_t>(kept[2 * j]) - row.first_row) * row.row_step + static_cast<std::size_t>(kept[2 * j + 1]) * row.column_step +
                     j * row.stride);
        return;
    }
    T begin[w];
    for (std::size_t l = 0; l < w; ++l) begin[l] = static_cast<T>(l * row.stride);
    std::uint32_t place[w];
    for_each_lanes<V>(row.count, false, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
        const V down = read_strided<V, 2>(kept + 2 * j, 2, live), right = read_strided<V, 2>(kept + 2 * j + 1, 2, live);
        const V at = (down - V(T(row.first_row))) * V(T(row.row_step)) + right * V(T(row.column_step)) + read<V>(begin);
        Indices<V>::write(place, Indices<V>::of(at));
        for (std::size_t l = 0; l < live; ++l) f(j + l, place[l] + j * row.stride);
    });
}
// Windows of two neighbours that share none: where the largest is not, 0 is added.
template <class V>
[[gnu::always_inline]] inline void add_to_neighbours(const WindowRow& row, const Element<V>* kept, const Element<V>* y_bar, Element<V>* x_bar) {
    using T = Element<V>;
    for_each_lanes<V>(row.count, false, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
        const V down = read_strided<V, 2>(kept + 2 * j, 2, live), right = read_strided<V, 2>(kept + 2 * j + 1, 2, live);
        const V part = read_lanes<V>(y_bar + j, live);
        const auto first = right == V(0);
        T* x = x_bar + 2 * j;
        for (std::size_t u = 0; u < row.rows; ++u, x += row.row_step) {
            const V own = xsimd::select(down == V(T(u + row.first_row)), part, V(0));
            add_pairs(x, interleave(xsimd::select(first, own, V(0)), xsimd::select(first, V(0), own)), live);
        }
    });
}
template <class V>
void add_to_kept(const WindowRow& row, const Element<V>* kept, const Element<V>* y_bar, Element<V>* x_bar) {
    if (row.stride == 2 && row.columns == 2 && row.column_step == 1 && row.rows <= 4) return add_to_neighbours<V>(row, kept, y_bar, x_bar);
    for_each_kept<V>(row, kept, [&](std::size_t j, std::size_t i) __attribute__((always_inline)) { x_bar[i] += y_bar[j]; });
}
template <class V>
void read_kept(const WindowRow& row, const Element<V>* kept, const Element<V>* x, Element<V>* y) {
    for_each_kept<V>(row, kept, [&](std::size_t j, std::size_t i) __attribute__((always_inline)) { y[j] = x[i]; });
}

}  // namespace
}  // namespace costate::kernels::simd
