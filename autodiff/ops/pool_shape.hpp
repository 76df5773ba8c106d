// Windows that move over an image. What a window sees is computed from a few numbers, not listed.
#pragma once

#include "kernels/simd/table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace costate::autodiff::ops {

/// Windows along one axis: tap k of window i is position i·stride + k·dilation - before.
struct WindowAxis {
    std::uint32_t size, kernel, stride, before, after, dilation, windows;

    struct Taps {
        std::size_t first, end;
        [[nodiscard]] std::size_t count() const { return end - first; }
    };
    /// The taps of window i that are pixels.
    [[nodiscard]] Taps seen(std::size_t i) const {
        const std::size_t end = taps_before(i, std::size_t{before} + size);
        return {std::min(taps_before(i, before), end), end};
    }
    /// How many are pixels or padding.
    [[nodiscard]] std::size_t inside(std::size_t i) const { return taps_before(i, std::size_t{before} + size + after); }
    /// The pixel that tap k sees.
    [[nodiscard]] std::size_t pixel(std::size_t i, std::size_t k) const { return i * stride + k * dilation - before; }

    struct Range {
        std::size_t first, end;
    };
    /// The windows whose taps are pixels, all of them.
    [[nodiscard]] Range whole() const {
        const std::size_t reach = (kernel - std::size_t{1}) * dilation, room = std::size_t{before} + size;
        const std::size_t end = reach < room ? std::min<std::size_t>(windows, (room - reach - 1) / stride + 1) : 0;
        return {std::min<std::size_t>((std::size_t{before} + stride - 1) / stride, end), end};
    }

private:
    /// Taps below position `place`, padding counted.
    [[nodiscard]] std::size_t taps_before(std::size_t i, std::size_t place) const {
        const std::size_t begin = i * stride;
        if (begin >= place) return 0;
        const std::size_t taps = dilation == 1 ? place - begin : (place - begin + dilation - 1) / dilation;  // a division costs more than a window
        return std::min<std::size_t>(kernel, taps);
    }
};

/// Windows down and across the planes of an image.
struct PoolShape {
    std::uint32_t channels;
    WindowAxis down, across;
    std::uint32_t count_padding;  ///< of a mean

    struct Window {
        std::size_t channel, row, column;
        WindowAxis::Taps rows, columns;
    };
    /// f(window) for all of a sample, in the order of the result.
    template <class F>
    void for_each_window(F f) const {
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t i = 0; i < down.windows; ++i) {
                const WindowAxis::Taps rows = down.seen(i);
                for (std::size_t j = 0; j < across.windows; ++j) f(Window{c, i, j, rows, across.seen(j)});
            }
    }
    /// The same in the same order, but for the windows of a row that are whole across: many(the first of them, all) for these together.
    template <class Single, class Many>
    void for_each_row(Single single, Many many) const {
        const WindowAxis::Range whole = across.whole();
        for (std::size_t c = 0; c < channels; ++c)
            for (std::size_t i = 0; i < down.windows; ++i) {
                const WindowAxis::Taps rows = down.seen(i);
                for (std::size_t j = 0; j < whole.first; ++j) single(Window{c, i, j, rows, across.seen(j)});
                if (whole.first < whole.end)
                    many(Window{c, i, whole.first, rows, {0, across.kernel}}, kernels::simd::WindowRow{whole.end - whole.first, rows.count(), across.kernel,
                         std::size_t{down.dilation} * across.size, across.dilation, across.stride, rows.first});
                for (std::size_t j = whole.end; j < across.windows; ++j) single(Window{c, i, j, rows, across.seen(j)});
            }
    }
    /// The pixel of x that tap (u, v) of a window sees.
    [[nodiscard]] std::size_t pixel(const Window& w, std::size_t u, std::size_t v) const {
        return (w.channel * down.size + down.pixel(w.row, u)) * across.size + across.pixel(w.column, v);
    }
    /// f(u, v, pixel) for every pixel that a window sees, rows, then columns ascending.
    template <class F>
    void for_each_pixel(const Window& w, F f) const {
        for (std::size_t u = w.rows.first; u < w.rows.end; ++u) {
            std::size_t i = pixel(w, u, w.columns.first);
            for (std::size_t v = w.columns.first; v < w.columns.end; ++v, i += across.dilation) f(u, v, i);
        }
    }
    /// What the sum of a window is divided by.
    [[nodiscard]] std::size_t counted(const Window& w) const {
        return count_padding ? down.inside(w.row) * across.inside(w.column) : w.rows.count() * w.columns.count();
    }
};

}  // namespace costate::autodiff::ops
