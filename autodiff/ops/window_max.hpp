#pragma once

#include "autodiff/ops/gather.hpp"

namespace costate::autodiff::ops {

/// y_j = max over k of x[index_jk]: Node::extra indices a window, which may overlap and leave out (no_index, but not all of them); NaN where one is.
/// The first of equal values is the one, and takes the derivative. The words are the indices, window after window.
struct WindowMax : Deciding {
    static constexpr std::string_view name = "window_max";
    static bool reads(const Node&, std::size_t, std::uint64_t) { return true; }
    static double flops(const Node& node, const Topology&, const Called&) { return static_cast<double>(node.size) * node.extra; }

    /// f(sample, j, index of the largest) for every window of every sample.
    template <class T, class F>
    static void for_each_window(const Frame<T>& frame, F f) {
        const T* x = frame.x(0);
        for (std::size_t b = 0; b < frame.rows(); ++b, x += frame.x_size(0)) {
            const std::uint32_t* index = frame.words();
            for (std::size_t j = 0; j < frame.size(); ++j, index += frame.extra()) f(b, j, largest(x, index, frame.extra()));
        }
    }
    template <class T>
    static std::size_t largest(const T* x, const std::uint32_t* index, std::size_t count) {
        std::size_t best = no_index;
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t i = index[k];
            if (i == no_index) continue;
            if (best == no_index || x[best] < x[i] || (!(x[i] == x[i]) && x[best] == x[best])) best = i;
        }
        return best;
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const T* x = f.x(0);
        T* y = f.y();
        for_each_window(f, [&](std::size_t b, std::size_t j, std::size_t i) { y[b * f.size() + j] = x[b * f.x_size(0) + i]; });
    }
    /// x̄_i += Σ ȳ_j over the windows whose largest is i
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        for_each_window(f, [&](std::size_t b, std::size_t j, std::size_t i) { bar[b * f.x_size(0) + i] += y_bar[b * f.size() + j]; });
    }
    /// ẏ_j = ẋ of its largest
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* dot = f.dot(0);
        if (!dot) return zero(f.y_dot(), f.count());
        for_each_window(f, [&](std::size_t b, std::size_t j, std::size_t i) { f.y_dot()[b * f.size() + j] = dot[b * f.x_size(0) + i]; });
    }
};

}  // namespace costate::autodiff::ops
