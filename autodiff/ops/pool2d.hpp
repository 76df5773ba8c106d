// The largest and the mean of windows that move over an image. Windows that lie side by side and are whole go to vectors, the others to plain loops.
#pragma once

#include "autodiff/ops/op.hpp"
#include "autodiff/ops/pool_shape.hpp"

namespace costate::autodiff::ops {

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
        const auto single = [&](const PoolShape::Window& w) {
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
        };
        for (std::size_t b = 0; b < f.rows(); ++b, x += f.x_size(0)) {
            if constexpr (kernels::simd::Vectorised<T>)
                s.for_each_row(single, [&](const PoolShape::Window& w, const kernels::simd::WindowRow& row) {
                    kernels::simd::table<T>().max_row(row, x + s.pixel(w, w.rows.first, 0), y, kept);
                    y += row.count;
                    if (kept) kept += 2 * row.count;
                });
            else s.for_each_window(single);
        }
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

    /// For windows side by side many(these, what is kept, the place of their first in the result, of its first tap in the array of x); for others as
    /// for_each_largest.
    template <class T, class Single, class Many>
    static void for_each_kept(const Frame<T>& frame, Single single, Many many) {
        const PoolShape s = shape(frame);
        const T* kept = frame.saved();
        for (std::size_t b = 0, place = 0; b < frame.rows(); ++b) {
            const std::size_t sample = b * frame.x_size(0);
            s.for_each_row(
                [&](const PoolShape::Window& w) {
                    single(place++, sample + s.pixel(w, small_number(kept[0]), small_number(kept[1])));
                    kept += 2;
                },
                [&](const PoolShape::Window& w, const kernels::simd::WindowRow& row) {
                    many(row, kept, place, sample + s.pixel(w, w.rows.first, 0));
                    place += row.count, kept += 2 * row.count;
                });
        }
    }

    /// x̄_i += Σ ȳ_j over the windows whose largest is i
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        const auto single = [=](std::size_t j, std::size_t i) { bar[i] += y_bar[j]; };
        if constexpr (kernels::simd::Vectorised<T>)
            for_each_kept(f, single, [&](const kernels::simd::WindowRow& row, const T* kept, std::size_t j, std::size_t i) {
                kernels::simd::table<T>().add_to_kept(row, kept, y_bar + j, bar + i);
            });
        else for_each_largest(f, single);
    }
    /// ẏ_j = ẋ of its largest
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* dot = f.dot(0);
        T* y_dot = f.y_dot();
        if (!dot) return zero(y_dot, f.count());
        const auto single = [=](std::size_t j, std::size_t i) { y_dot[j] = dot[i]; };
        if constexpr (kernels::simd::Vectorised<T>)
            for_each_kept(f, single, [&](const kernels::simd::WindowRow& row, const T* kept, std::size_t j, std::size_t i) {
                kernels::simd::table<T>().read_kept(row, kept, dot + i, y_dot + j);
            });
        else for_each_largest(f, single);
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
        const auto single = [&](const PoolShape::Window& w) {
            const T c = share<T>(s, w);
            T sum(0);
            s.for_each_pixel(w, [&](std::size_t, std::size_t, std::size_t i) { sum += c * x[i]; });
            *y++ = sum;
        };
        for (std::size_t b = 0; b < f.rows(); ++b, x += f.x_size(0)) {
            if constexpr (kernels::simd::Vectorised<T>)
                s.for_each_row(single, [&](const PoolShape::Window& w, const kernels::simd::WindowRow& row) {
                    kernels::simd::table<T>().mean_row(row, share<T>(s, w), x + s.pixel(w, w.rows.first, 0), y);
                    y += row.count;
                });
            else s.for_each_window(single);
        }
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
        const auto single = [&](const PoolShape::Window& w) {
            const T part = share<T>(s, w) * *y_bar++;
            s.for_each_pixel(w, [&](std::size_t, std::size_t, std::size_t i) { bar[i] += part; });
        };
        for (std::size_t b = 0; b < f.rows(); ++b, bar += f.x_size(0)) {
            if constexpr (kernels::simd::Vectorised<T>)
                s.for_each_row(single, [&](const PoolShape::Window& w, const kernels::simd::WindowRow& row) {
                    kernels::simd::table<T>().mean_row_vjp(row, share<T>(s, w), y_bar, bar + s.pixel(w, w.rows.first, 0));
                    y_bar += row.count;
                });
            else s.for_each_window(single);
        }
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) apply(f, dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
