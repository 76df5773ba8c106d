#pragma once

#include "autodiff/ops/op.hpp"

namespace costate::autodiff::ops {

/// Rows of `width` pixels; each pixel scale_y × scale_x times.
struct UpsampleShape {
    std::uint32_t width, scale_y, scale_x;
};

/// Every pixel as a block of equal ones; the words are an UpsampleShape, channels are rows like others.
struct Upsample : Op {
    static constexpr std::string_view name = "upsample_nearest";
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    template <class T>
    static void repeat(const Frame<T>& f, const T* x, T* y) {
        const auto s = detail::from_words<UpsampleShape>(f.words());
        const std::size_t width = s.width, wide = width * s.scale_x;
        for (const T* const end = x + f.x_count(0); x != end; x += width, y += s.scale_y * wide) {
            if (s.scale_x == 2)
                for (std::size_t j = 0; j < width; ++j) y[2 * j] = y[2 * j + 1] = x[j];
            else
                for (std::size_t j = 0; j < width; ++j) std::fill_n(y + j * s.scale_x, s.scale_x, x[j]);
            for (std::size_t u = 1; u < s.scale_y; ++u) std::copy_n(y, wide, y + u * wide);
        }
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        repeat(f, f.x(0), f.y());
    }
    /// x̄ += sums of the blocks of ȳ, rows, then columns ascending
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const auto s = detail::from_words<UpsampleShape>(f.words());
        const std::size_t width = s.width, wide = width * s.scale_x;
        const T* y_bar = f.y_bar();
        for (const T* const end = bar + f.x_count(0); bar != end; bar += width, y_bar += s.scale_y * wide) {
            if (s.scale_y == 2 && s.scale_x == 2) add_pairs(width, y_bar, bar);
            else
                for (std::size_t i = 0; i < s.scale_y * wide; ++i) bar[i % wide / s.scale_x] += y_bar[i];
        }
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) repeat(f, dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }

private:
    /// Blocks of 2 × 2, for which vectors are known when this is compiled.
    template <class T>
    static void add_pairs(std::size_t n, const T* y_bar, T* bar) {
        const T* const below = y_bar + 2 * n;
        for (std::size_t j = 0; j < n; ++j) bar[j] = bar[j] + y_bar[2 * j] + y_bar[2 * j + 1] + below[2 * j] + below[2 * j + 1];
    }
};

}  // namespace costate::autodiff::ops
