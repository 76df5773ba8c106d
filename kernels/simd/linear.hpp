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

template <class V>
inline constexpr std::size_t outer_stride = 16;  // of the copied columns of z̄
inline constexpr std::size_t outer_block = 128;  // samples at a time
inline constexpr std::size_t outer_bytes = std::size_t{256} << 10;  // of x, copied, beside one panel: L2 holds them, L1 a panel and z̄
template <class V>
using OuterTiles = Tiles<V, 1, outer_stride<V>>;

// `count` columns of z̄ side by side, outer_stride a sample, in whole vectors: what lies beyond the count is not used. Of the last sample
// nothing is read beyond the end.
template <class V>
void copy_columns(std::size_t samples, std::size_t rows, std::size_t count, const Element<V>* z_bar, const Element<V>* end, Element<V>* z) {
    constexpr std::size_t vectors = outer_stride<V> / width<V>;
    const std::size_t needed = (count + width<V> - 1) / width<V>, whole = rows >= outer_stride<V> && samples > 0 ? samples - 1 : 0;
    for (std::size_t b = 0; b < whole; ++b, z_bar += rows, z += outer_stride<V>)
#pragma GCC unroll 8
        for (std::size_t v = 0; v < vectors; ++v)
            if (v < needed) write(z + v * width<V>, read<V>(z_bar + v * width<V>));
    for (std::size_t b = whole; b < samples; ++b, z_bar += rows, z += outer_stride<V>)
        for (std::size_t r = 0; r < count; r += width<V>) {
            const auto left = static_cast<std::size_t>(end - (z_bar + r));
            if (left >= width<V>) write(z + r, read<V>(z_bar + r));
            else write(z + r, read_partial<V>(z_bar + r, left));
        }
}

// x's columns from `column` on in panels, each panel's samples side by side; beyond the last column zeros.
template <class V>
void copy_panels(std::size_t samples, std::size_t cols, std::size_t column, std::size_t panels, const Element<V>* x, Element<V>* block) {
    constexpr std::size_t vectors = Blocking<V>::vectors, panel = Blocking<V>::panel;
    for (std::size_t p = 0; p < panels; ++p, column += panel) {
        const Element<V>* from = x + column;
        if (column + panel <= cols) {
            for (std::size_t b = 0; b < samples; ++b, from += cols, block += panel)
#pragma GCC unroll 2
                for (std::size_t v = 0; v < vectors; ++v) write(block + v * width<V>, read<V>(from + v * width<V>));
            continue;
        }
        const std::size_t left = cols - column;
        for (std::size_t b = 0; b < samples; ++b, from += cols, block += panel)
            for (std::size_t v = 0; v < panel; v += width<V>)
                write(block + v, left >= v + width<V> ? read<V>(from + v) : left > v ? read_partial<V>(from + v, left - v) : V(0));
    }
}

// One group of rows of W̄ against the copied panels of x, the first of which has `leading` columns if any; columns: of W̄ from w_bar on. z lies as
// Tiling reads it.
template <class V, class Tiling>
void outer_rows(std::size_t samples, std::size_t cols, std::size_t leading, std::size_t columns, std::size_t rows, const Element<V>* z, const Element<V>* block,
                Element<V>* w_bar) {
    using B = Blocking<V>;
    const std::size_t at_once = static_cast<std::size_t>(panels_at_once<V>(static_cast<int>(rows)));
    TileCall<Element<V>> call{.steps = samples, .a = z, .b = block, .b_step = B::panel, .b_panel = B::panel * samples, .y = w_bar, .y_stride = cols,
                              .bias = nullptr, .read_y = true, .columns = at_once * B::panel, .ahead = nullptr, .ahead_lines = 0};
    const auto pass = [&](std::size_t panels, std::size_t done) {
        call.b += panels * call.b_panel;
        call.y += done;
        columns -= done;
    };
    if (leading != 0) {
        partial_panel<V, Tiling>(call, rows, leading);
        pass(1, leading);
    }
    while (columns >= B::panel) {
        const bool many = columns >= at_once * B::panel;
        (many ? Tiling::many : Tiling::one)[rows - 1](call);
        pass(many ? at_once : 1, (many ? at_once : 1) * B::panel);
    }
    if (columns != 0) partial_panel<V, Tiling>(call, rows, columns);
}

// Columns before the rows of W̄ are aligned to vectors; in a large W̄ they are few, and the rest crosses no cache lines on its way to memory.
template <class V>
std::size_t leading_columns(std::size_t cols, const Element<V>* w_bar) {
    constexpr std::size_t large = 32 * width<V>;
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(w_bar) % sizeof(V) / sizeof(Element<V>);
    return beyond == 0 || cols < large || cols % width<V> != 0 ? 0 : width<V> - beyond;
}

// Blocks of samples, then of columns of x, copied once and read by every group of rows, which walks rows of W̄ side by side.
template <class V>
void outer_accumulate(std::size_t batch, std::size_t rows, std::size_t cols, const Element<V>* z_bar, const Element<V>* x, Element<V>* w_bar) {
    using T = Element<V>;
    using B = Blocking<V>;
    alignas(64) T z[outer_block * outer_stride<V>];
    alignas(64) T block[outer_bytes / sizeof(T) + outer_block * B::panel];
    for_each_group<outer_block>(batch, [&](std::size_t b0, std::size_t samples) {
        const std::size_t fit = outer_bytes / sizeof(T) / (samples * B::panel) * B::panel;
        std::size_t leading = leading_columns<V>(cols, w_bar);
        for (std::size_t column = 0, columns = 0; column < cols; column += columns, leading = 0) {
            columns = cols - column < leading + fit ? cols - column : leading + fit;
            const std::size_t first = leading != 0 ? 1 : 0, panels = (columns - leading + B::panel - 1) / B::panel;
            copy_panels<V>(samples, cols, column, first, x + b0 * cols, block);
            copy_panels<V>(samples, cols, column + leading, panels, x + b0 * cols, block + first * samples * B::panel);
            for_each_group<B::rows>(rows, [&](std::size_t row, std::size_t count) {
                copy_columns<V>(samples, rows, count, z_bar + b0 * rows + row, z_bar + batch * rows, z);
                outer_rows<V, OuterTiles<V>>(samples, cols, leading, columns, count, z, block, w_bar + row * cols + column);
            });
        }
    });
}

}  // namespace
}  // namespace costate::kernels::simd
