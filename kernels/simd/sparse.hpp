// A constant sparse matrix on every row, and its transpose, sums in the order of the plain loops. The meaning is in autodiff/ops/sparse_linear.hpp.
#pragma once

#include "kernels/simd/lists.hpp"

namespace costate::kernels::simd {
namespace {

template <class T>
[[gnu::always_inline]] inline T sparse_one(const IndexList& list, std::size_t i, const T* c, const T* x) {
    T sum(0);
    for (std::size_t k = i; k < list.entries * list.count; k += list.count)
        if (list.index[k] != nothing) sum += c[k] * x[list.index[k]];
    return sum;
}
// Lanes over i: true where every entry of them is there, and all is done.
template <class V, std::size_t Rows>
[[gnu::always_inline]] inline bool sparse_lanes(const IndexList& list, std::size_t i, const Element<V>* c, const Element<V>* x, Element<V>* y) {
    V sum[Rows];
    for (std::size_t r = 0; r < Rows; ++r) sum[r] = V(0);
    for (std::size_t k = i; k < list.entries * list.count; k += list.count) {
        const Selection<V> at(list.index + k, list.size);
        if (!at.every()) return false;
        const V coefficient = read<V>(c + k);
        for (std::size_t r = 0; r < Rows; ++r) sum[r] = sum[r] + coefficient * at(x + r * list.size);
    }
    for (std::size_t r = 0; r < Rows; ++r) write(y + r * list.count + i, sum[r]);
    return true;
}
template <class V>
void sparse(const IndexList& list, const Element<V>* c, const Element<V>* x, Element<V>* y) {
    constexpr std::size_t w = width<V>;
    const std::size_t n = list.count, m = list.size;
    for_rows(list.rows, [&](std::size_t first, auto rows) __attribute__((always_inline)) {
        const Element<V>* const from = x + first * m;
        Element<V>* const to = y + first * n;
        for (std::size_t i = 0; i < n;) {
            const std::size_t end = std::min(n, i + w);
            if (end - i < w || !sparse_lanes<V, rows()>(list, i, c, from, to))
                for (std::size_t j = i; j < end; ++j)
                    for (std::size_t r = 0; r < rows(); ++r) to[r * n + j] = sparse_one(list, j, c, from + r * m);
            i = end;
        }
    });
}

// The lanes' rows as columns: column i has the values of all rows at first + i. Rows that are not there repeat the last.
template <class V>
[[gnu::always_inline]] inline void read_columns(const Element<V>* x, std::size_t stride, std::size_t rows, std::size_t first, std::size_t n, V (&column)[width<V>]) {
    for (std::size_t r = 0; r < width<V>; ++r) {
        const Element<V>* const p = x + std::min(r, rows - 1) * stride + first;
        column[r] = read_lanes<V>(p, n);
    }
    transpose(column);
}
// x̄[index_ik] += c_ik ȳ_i for i, then k ascending; Entries: how many a place has, where that is known.
template <std::size_t Entries, class T>
[[gnu::always_inline]] inline void sparse_vjp_each(const IndexList& list, const T* c, const T* y_bar, T* x_bar) {
    const std::size_t n = list.count, entries = Entries == 0 ? list.entries : Entries;
    for (std::size_t r = 0; r < list.rows; ++r, x_bar += list.size)
        for (std::size_t i = 0; i < n; ++i, ++y_bar)
            for (std::size_t k = 0; k < entries; ++k)
                if (const std::uint32_t at = list.index[k * n + i]; at != nothing) x_bar[at] += c[k * n + i] * *y_bar;
}
// The same with lanes over rows, in an array whose every element is a vector: where rows fill it, and entries are many enough to pay for two turns.
template <class V>
void sparse_vjp(const IndexList& list, const Element<V>* c, const Element<V>* y_bar, Element<V>* x_bar, Element<V>* columns) {
    constexpr std::size_t w = width<V>;
    const std::size_t n = list.count, m = list.size;
    if (!columns || 2 * list.rows < w || n * list.entries < 4 * m)
        return list.entries == 4 ? sparse_vjp_each<4>(list, c, y_bar, x_bar) : sparse_vjp_each<0>(list, c, y_bar, x_bar);
    V block[w];
    for (std::size_t first = 0; first < list.rows; first += w) {
        const std::size_t rows = std::min(w, list.rows - first);
        for (std::size_t q = 0; q < m; q += w) {
            read_columns<V>(x_bar + first * m, m, rows, q, std::min(w, m - q), block);
            for (std::size_t l = 0; l < std::min(w, m - q); ++l) write(columns + (q + l) * w, block[l]);
        }
        for (std::size_t i = 0; i < n; i += w) {
            read_columns<V>(y_bar + first * n, n, rows, i, std::min(w, n - i), block);
            for (std::size_t l = 0; l < std::min(w, n - i); ++l)
                for (std::size_t k = i + l; k < list.entries * n; k += n)
                    if (list.index[k] != nothing) {
                        Element<V>* const p = columns + list.index[k] * w;
                        write(p, read<V>(p) + V(c[k]) * block[l]);
                    }
        }
        for (std::size_t q = 0; q < m; q += w) {
            for (std::size_t l = 0; l < w; ++l) block[l] = read<V>(columns + std::min(q + l, m - 1) * w);
            transpose(block);
            for (std::size_t r = 0; r < rows; ++r) write_lanes(x_bar + (first + r) * m + q, block[r], std::min(w, m - q));
        }
    }
}

}  // namespace
}  // namespace costate::kernels::simd
