// Straight-line code over a tile of samples: each step runs over all lanes before the next; slots are rows of lanes in L1.
#pragma once

#include "kernels/line_runs.hpp"
#include "kernels/simd/elementwise.hpp"
#include "kernels/simd/line.hpp"

#include <utility>

namespace costate::kernels::simd {
namespace {

/// Lanes beyond `count` up to whole vectors repeat the last sample: they change no result and meet no other guard.
template <class V>
struct Lanes {
    using T = Element<V>;
    std::size_t count, vectors, stride;
    T* slots;

    [[gnu::always_inline]] T* at(std::size_t slot) const { return slots + slot * stride; }

    /// d = body(a, b, c) for every step of a run; c belongs to products alone. Returns the step after them.
    template <std::size_t size, class Body>
    [[gnu::always_inline]] const LineStep* each(const LineStep* i, const Body& body) const {
        for (std::size_t rest = run_of(i->op); rest > 0; --rest, i += size) {
            T* d = at(i->d);
            const T *a = at(i->a), *b = at(i->b), *c = at(i[size - 1].a);
            const auto one = [&](std::size_t v) { write(d + v, body(read<V>(a + v), read<V>(b + v), read<V>(c + v))); };
            std::size_t v = 0;
            for (; v + 4 * width<V> <= vectors * width<V>; v += 4 * width<V>) {
                one(v);
                one(v + width<V>);
                one(v + 2 * width<V>);
                one(v + 3 * width<V>);
            }
            for (; v < vectors * width<V>; v += width<V>) one(v);
        }
        return i;
    }
    template <class Body>
    [[gnu::always_inline]] const LineStep* unary(const LineStep* i, const Body& body) const {
        return each<1>(i, [&](const V& a, const V&, const V&) { return body(a); });
    }
    template <class Body>
    [[gnu::always_inline]] const LineStep* binary(const LineStep* i, const Body& body) const {
        return each<1>(i, [&](const V& a, const V& b, const V&) { return body(a, b); });
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
        std::size_t b = 0;
        for (; b + 4 <= count; b += 4, from += 4 * step) {
            const T v0 = from[0], v1 = from[step], v2 = from[2 * step], v3 = from[3 * step];
            d[b] = v0;
            d[b + 1] = v1;
            d[b + 2] = v2;
            d[b + 3] = v3;
        }
        for (; b < count; ++b, from += step) d[b] = *from;
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
    switch (first_of(i.op)) {
    case LineOp::load_row: return tile.gather(row(i.a) + i.b, line.rows[i.a], tile.at(i.d));
    case LineOp::load_shared: return tile.fill(tile.at(i.d), call.arrays[i.a][i.b]);
    case LineOp::store_row: return tile.scatter(tile.at(i.a), row(i.d) + i.b, line.rows[i.d]);
    case LineOp::store_kept: return tile.copy(tile.at(i.a), call.kept + i.d * call.batch + call.first);
    default:
        tile.copy(call.kept + i.a * call.batch + call.first, tile.at(i.d));
        tile.pad(tile.at(i.d));
    }
}

/// body(step) for each of a run; returns the step after them.
template <class Body>
[[gnu::always_inline]] inline const LineStep* every(const LineStep* i, const Body& body) {
    const LineStep* const end = i + run_of(i->op);
    for (; i != end; ++i) body(*i);
    return i;
}

template <class V>
bool straight_line(const LineView<Element<V>>& line, const LineCall<Element<V>>& call) {
    using T = Element<V>;
    const Lanes<V> tile{call.count, (call.count + width<V> - 1) / width<V>, call.lanes, call.slots};
    T* term = call.terms;
    bool held = true;
    for (std::size_t c = 0; c < line.constant_count; ++c) tile.fill(tile.at(c), line.constants[c]);
    for (const LineStep* i = line.steps;;) {
        // clang-format off
        switch (code_of(first_of(i->op))) {
        case code_of(LineOp::add): i = tile.binary(i, Add{}); break;
        case code_of(LineOp::sub): i = tile.binary(i, Sub{}); break;
        case code_of(LineOp::mul): i = tile.binary(i, Mul{}); break;
        case code_of(LineOp::div): i = tile.binary(i, Div{}); break;
        case code_of(product_add): i = tile.template each<2>(i, [](const V& a, const V& b, const V& c) { return c + a * b; }); break;
        case code_of(product_from): i = tile.template each<2>(i, [](const V& a, const V& b, const V& c) { return c - a * b; }); break;
        case code_of(product_sub): i = tile.template each<2>(i, [](const V& a, const V& b, const V& c) { return a * b - c; }); break;
        case code_of(LineOp::negate): i = tile.unary(i, [](const V& a) { return a ^ V(T(-0.0)); }); break;
        case code_of(LineOp::sqrt): i = tile.unary(i, [](const V& a) { return xsimd::sqrt(a); }); break;
        case code_of(LineOp::relu): i = tile.unary(i, [](const V& a) { return evaluate<Function::relu>(a).value; }); break;
        case code_of(LineOp::relu_slope): i = tile.unary(i, [](const V& a) { return evaluate<Function::relu>(a).slope; }); break;
        case code_of(LineOp::load_row): case code_of(LineOp::load_shared): case code_of(LineOp::load_kept):
        case code_of(LineOp::store_row): case code_of(LineOp::store_kept):
            i = every(i, [&](const LineStep& s) { move(line, call, tile, s); });
            break;
        case code_of(LineOp::accumulate):
            i = every(i, [&](const LineStep& s) { tile.copy(tile.at(s.a), std::exchange(term, term + call.lanes)); });
            break;
        case code_of(LineOp::guard):
            i = every(i, [&](const LineStep& s) { held = held && tile.guard(s); });
            if (!held) return false;
            break;
        case code_of(LineOp::end): return true;
        default: i = every(i, [&](const LineStep& s) { tile.function(s); }); break;
        }
        // clang-format on
    }
}

}  // namespace
}  // namespace costate::kernels::simd
