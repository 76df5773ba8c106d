// Windows side by side in a row of an image, lanes over windows: each window's taps are met in the order of the plain loops, so results are
// theirs bit by bit. The meaning is in autodiff/ops/pool2d.hpp.
#pragma once

#include "kernels/simd/lanes.hpp"

namespace costate::kernels::simd {
namespace {

// One instantiation for each stride that has loads of its own.
template <class Body>
[[gnu::always_inline]] inline void for_stride(std::size_t stride, const Body& body) {
    if (stride == 1) body(std::integral_constant<std::size_t, 1>{});
    else if (stride == 2) body(std::integral_constant<std::size_t, 2>{});
    else body(std::integral_constant<std::size_t, 0>{});
}
// body(first, live lanes) over n, whole vectors and then what is left.
template <class V, class Body>
[[gnu::always_inline]] inline void for_each_lanes(std::size_t n, const Body& body) {
    std::size_t j = 0;
    for (; j + width<V> <= n; j += width<V>) body(j, std::integral_constant<std::size_t, width<V>>{});
    if (j < n) body(j, n - j);
}
template <class V>
[[gnu::always_inline]] inline void write_lanes(Element<V>* p, const V& v, std::size_t live) {
    if (live == width<V>) write(p, v);
    else if (live != 0) write_partial(p, v, live);
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
        for_each_lanes<V>(row.count, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
            max_taps<V, stride()>(row, x + j * row.stride, live, y + j, kept ? kept + 2 * j : nullptr);
        });
    });
}

template <class V>
void mean_row(const WindowRow& row, Element<V> share, const Element<V>* x, Element<V>* y) {
    for_stride(row.stride, [&](auto stride) __attribute__((always_inline)) {
        for_each_lanes<V>(row.count, [&](std::size_t j, std::size_t live) __attribute__((always_inline)) {
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

// x̄ of windows first … end of one row of taps, one after the other.
template <class T>
[[gnu::always_inline]] inline void mean_pixels(const WindowRow& row, T share, std::size_t first, std::size_t end, const T* y_bar, T* x_bar) {
    for (std::size_t q = first; q < end; ++q) {
        T sum = x_bar[q];
        for (std::size_t k = row.columns; k-- > 0;)
            if (const std::size_t j = q - k * row.column_step; j < row.count) sum = sum + share * y_bar[j];
        x_bar[q] = sum;
    }
}
// Stride 1, lanes over pixels: x̄_q += Σ_k c ȳ_(q - k step), windows ascending. Pixels that not every tap sees, one by one.
template <class V>
[[gnu::always_inline]] inline void mean_correlation(const WindowRow& row, Element<V> share, const Element<V>* y_bar, Element<V>* x_bar) {
    const std::size_t reach = (row.columns - 1) * row.column_step, inner = std::max(reach, row.count);
    mean_pixels(row, share, 0, std::min(reach, inner), y_bar, x_bar);
    for_each_vector<V>(inner - reach, [&](auto in, auto out) __attribute__((always_inline)) {
        V sum = in(x_bar + reach);
        for (std::size_t k = row.columns; k-- > 0;) sum = sum + V(share) * in(y_bar + reach - k * row.column_step);
        out(x_bar + reach, sum);
    });
    mean_pixels(row, share, inner, row.count + reach, y_bar, x_bar);
}
// Windows of two neighbours that share none.
template <class V>
[[gnu::always_inline]] inline void mean_neighbours(const WindowRow& row, Element<V> share, const Element<V>* y_bar, Element<V>* x_bar) {
    std::size_t j = 0;
    for (; j + width<V> <= row.count; j += width<V>) {
        const V part = V(share) * read<V>(y_bar + j);
        const Interleaved<V> pairs = interleave(part, part);
        Element<V>* const to = x_bar + 2 * j;
        write(to, read<V>(to) + pairs.low);
        write(to + width<V>, read<V>(to + width<V>) + pairs.high);
    }
    for (; j < row.count; ++j)
        for (std::size_t k = 0; k < 2; ++k) x_bar[2 * j + k] = x_bar[2 * j + k] + share * y_bar[j];
}
template <class V>
void mean_row_vjp(const WindowRow& row, Element<V> share, const Element<V>* y_bar, Element<V>* x_bar) {
    for (std::size_t i = 0; i < row.rows; ++i, x_bar += row.row_step) {
        if (row.stride == 1) {
            mean_correlation<V>(row, share, y_bar, x_bar);
        } else if (row.stride == 2 && row.columns == 2 && row.column_step == 1) {
            mean_neighbours<V>(row, share, y_bar, x_bar);
        } else {
            for (std::size_t j = 0; j < row.count; ++j) {
                const Element<V> part = share * y_bar[j];
                for (std::size_t k = 0; k < row.columns; ++k) x_bar[j * row.stride + k * row.column_step] += part;
            }
        }
    }
}

// f(window, place of its largest) for a row of windows, from what max_row kept; places count from `origin`, the pixel of tap (0, 0) of window 0,
// which may lie before the image: they are right modulo 2³², and inside it.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_kept(const WindowRow& row, std::uint32_t origin, const T* kept, const F& f) {
    constexpr std::size_t chunk = 64;
    const auto down = static_cast<std::uint32_t>(row.row_step), right = static_cast<std::uint32_t>(row.column_step),
               stride = static_cast<std::uint32_t>(row.stride);
    std::uint32_t place[chunk];
    for (std::size_t first = 0; first < row.count; first += chunk, kept += 2 * chunk, origin += chunk * stride) {
        const std::size_t n = std::min(chunk, row.count - first);
        for (std::size_t j = 0; j < n; ++j)
            place[j] = origin + static_cast<std::uint32_t>(static_cast<std::int32_t>(kept[2 * j])) * down +
                       static_cast<std::uint32_t>(static_cast<std::int32_t>(kept[2 * j + 1])) * right + static_cast<std::uint32_t>(j) * stride;
        for (std::size_t j = 0; j < n; ++j) f(first + j, place[j]);
    }
}
template <class V>
void add_to_kept(const WindowRow& row, std::uint32_t origin, const Element<V>* kept, const Element<V>* y_bar, Element<V>* x_bar) {
    for_each_kept(row, origin, kept, [&](std::size_t j, std::uint32_t i) __attribute__((always_inline)) { x_bar[i] += y_bar[j]; });
}
template <class V>
void read_kept(const WindowRow& row, std::uint32_t origin, const Element<V>* kept, const Element<V>* x, Element<V>* y) {
    for_each_kept(row, origin, kept, [&](std::size_t j, std::uint32_t i) __attribute__((always_inline)) { y[j] = x[i]; });
}

}  // namespace
}  // namespace costate::kernels::simd
