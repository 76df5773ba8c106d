// Straight-line code over a tile of samples: each step runs over all lanes before the next; slots are rows of lanes in L1.
#pragma once

#include "kernels/simd/elementwise.hpp"
#include "kernels/simd/line.hpp"

namespace costate::kernels::simd {
namespace {

/// Lanes beyond `count` up to whole vectors repeat the last sample: they change no result and meet no other guard.
template <class V>
struct Lanes {
    using T = Element<V>;
    std::size_t count, vectors, stride;
    T* slots;

    [[gnu::always_inline]] T* at(std::size_t slot) const { return slots + slot * stride; }

    template <class Body>
    [[gnu::always_inline]] void each(const LineStep& i, const Body& body) const {
        T* d = at(i.d);
        const T* a = at(i.a);
        const T* b = at(i.b);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < vectors; ++v, d += width<V>, a += width<V>, b += width<V>)
            write(d, body(read<V>(a), read<V>(b)));
    }
    [[gnu::always_inline]] void pad(T* d) const {
        for (std::size_t b = count; b < vectors * width<V>; ++b) d[b] = d[count - 1];
    }
    [[gnu::always_inline]] void fill(T* d, T value) const {
        for (std::size_t v = 0; v < vectors; ++v) write(d + v * width<V>, V(value));
    }
    [[gnu::always_inline]] void copy(const T* from, T* to) const {
        std::size_t b = 0;
        for (; b + width<V> <= count; b += width<V>) write(to + b, read<V>(from + b));
        for (; b < count; ++b) to[b] = from[b];
    }
    [[gnu::always_inline]] void gather(const T* from, std::size_t step, T* d) const {
        for (std::size_t b = 0; b < count; ++b) d[b] = from[b * step];
        pad(d);
    }
    [[gnu::always_inline]] void scatter(const T* a, T* to, std::size_t step) const {
        for (std::size_t b = 0; b < count; ++b) to[b * step] = a[b];
    }
    /// Whether a ∘ b turns out as `detail` says in every lane.
    bool guard(const LineStep& i) const {
        const T* a = at(i.a);
        const T* b = at(i.b);
        const bool expected = i.d % 2 != 0;
        std::size_t others = 0;
        for (std::size_t j = 0; j < count; ++j) {
            const bool holds = i.d / 2 == 0 ? a[j] == b[j] : i.d / 2 == 1 ? a[j] < b[j] : a[j] <= b[j];
            others += holds != expected ? 1 : 0;
        }
        return others == 0;
    }
    /// A function step, through the kernels of whole arrays.
    void function(const LineStep& i) const {
        const auto code = static_cast<std::size_t>(i.op) % 256;
        const std::size_t f = code % 32, n = vectors * width<V>, family = code / 32 * 32;
        if (family == static_cast<std::size_t>(LineOp::value)) return apply_table<V>[f](n, at(i.a), at(i.d));
        if (family == static_cast<std::size_t>(LineOp::both)) return apply_with_slope_table<V>[f](n, at(i.a), at(i.d), at(i.b));
        alignas(64) T ignored[64];
        for (std::size_t v = 0; v < n; v += 64) {
            const std::size_t part = n - v < 64 ? n - v : 64;
            apply_with_slope_table<V>[f](part, at(i.a) + v, ignored, at(i.d) + v);
        }
    }
};

/// A step that moves values between the caller's arrays and slots.
template <class V>
[[gnu::always_inline]] inline void move(const LineView<Element<V>>& line, const LineCall<Element<V>>& call, const Lanes<V>& tile,
                                        const LineStep& i) {
    const auto row = [&](std::size_t array) { return call.arrays[array] + call.first * line.rows[array]; };
    switch (i.op) {
    case LineOp::load_row: return tile.gather(row(i.a) + i.b, line.rows[i.a], tile.at(i.d));
    case LineOp::load_shared: return tile.fill(tile.at(i.d), call.arrays[i.a][i.b]);
    case LineOp::store_row: return tile.scatter(tile.at(i.a), row(i.d) + i.b, line.rows[i.d]);
    case LineOp::store_kept: return tile.copy(tile.at(i.a), call.kept + i.d * call.batch + call.first);
    default:
        tile.copy(call.kept + i.a * call.batch + call.first, tile.at(i.d));
        tile.pad(tile.at(i.d));
    }
}

template <class V>
bool straight_line(const LineView<Element<V>>& line, const LineCall<Element<V>>& call) {
    using T = Element<V>;
    const Lanes<V> tile{call.count, (call.count + width<V> - 1) / width<V>, call.lanes, call.slots};
    T* term = call.terms;
    for (std::size_t c = 0; c < line.constant_count; ++c) tile.fill(tile.at(c), line.constants[c]);
    for (const LineStep* step = line.steps;; ++step) {
        const LineStep i = *step;
        // clang-format off
        switch (i.op) {
        case LineOp::add: tile.each(i, Add{}); break;
        case LineOp::sub: tile.each(i, Sub{}); break;
        case LineOp::mul: tile.each(i, Mul{}); break;
        case LineOp::div: tile.each(i, Div{}); break;
        case LineOp::negate: tile.each(i, [](const V& a, const V&) { return a ^ V(T(-0.0)); }); break;
        case LineOp::sqrt: tile.each(i, [](const V& a, const V&) { return xsimd::sqrt(a); }); break;
        case LineOp::relu: tile.each(i, [](const V& a, const V&) { return evaluate<Function::relu>(a).value; }); break;
        case LineOp::relu_slope: tile.each(i, [](const V& a, const V&) { return evaluate<Function::relu>(a).slope; }); break;
        case LineOp::load_row: case LineOp::load_shared: case LineOp::load_kept: case LineOp::store_row: case LineOp::store_kept:
            move(line, call, tile, i);
            break;
        case LineOp::accumulate:
            tile.copy(tile.at(i.a), term);
            term += call.lanes;
            break;
        case LineOp::guard:
            if (!tile.guard(i)) return false;
            break;
        case LineOp::end: return true;
        default: tile.function(i); break;
        }
        // clang-format on
    }
}

}  // namespace
}  // namespace costate::kernels::simd
