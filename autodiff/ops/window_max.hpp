#pragma once

#include "autodiff/ops/gather.hpp"

namespace costate::autodiff::ops {

/// y_j = max over k of x[index_jk]: Node::extra indices a window, which may overlap; NaN where one is. The first of equal values is the one, and
/// takes the derivative. The words are the indices, those of k = 0 for every window first; keeps which k it is.
struct WindowMax : Deciding {
    static constexpr std::string_view name = "window_max";
    static Space space(const Node& node, const Topology&, Mode mode, const Called&) { return {.saved = mode == Mode::inference ? 0u : node.size}; }
    static double flops(const Node& node, const Topology&, const Called&) { return static_cast<double>(node.size) * node.extra; }

    template <class T>
    static void forward(const Frame<T>& f) {
        const T* x = f.x(0);
        T* y = f.y();
        T* kept = f.saved();
        const std::uint32_t width = f.extra();
        const std::size_t n = f.size();
        if constexpr (kernels::simd::Vectorised<T>)
            if (lists_fit<T>(f.x_size(0))) return kernels::simd::table<T>().list_max({f.words(), n, width, f.rows(), f.x_size(0)}, x, y, kept);
        for (std::size_t b = 0; b < f.rows(); ++b, x += f.x_size(0)) {
            const std::uint32_t* index = f.words();
            for (std::size_t j = 0; j < n; ++j, ++index) {
                T largest = x[index[0]];
                std::uint32_t which = 0;
                for (std::uint32_t k = 1; k < width; ++k) {
                    const T& next = x[index[k * n]];
                    const bool takes = bool(largest < next) | (!(next == next) & bool(largest == largest));
                    which = takes ? k : which;
                    largest = takes ? next : largest;
                }
                *y++ = largest;
                if (kept) *kept++ = T(static_cast<int>(which));
            }
        }
    }
    /// f(sample, j, index of the largest) for every window of every sample, from what is kept.
    template <class T, class F>
    static void for_each_window(const Frame<T>& frame, F f) {
        const T* kept = frame.saved();
        for (std::size_t b = 0; b < frame.rows(); ++b) {
            const std::uint32_t* index = frame.words();
            for (std::size_t j = 0; j < frame.size(); ++j) f(b, j, index[small_number(*kept++) * frame.size() + j]);
        }
    }
    /// x̄_i += Σ ȳ_j over the windows whose largest is i
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        const std::size_t n = f.size(), m = f.x_size(0);
        for_each_window(f, [=](std::size_t b, std::size_t j, std::size_t i) { bar[b * m + i] += y_bar[b * n + j]; });
    }
    /// ẏ_j = ẋ of its largest
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* dot = f.dot(0);
        T* y_dot = f.y_dot();
        if (!dot) return zero(y_dot, f.count());
        const std::size_t n = f.size(), m = f.x_size(0);
        for_each_window(f, [=](std::size_t b, std::size_t j, std::size_t i) { y_dot[b * n + j] = dot[b * m + i]; });
    }
};

}  // namespace costate::autodiff::ops
