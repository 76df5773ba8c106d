// Lists of indices, the same for every row: values picked, added up, and the largest. Every sum is met in the order of the plain loops, so results
// are theirs bit by bit. The meaning is in autodiff/ops/gather.hpp and window_max.hpp.
#pragma once

#include "kernels/simd/windows.hpp"

namespace costate::kernels::simd {
namespace {

// body(first row, how many: a constant, 4, 2 or 1): what is found out about indices serves several rows.
template <class Body>
[[gnu::always_inline]] inline void for_rows(std::size_t rows, const Body& body) {
    std::size_t r = 0;
    for (; r + 4 <= rows; r += 4) body(r, std::integral_constant<std::size_t, 4>{});
    for (; r + 2 <= rows; r += 2) body(r, std::integral_constant<std::size_t, 2>{});
    if (r < rows) body(r, std::integral_constant<std::size_t, 1>{});
}

// Elements first … end, one by one.
template <std::size_t Rows, class T>
[[gnu::always_inline]] inline void pick_each(const IndexList& list, std::size_t first, std::size_t end, const T* x, T* y, bool add) {
    for (std::size_t i = first; i < end; ++i) {
        const std::uint32_t k = list.index[i];
        for (std::size_t r = 0; r < Rows; ++r) {
            T& to = y[r * list.count + i];
            if (k != nothing) to = add ? to + x[r * list.size + k] : x[r * list.size + k];
            else if (!add) to = T(0);
        }
    }
}
template <class V>
void pick(const IndexList& list, const Element<V>* x, Element<V>* y, bool add) {
    constexpr std::size_t w = width<V>;
    const std::size_t n = list.count, m = list.size;
    for_rows(list.rows, [&](std::size_t first, auto rows) __attribute__((always_inline)) {
        const Element<V>* const from = x + first * m;
        Element<V>* const to = y + first * n;
        std::size_t i = 0;
        for (; i + w <= n; i += w) {
            const Selection<V> at(list.index + i, m);
            if (add && !at.every()) pick_each<rows()>(list, i, i + w, from, to, true);
            else
                for (std::size_t r = 0; r < rows(); ++r) {
                    const V value = at(from + r * m);
                    write(to + r * n + i, add ? read<V>(to + r * n + i) + value : value);
                }
        }
        pick_each<rows()>(list, i, n, from, to, add);
    });
}

template <class T>
[[gnu::always_inline]] inline void scatter_each(const std::uint32_t* index, std::size_t n, bool every, const T* x, T* y) {
    if (every)
        for (std::size_t i = 0; i < n; ++i) y[index[i]] += x[i];
    else
        for (std::size_t i = 0; i < n; ++i)
            if (index[i] != nothing) y[index[i]] += x[i];
}
// Several sums of values that lie side by side, each in its order, all at once.
template <class T>
struct Chains {
    static constexpr std::size_t most = 8;
    const T* from[most];
    T* to[most];
    std::size_t count = 0;

    [[gnu::always_inline]] void add(const T* x, T* y, std::size_t length) {
        from[count] = x, to[count] = y;
        if (++count == most) run(length);
    }
    [[gnu::always_inline]] void run(std::size_t length) {
        if (count == most) together(std::integral_constant<std::size_t, most>{}, 0, length);
        else
            for (std::size_t c = 0; c < count; ++c) together(std::integral_constant<std::size_t, 1>{}, c, length);
        count = 0;
    }
    template <std::size_t N>
    [[gnu::always_inline]] void together(std::integral_constant<std::size_t, N>, std::size_t first, std::size_t length) {
        T sum[N];
        for (std::size_t c = 0; c < N; ++c) sum[c] = *to[first + c];
        for (std::size_t t = 0; t < length; ++t)
            for (std::size_t c = 0; c < N; ++c) sum[c] += from[first + c][t];
        for (std::size_t c = 0; c < N; ++c) *to[first + c] = sum[c];
    }
};
// How many of the indices first … end are equal; at least a vector of them are.
template <class V>
[[gnu::always_inline]] inline std::size_t run_length(const std::uint32_t* first, const std::uint32_t* end) {
    const std::uint32_t* i = first + width<V>;
    while (i + width<V> <= end && Indices<V>::in_steps(i, 0, *first)) i += width<V>;
    while (i != end && *i == *first) ++i;
    return static_cast<std::size_t>(i - first);
}
// Runs of equal indices from `first` on, which are as long and have larger indices each, so that no sum meets another: returns how many they are.
template <class V>
[[gnu::always_inline]] inline std::size_t scatter_runs(const std::uint32_t* first, const std::uint32_t* end, const Element<V>* x, Element<V>* y) {
    const std::size_t length = run_length<V>(first, end);
    Chains<Element<V>> chains;
    std::size_t done = 0;
    do {
        if (first[done] != nothing) chains.add(x + done, y + first[done], length);
        done += length;
    } while (chains.count != 0 && first + done + length <= end && first[done] > first[done - 1] && Indices<V>::in_steps(first + done, 0, first[done]) &&
             run_length<V>(first + done, first + done + length) == length);
    chains.run(length);
    return done;
}
template <class V>
[[gnu::always_inline]] inline void scatter_row(const std::uint32_t* index, const std::uint32_t* end, const Element<V>* x, Element<V>* y) {
    constexpr std::size_t w = width<V>;
    while (index + w <= end) {
        const std::uint32_t k = *index;
        std::size_t done = w;
        if (Indices<V>::in_steps(index, 1, k) && k < index[w - 1]) {  // else nothing came before 0
            write(y + k, read<V>(y + k) + read<V>(x));
        } else if (Indices<V>::in_steps(index, 0, k)) {
            done = scatter_runs<V>(index, end, x, y);
        } else if (index + 2 * w <= end && Indices<V>::in_steps(index, 1, k, 2) && Indices<V>::in_steps(index + w, 1, k + w / 2, 2) && k < index[w]) {  // pairs
            write(y + k, read<V>(y + k) + read_every_second<V>(x) + read_every_second<V>(x + 1));
            done = 2 * w;
        } else {  // up to where neighbours end, which the next vector begins behind
            std::size_t neighbours = 1;
            while (neighbours < w && index[neighbours] == k + neighbours) ++neighbours;
            if (neighbours >= 4) done = neighbours;
            scatter_each(index, done, Indices<V>::every(index), x, y);
        }
        index += done, x += done;
    }
    scatter_each(index, static_cast<std::size_t>(end - index), false, x, y);
}
template <class V>
void scatter(const IndexList& list, const Element<V>* x, Element<V>* y) {
    const std::uint32_t* const end = list.index + list.count;
    const bool begins_equal = list.count >= width<V> && Indices<V>::in_steps(list.index, 0, *list.index);
    if (begins_equal && run_length<V>(list.index, end) == list.count) {  // everything to one place
        Chains<Element<V>> chains;
        for (std::size_t r = 0; r < list.rows && *list.index != nothing; ++r) chains.add(x + r * list.count, y + r * list.size + *list.index, list.count);
        return chains.run(list.count);
    }
    for (std::size_t r = 0; r < list.rows; ++r) scatter_row<V>(list.index, end, x + r * list.count, y + r * list.size);
}

// y_j = the largest of x over the entries of j, and which entry it is; every entry is there.
template <class V>
void list_max(const IndexList& list, const Element<V>* x, Element<V>* y, Element<V>* kept) {
    constexpr std::size_t w = width<V>;
    const std::size_t n = list.count, m = list.size;
    std::uint32_t padded[w];
    for_rows(list.rows, [&](std::size_t first, auto rows) __attribute__((always_inline)) {
        for (std::size_t j = 0; j < n; j += w) {
            const std::size_t live = std::min(w, n - j);
            V largest[rows()], which[rows()], entry(0);
            for (std::size_t r = 0; r < rows(); ++r) largest[r] = which[r] = entry;
            for (std::size_t e = 0; e < list.entries; ++e, entry = V(Element<V>(e))) {
                const std::uint32_t* index = list.index + e * n + j;
                if (live < w) {  // the last one again
                    for (std::size_t l = 0; l < w; ++l) padded[l] = index[std::min(l, live - 1)];
                    index = padded;
                }
                const Selection<V> at(index, m);
                for (std::size_t r = 0; r < rows(); ++r) {
                    const V next = at(x + (first + r) * m);
                    const auto takes = gives_way(largest[r], next);
                    largest[r] = e == 0 ? next : xsimd::select(takes, next, largest[r]);
                    which[r] = xsimd::select(takes, entry, which[r]);
                }
            }
            for (std::size_t r = 0; r < rows(); ++r) {
                write_lanes(y + (first + r) * n + j, largest[r], live);
                if (kept) write_lanes(kept + (first + r) * n + j, which[r], live);
            }
        }
    });
}

}  // namespace
}  // namespace costate::kernels::simd
