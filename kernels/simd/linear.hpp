// The matrix products on packed weights and on plain arrays, cut into tiles. The meaning is in kernels/reference/linear.hpp.
#pragma once

#include "kernels/simd/narrow.hpp"
#include "kernels/simd/tile.hpp"

namespace costate::kernels::simd {
namespace {

template <class V>
using LinearTiles = Tiles<V, Blocking<V>::row_stride, 1>;

// Where a product is: rows [row, row + rows) of the batch, inputs [k0, k0 + kc), panels [p0, p1); the last inputs finish z.
// `ahead` panels from p1 on are there to be fetched while the batch runs past these.
struct Span {
    std::size_t row, rows, k0, kc, p0, p1;
    bool last_inputs;
    std::size_t ahead;
};

// Rows of x, scaled if asked for, side by side at a stride without conflicts in the cache.
template <class V>
void copy_rows(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, const Span& s, std::size_t row, std::size_t rows, Element<V>* copy) {
    using T = Element<V>;
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t at = (row + r) * w.inputs + s.k0;
        T* target = copy + r * Blocking<V>::row_stride;
        if (!call.scale) {
            const T* source = call.x + at;
            for_each_vector<V>(s.kc, [&](auto in, auto out) __attribute__((always_inline)) { out(target, in(source)); });
            continue;
        }
        binary<V, Mul>(s.kc, call.x + at, call.scale + at, target);
        if (call.scaled)
            for_each_vector<V>(s.kc, [&](auto in, auto out) __attribute__((always_inline)) { out(call.scaled + at, in(target)); });
    }
}

// Each of the span's row groups, which are nearly equal, fetches its share of every panel ahead.
template <class V>
void multiply_panels(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, const Span& s, std::size_t row,
                     std::size_t rows, const Element<V>* a) {
    using T = Element<V>;
    using B = Blocking<V>;
    const std::size_t padded = (w.outputs + B::panel - 1) / B::panel * B::panel;
    const std::size_t groups = (s.rows + B::rows - 1) / B::rows, group = (row - s.row + B::rows - 1) / B::rows;
    const std::size_t lines = (fetch_steps * B::panel * sizeof(T) / 64 + groups - 1) / groups;
    const std::size_t share = (s.kc + fetch_steps - 1) / fetch_steps * lines * 64;
    const std::size_t at_once = static_cast<std::size_t>(panels_at_once<V>(static_cast<int>(rows)));
    for (std::size_t p = s.p0; p < s.p1;) {
        const std::size_t column = p * B::panel, left = w.outputs - column;
        const T* const b = w.data + s.k0 * padded + p * s.kc * B::panel;
        const char* const ahead = reinterpret_cast<const char*>(b) + (s.p1 - s.p0) * s.kc * B::panel * sizeof(T) + group * share;
        TileCall<T> tile_call{.steps = s.kc,
                              .a = a,
                              .b = b,
                              .b_step = B::panel,
                              .b_panel = s.kc * B::panel,
                              .y = call.y + row * w.outputs + column,
                              .y_stride = w.outputs,
                              .bias = s.k0 == 0 && call.bias ? call.bias + column : nullptr,
                              .read_y = s.k0 == 0 && call.accumulate,
                              .add_y = s.k0 != 0,
                              .columns = at_once * B::panel,
                              .ahead = ahead,
                              .ahead_lines = p - s.p0 < s.ahead ? lines : 0};
        if (left < B::panel) {
            partial_panel<V, LinearTiles<V>>(tile_call, rows, left);
            ++p;
        } else if (p + at_once <= s.p1 && left >= at_once * B::panel) {
            LinearTiles<V>::many[rows - 1](tile_call);
            p += at_once;
        } else {
            LinearTiles<V>::one[rows - 1](tile_call);
            ++p;
        }
    }
}

// y = act(z), slope = act'(z) where z has just been finished: the rows are still in the cache.
template <class V>
void activate(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, const Span& s, std::size_t row, std::size_t rows) {
    if (call.activation == Function::identity && !call.slope) return;
    const std::size_t first = s.p0 * Blocking<V>::panel, end = s.p1 * Blocking<V>::panel;
    std::size_t columns = (end < w.outputs ? end : w.outputs) - first;
    if (columns == w.outputs) {  // whole rows lie side by side
        columns *= rows;
        rows = 1;
    }
    for (std::size_t r = 0; r < rows; ++r) {
        const std::size_t at = (row + r) * w.outputs + first;
        if (call.slope) apply_with_slope<V>(call.activation, columns, call.y + at, call.y + at, call.slope + at);
        else apply<V>(call.activation, columns, call.y + at, call.y + at);
    }
}

// One row: nothing to copy, unless it is to be scaled, and nothing to fetch ahead: the weights stream past once.
template <class V>
void multiply_row(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, const Span& s) {
    if (!call.scale) return multiply_panels<V>(w, call, s, s.row, 1, call.x + s.row * w.inputs + s.k0);
    alignas(64) Element<V> copy[Blocking<V>::row_stride];
    copy_rows<V>(w, call, s, s.row, 1, copy);
    multiply_panels<V>(w, call, s, s.row, 1, copy);
}

// Some rows and one block of inputs against all panels, in groups that stay in L2 while the rows pass and the next group comes.
// The first group copies the rows; where others follow the copies are kept.
template <class V>
[[gnu::noinline]] void multiply_rows(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call, Span s) {
    using B = Blocking<V>;
    alignas(64) Element<V> copies[B::batch_rows * B::row_stride];
    const std::size_t panels = s.p1, fit = B::b_bytes / ((s.kc + (s.kc == 0)) * B::panel * sizeof(Element<V>));
    const std::size_t group = fit < panels ? fit : panels;
    for (s.p0 = 0; s.p0 < panels; s.p0 = s.p1) {
        s.p1 = s.p0 + group < panels ? s.p0 + group : panels;
        s.ahead = s.k0 + s.kc < w.inputs ? group : panels - s.p1;
        for_each_group<B::rows>(s.rows, [&](std::size_t first, std::size_t rows) {
            const std::size_t row = s.row + first;
            Element<V>* const copy = copies + (group < panels ? first : 0) * B::row_stride;
            if (s.p0 == 0) copy_rows<V>(w, call, s, row, rows, copy);
            multiply_panels<V>(w, call, s, row, rows, copy);
            if (s.last_inputs) activate<V>(w, call, s, row, rows);
        });
    }
}

// Blocks of the batch, then blocks of inputs.
template <class V>
void linear(const Packed<Element<V>>& w, const LinearCall<Element<V>>& call) {
    using B = Blocking<V>;
    if (w.row_stride != 0) return narrow_linear<V>(w, call);
    const std::size_t panels = call.end_panel != 0 ? call.end_panel : (w.outputs + B::panel - 1) / B::panel;
    for_each_group<B::batch_rows>(call.batch, [&](std::size_t row, std::size_t rows) {
        std::size_t k0 = 0;
        do {
            const std::size_t kc = w.inputs - k0 < B::k_block ? w.inputs - k0 : B::k_block;
            const bool last = k0 + kc == w.inputs;
            const Span s{.row = row, .rows = rows, .k0 = k0, .kc = kc, .p0 = call.first_panel, .p1 = panels, .last_inputs = last, .ahead = 0};
            if (rows > 1) {
                multiply_rows<V>(w, call, s);
            } else {
                multiply_row<V>(w, call, s);
                if (last) activate<V>(w, call, s, row, 1);
            }
            k0 += kc;
        } while (k0 < w.inputs);
    });
}

}  // namespace
}  // namespace costate::kernels::simd
