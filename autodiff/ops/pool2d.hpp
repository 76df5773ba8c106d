// The largest and the mean of windows that move over an image. What a window sees is computed from a few numbers, not listed.
#pragma once

#include "autodiff/ops/op.hpp"

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

private:
    /// Taps below position `place`, padding counted.
    [[nodiscard]] std::size_t taps_before(std::size_t i, std::size_t place) const {
        const std::size_t begin = i * stride;
        return begin >= place ? 0 : std::min<std::size_t>(kernel, (place - begin + dilation - 1) / dilation);
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

/// Pooling: the words are a PoolShape.
struct Pooling {
    static PoolShape shape(const Node& node, const Topology& graph) { return detail::from_words<PoolShape>(graph.words.data() + node.words); }
    template <class T>
    static PoolShape shape(const Frame<T>& f) {
        return detail::from_words<PoolShape>(f.words());
    }
    static double taps(const Node& node, const Topology& graph) {
        const PoolShape s = shape(node, graph);
        return static_cast<double>(node.size) * s.down.kernel * s.across.kernel;
    }
};

/// y_j = max of the pixels of window j; NaN where one is. The first of equal values is the one, and takes the derivative. Keeps its tap: row, column.
struct MaxPool2d : Deciding, Pooling {
    static constexpr std::string_view name = "max_pool2d";
    static Space space(const Node& node, const Topology&, Mode mode, const Called&) {
        return {.saved = mode == Mode::inference ? 0 : std::size_t{2} * node.size};
    }
    static double flops(const Node& node, const Topology& graph, const Called&) { return taps(node, graph); }

    template <class T>
    static void forward(const Frame<T>& f) {
        const PoolShape s = shape(f);
        const T* x = f.x(0);
        T* y = f.y();
        T* kept = f.saved();
        for (std::size_t b = 0; b < f.rows(); ++b, x += f.x_size(0))
            s.for_each_window([&](const PoolShape::Window& w) {
                std::size_t row = w.rows.first, column = w.columns.first;
                T largest = x[s.pixel(w, row, column)];
                s.for_each_pixel(w, [&](std::size_t u, std::size_t v, std::size_t i) {
                    const T& next = x[i];
                    const bool takes = bool(largest < next) | (!(next == next) & bool(largest == largest));
                    row = takes ? u : row;
                    column = takes ? v : column;
                    largest = takes ? next : largest;
                });
                *y++ = largest;
                if (!kept) return;
                *kept++ = T(static_cast<int>(row));
                *kept++ = T(static_cast<int>(column));
            });
    }
    /// f(place of the result, place of its largest) for every window of every sample, from what is kept.
    template <class T, class F>
    static void for_each_largest(const Frame<T>& frame, F f) {
        const PoolShape s = shape(frame);
        const T* kept = frame.saved();
        std::size_t place = 0;
        for (std::size_t b = 0; b < frame.rows(); ++b)
            s.for_each_window([&](const PoolShape::Window& w) {
                f(place++, b * frame.x_size(0) + s.pixel(w, small_number(kept[0]), small_number(kept[1])));
                kept += 2;
            });
    }

    /// x̄_i += Σ ȳ_j over the windows whose largest is i
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        for_each_largest(f, [=](std::size_t j, std::size_t i) { bar[i] += y_bar[j]; });
    }
    /// ẏ_j = ẋ of its largest
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* dot = f.dot(0);
        T* y_dot = f.y_dot();
        if (!dot) return zero(y_dot, f.count());
        for_each_largest(f, [=](std::size_t j, std::size_t i) { y_dot[j] = dot[i]; });
    }
};

/// y_j = Σ c x over the pixels of window j, c = 1/(what counts there)
struct AvgPool2d : Op, Pooling {
    static constexpr std::string_view name = "avg_pool2d";
    static constexpr bool traces = false;
    static double flops(const Node& node, const Topology& graph, const Called&) { return 2 * taps(node, graph); }

    template <class T>
    static T share(const PoolShape& s, const PoolShape::Window& w) {
        return T(1) / T(static_cast<int>(s.counted(w)));
    }
    template <class T>
    static void apply(const Frame<T>& f, const T* x, T* y) {
        const PoolShape s = shape(f);
        for (std::size_t b = 0; b < f.rows(); ++b, x += f.x_size(0))
            s.for_each_window([&](const PoolShape::Window& w) {
                const T c = share<T>(s, w);
                T sum(0);
                s.for_each_pixel(w, [&](std::size_t, std::size_t, std::size_t i) { sum += c * x[i]; });
                *y++ = sum;
            });
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        apply(f, f.x(0), f.y());
    }
    /// x̄_i += Σ c ȳ_j over the windows that see i
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const PoolShape s = shape(f);
        const T* y_bar = f.y_bar();
        for (std::size_t b = 0; b < f.rows(); ++b, bar += f.x_size(0))
            s.for_each_window([&](const PoolShape::Window& w) {
                const T part = share<T>(s, w) * *y_bar++;
                s.for_each_pixel(w, [&](std::size_t, std::size_t, std::size_t i) { bar[i] += part; });
            });
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) apply(f, dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
