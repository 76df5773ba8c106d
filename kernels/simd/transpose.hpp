// Blocks of a matrix with rows and columns exchanged in registers.
#pragma once

#include "kernels/simd/vector.hpp"

#include <cstring>
#include <utility>

namespace costate::kernels::simd {
namespace {

// A vector is lanes of 128 bits; so many elements are in one.
template <class V>
inline constexpr std::size_t lane = 16 / sizeof(Element<V>);

template <class A, std::size_t... I>
[[gnu::always_inline]] inline auto shuffled(const A& a, const A& b, std::index_sequence<I...>) {
    return __builtin_shufflevector(a, b, static_cast<int>(I)...);
}

// Of rows first, first + lane, … the lanes at row(i), side by side.
template <class V, std::size_t Lanes, class Row>
[[gnu::always_inline]] inline auto read_lanes(const Row& row, std::size_t first) {
    if constexpr (Lanes == 1) {
        typedef Element<V> One __attribute__((vector_size(16)));
        One v;
        std::memcpy(&v, row(first), sizeof v);
        return v;
    } else {
        const auto lower = read_lanes<V, Lanes / 2>(row, first), upper = read_lanes<V, Lanes / 2>(row, first + Lanes / 2 * lane<V>);
        return shuffled(lower, upper, std::make_index_sequence<Lanes * lane<V>>{});
    }
}

// In every lane the lower (upper) halves of a and b, `Group` elements in turn.
template <class V, std::size_t Group, bool Upper, class A>
[[gnu::always_inline]] inline A zipped(const A& a, const A& b) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
        constexpr auto source = [](std::size_t i) {
            const std::size_t j = i % lane<V>, from = i - j + (Upper ? lane<V> / 2 : 0) + j / (2 * Group) * Group + j % Group;
            return from + (j / Group % 2 == 0 ? 0 : width<V>);
        };
        return shuffled(a, b, std::index_sequence<source(I)...>{});
    }(std::make_index_sequence<width<V>>{});
}

/// v_i = elements i at row(0) … row(width - 1), i < lane.
template <class V, class Row>
[[gnu::always_inline]] inline void read_transposed(const Row& row, V (&v)[lane<V>]) {
    constexpr std::size_t lanes = width<V> / lane<V>;
    const auto a = read_lanes<V, lanes>(row, 0), b = read_lanes<V, lanes>(row, 1);
    const auto put = [&](std::size_t i, const auto& value) __attribute__((always_inline)) { v[i] = V(static_cast<typename V::register_type>(value)); };
    if constexpr (is_double<V>) {
        put(0, zipped<V, 1, false>(a, b)), put(1, zipped<V, 1, true>(a, b));
    } else {
        const auto c = read_lanes<V, lanes>(row, 2), d = read_lanes<V, lanes>(row, 3);
        const auto ab = zipped<V, 1, false>(a, b), ab_upper = zipped<V, 1, true>(a, b), cd = zipped<V, 1, false>(c, d), cd_upper = zipped<V, 1, true>(c, d);
        put(0, zipped<V, 2, false>(ab, cd)), put(1, zipped<V, 2, true>(ab, cd));
        put(2, zipped<V, 2, false>(ab_upper, cd_upper)), put(3, zipped<V, 2, true>(ab_upper, cd_upper));
    }
}

/// to[c, r] = from[r, c] for r < rows, c < columns; rows up to whole vectors are written, with no meaning.
template <class V>
void transpose(std::size_t rows, std::size_t columns, const Element<V>* from, std::size_t from_stride, Element<V>* to, std::size_t to_stride) {
    for (std::size_t r = 0; r < rows; r += width<V>) {
        const std::size_t last = rows - r - 1;
        const auto whole = [&](std::size_t c) {
            return [at = from + r * from_stride + c, from_stride, last](std::size_t i) { return at + (i < last ? i : last) * from_stride; };
        };
        std::size_t c = 0;
        for (; c + lane<V> <= columns; c += lane<V>) {
            V v[lane<V>];
            read_transposed<V>(whole(c), v);
            for (std::size_t i = 0; i < lane<V>; ++i) write(to + (c + i) * to_stride + r, v[i]);
        }
        for (; c < columns; ++c) {
            const auto row = whole(c);
            for (std::size_t i = 0; i < width<V>; ++i) to[c * to_stride + r + i] = *row(i);
        }
    }
}

/// put(c, r, n, v): v_i = from[r + i, c] for i < n, for all r < rows, n at a time, and c < columns. Rows of `from` hold whole lanes.
template <class V, class Put>
[[gnu::always_inline]] inline void for_each_transposed(std::size_t rows, std::size_t columns, const Element<V>* from, std::size_t stride, const Put& put) {
    for (std::size_t r = 0; r < rows; r += width<V>) {
        const std::size_t left = rows - r, last = left - 1;
        for (std::size_t c = 0; c < columns; c += lane<V>) {
            const Element<V>* const at = from + r * stride + c;
            V v[lane<V>];
            read_transposed<V>([&](std::size_t i) { return at + (i < last ? i : last) * stride; }, v);
            for (std::size_t i = 0; i < lane<V> && c + i < columns; ++i) put(c + i, r, left < width<V> ? left : width<V>, v[i]);
        }
    }
}

/// to[c, r] = from[r, c], or += (add), for r < rows, c < columns. Rows of `from` hold whole lanes.
template <class V>
void write_transpose(std::size_t rows, std::size_t columns, const Element<V>* from, std::size_t from_stride, bool add, Element<V>* to, std::size_t to_stride) {
    for_each_transposed<V>(rows, columns, from, from_stride, [&](std::size_t c, std::size_t r, std::size_t n, const V& v) __attribute__((always_inline)) {
        Element<V>* const p = to + c * to_stride + r;
        if (n == width<V>) write(p, add ? read<V>(p) + v : v);
        else write_partial(p, add ? read_partial<V>(p, n) + v : v, n);
    });
}

}  // namespace
}  // namespace costate::kernels::simd
