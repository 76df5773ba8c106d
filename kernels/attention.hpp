// Scaled-dot-product attention, head by head and tile by tile: the whole matrix of scores never exists. The running maximum is that of Milakov &
// Gimelshein, "Online normalizer calculation for softmax" (2018), the reverse sweep computes the scores again as Dao et al., "FlashAttention" (2022).
#pragma once

#include "kernels/matmul.hpp"
#include "kernels/softmax.hpp"

namespace costate::kernels {

/// y = softmax(scale · q kᵀ) v for every head: q queries × depth, k keys × depth, v keys × width, y queries × width. causal: query i sees the
/// keys j ≤ i alone.
struct AttentionShape {
    std::uint32_t heads = 1, queries = 1, keys = 1, depth = 1, width = 1, causal = 0;
    std::uint32_t query_tile = 64, key_tile = 128;  ///< of the scores that exist at a time
    [[nodiscard]] std::size_t q_size() const { return std::size_t{queries} * depth; }
    [[nodiscard]] std::size_t k_size() const { return std::size_t{keys} * depth; }
    [[nodiscard]] std::size_t v_size() const { return std::size_t{keys} * width; }
    [[nodiscard]] std::size_t y_size() const { return std::size_t{queries} * width; }
    [[nodiscard]] std::size_t tile() const { return std::size_t{std::min(queries, query_tile)} * std::min(keys, key_tile); }
    /// Values of scratch that attention, and that its two derivatives need.
    [[nodiscard]] std::size_t forward_scratch() const { return tile() + std::size_t{std::min(queries, query_tile)} * (std::size_t{depth} + 3); }
    [[nodiscard]] std::size_t derivative_scratch() const {
        return 2 * tile() + std::size_t{std::min(queries, query_tile)} * (2 * std::size_t{depth} + width + 3);
    }
};

/// One head's arrays; of a derivative null pointers are not wanted (adjoints, which are added to) or zero (tangents).
template <class T>
struct AttentionHead {
    const T *q = nullptr, *k = nullptr, *v = nullptr;
    T *y = nullptr, *log_sum = nullptr;  ///< log_sum_i = log Σ_j exp(score_ij), for the derivatives
};

namespace detail {

/// What all three sweeps do for one head: tiles of scores, keys × queries, from transposed copies of the queries in scratch.
template <TranscendentalScalar T>
class AttentionTiles {
public:
    AttentionTiles(const AttentionShape& s, T* scratch) : s_(s), free_(scratch) {
        score = take(s.tile());
        row = take(std::min(s.queries, s.query_tile));
    }
    T* take(std::size_t n) {
        T* block = free_;
        free_ += n;
        return block;
    }

    /// The tile of x, queries × columns, transposed and times c.
    void transposed_queries(const T& c, const T* x, std::size_t columns, T* to) const {
        transpose<T>(count, columns, x + first * columns, to);
        scale<T>(c, {to, count * columns}, {to, count * columns});
    }
    [[nodiscard]] std::size_t keys_from(std::size_t j) const { return std::min<std::size_t>(s_.key_tile, s_.keys - j); }
    /// The end of the keys that the present queries see.
    [[nodiscard]] std::size_t keys_seen() const { return s_.causal != 0 ? std::min<std::size_t>(s_.keys, first + count) : s_.keys; }

    /// f() for every tile of queries, which are [first, first + count).
    template <class F>
    void for_each_query_tile(F f) {
        for (first = 0; first < s_.queries; first += s_.query_tile) {
            count = std::min<std::size_t>(s_.query_tile, s_.queries - first);
            f();
        }
    }
    /// f(first key, keys) for every tile of keys that they see.
    template <class F>
    void for_each_key_tile(F f) const {
        for (std::size_t j = 0; j < keys_seen(); j += s_.key_tile) f(j, keys_from(j));
    }

    /// to (+)= a b, of a tile of keys (keys × depth) and a transposed one of queries (depth × queries).
    void product(std::size_t depth, std::size_t keys, const T* a, const T* b, T* to, bool add = false) const {
        if (!add) std::fill_n(to, keys * count, T(0));
        product_accumulate<T>(keys, depth, count, {a, keys * depth}, {b, depth * count}, {to, keys * count});
    }
    /// Queries of the tile that do not see key j: the first ones.
    [[nodiscard]] std::size_t hidden(std::size_t j) const { return s_.causal == 0 || j <= first ? 0 : std::min(j - first, count); }
    /// The tile's weights P = exp(score - shift), 0 where nothing is seen.
    void weights(std::size_t j, std::size_t keys, const T* shift) const {
        subtract_along<T>({score, keys * count}, {shift, count}, {score, keys * count});
        apply<T>(Function::exp, {score, keys * count}, {score, keys * count});
        for (std::size_t i = 0; i < keys; ++i) std::fill_n(score + i * count, hidden(j + i), T(0));
    }
    /// The same from a head's record.
    void weights_again(std::size_t j, std::size_t keys, const T* k, const T* q_transposed, const T* log_sum) const {
        product(s_.depth, keys, k + j * s_.depth, q_transposed, score);
        weights(j, keys, log_sum + first);
    }

    T *score, *row;
    std::size_t first = 0, count = 0;

private:
    const AttentionShape& s_;
    T* free_;
};

/// largest_i = max(largest_i, the scores of the tile that query i sees); `fresh`: there is none yet.
template <TranscendentalScalar T>
void raise(const AttentionTiles<T>& tiles, std::size_t j, std::size_t keys, bool fresh, T* largest) {
    if (fresh) std::copy_n(tiles.score, tiles.count, largest);  // every query sees the first key
    for (std::size_t i = fresh ? 1 : 0; i < keys; ++i) {
        const T* score = tiles.score + i * tiles.count;
        for (std::size_t c = tiles.hidden(j + i); c < tiles.count; ++c) largest[c] = largest[c] < score[c] ? score[c] : largest[c];
    }
}

}  // namespace detail

/// One head; `scratch` holds shape.forward_scratch() values. log_sum may be null.
template <TranscendentalScalar T>
void attention(const AttentionShape& s, const T& scale_by, const AttentionHead<T>& head, T* scratch) {
    using std::exp, std::log;
    detail::AttentionTiles<T> tiles(s, scratch);
    T* const q = tiles.take(std::size_t{std::min(s.queries, s.query_tile)} * s.depth);
    T* const largest = tiles.take(std::min(s.queries, s.query_tile));
    T* const total = tiles.take(std::min(s.queries, s.query_tile));
    std::fill_n(head.y, s.y_size(), T(0));
    tiles.for_each_query_tile([&] {
        const std::size_t count = tiles.count;
        T* const y = head.y + tiles.first * s.width;
        tiles.transposed_queries(scale_by, head.q, s.depth, q);
        std::fill_n(total, count, T(0));
        tiles.for_each_key_tile([&](std::size_t j, std::size_t keys) {
            tiles.product(s.depth, keys, head.k + j * s.depth, q, tiles.score);
            if (j > 0) std::copy_n(largest, count, tiles.row);
            detail::raise(tiles, j, keys, j == 0, largest);
            for (std::size_t i = 0; j > 0 && i < count; ++i) {
                if (!(tiles.row[i] < largest[i])) continue;
                const T shrink = exp(T(tiles.row[i] - largest[i]));
                total[i] = total[i] * shrink;
                scale<T>(shrink, {y + i * s.width, s.width}, {y + i * s.width, s.width});
            }
            tiles.weights(j, keys, largest);
            column_sums_accumulate<T>(keys, {tiles.score, keys * count}, {total, count});
            outer_accumulate<T>(keys, {tiles.score, keys * count}, {head.v + j * s.width, keys * s.width}, {y, count * s.width});
        });
        for (std::size_t i = 0; i < count; ++i) {
            scale<T>(T(T(1) / total[i]), {y + i * s.width, s.width}, {y + i * s.width, s.width});
            if (head.log_sum) head.log_sum[tiles.first + i] = largest[i] + T(log(total[i]));
        }
    });
}

/// v̄ += Pᵀ ȳ;  S̄ = P ⊙ (ȳ vᵀ - D), D_i = ȳ_i · y_i;  q̄ += scale S̄ k,  k̄ += scale S̄ᵀ q. `bar` has the adjoints q, k, v that are wanted.
template <class T>
struct AttentionAdjoints {
    T *q = nullptr, *k = nullptr, *v = nullptr;
};
template <TranscendentalScalar T>
void attention_pullback(const AttentionShape& s, const T& scale_by, const AttentionHead<T>& head, const T* y_bar, const AttentionAdjoints<T>& bar, T* scratch) {
    detail::AttentionTiles<T> tiles(s, scratch);
    const bool scores = bar.q || bar.k;
    const std::size_t most = std::min(s.queries, s.query_tile);
    T* const q = tiles.take(most * s.depth);
    T* const y_transposed = tiles.take(most * s.width);
    T* const score_bar = tiles.take(s.tile());
    tiles.for_each_query_tile([&] {
        const std::size_t first = tiles.first, count = tiles.count;
        const T* const d = y_bar + first * s.width;
        tiles.transposed_queries(scale_by, head.q, s.depth, q);
        if (scores) tiles.transposed_queries(T(1), y_bar, s.width, y_transposed);
        for (std::size_t i = 0; scores && i < count; ++i) tiles.row[i] = dot<T>({d + i * s.width, s.width}, {head.y + (first + i) * s.width, s.width});
        tiles.for_each_key_tile([&](std::size_t j, std::size_t keys) {
            const std::size_t n = keys * count;
            tiles.weights_again(j, keys, head.k, q, head.log_sum);
            if (bar.v) product_accumulate<T>(keys, count, s.width, {tiles.score, n}, {d, count * s.width}, {bar.v + j * s.width, keys * s.width});
            if (!scores) return;
            tiles.product(s.width, keys, head.v + j * s.width, y_transposed, score_bar);
            detail::subtract_along<T>({score_bar, n}, {tiles.row, count}, {score_bar, n});
            mul<T>({score_bar, n}, {tiles.score, n}, {score_bar, n});
            scale<T>(scale_by, {score_bar, n}, {score_bar, n});
            if (bar.q) outer_accumulate<T>(keys, {score_bar, n}, {head.k + j * s.depth, keys * s.depth}, {bar.q + first * s.depth, count * s.depth});
            if (bar.k)
                product_accumulate<T>(keys, count, s.depth, {score_bar, n}, {head.q + first * s.depth, count * s.depth}, {bar.k + j * s.depth, keys * s.depth});
        });
    });
}

/// ẏ = P (Ṡ ⊙ v) + P v̇ - r y, Ṡ = scale (q̇ kᵀ + q k̇ᵀ), r_i = Σ_j P_ij Ṡ_ij. `dot` has the tangents q, k, v and where ẏ goes.
template <TranscendentalScalar T>
void attention_tangent(const AttentionShape& s, const T& scale_by, const AttentionHead<T>& head, const AttentionHead<T>& dot, T* scratch) {
    detail::AttentionTiles<T> tiles(s, scratch);
    const std::size_t most = std::min(s.queries, s.query_tile);
    T* const q = tiles.take(most * s.depth);
    T* const q_dot = tiles.take(most * s.depth);
    T* const score_dot = tiles.take(s.tile());
    std::fill_n(dot.y, s.y_size(), T(0));
    tiles.for_each_query_tile([&] {
        const std::size_t count = tiles.count;
        T* const y_dot = dot.y + tiles.first * s.width;
        tiles.transposed_queries(scale_by, head.q, s.depth, q);
        if (dot.q) tiles.transposed_queries(scale_by, dot.q, s.depth, q_dot);
        std::fill_n(tiles.row, count, T(0));
        tiles.for_each_key_tile([&](std::size_t j, std::size_t keys) {
            const std::size_t n = keys * count;
            tiles.weights_again(j, keys, head.k, q, head.log_sum);
            if (dot.v) outer_accumulate<T>(keys, {tiles.score, n}, {dot.v + j * s.width, keys * s.width}, {y_dot, count * s.width});
            if (!dot.q && !dot.k) return;
            std::fill_n(score_dot, n, T(0));
            if (dot.q) tiles.product(s.depth, keys, head.k + j * s.depth, q_dot, score_dot, true);
            if (dot.k) tiles.product(s.depth, keys, dot.k + j * s.depth, q, score_dot, true);
            mul<T>({score_dot, n}, {tiles.score, n}, {score_dot, n});
            column_sums_accumulate<T>(keys, {score_dot, n}, {tiles.row, count});
            outer_accumulate<T>(keys, {score_dot, n}, {head.v + j * s.width, keys * s.width}, {y_dot, count * s.width});
        });
        for (std::size_t i = 0; i < count; ++i)
            axpy<T>(T(-tiles.row[i]), {head.y + (tiles.first + i) * s.width, s.width}, {y_dot + i * s.width, s.width});
    });
}

}  // namespace costate::kernels
