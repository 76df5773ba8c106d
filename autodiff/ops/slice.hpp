#pragma once

#include "autodiff/ops/op.hpp"

namespace costate::autodiff::ops {

/// y = x[begin … begin+n), begin = number
struct Slice : Op {
    static constexpr std::string_view name = "slice";
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    template <class T>
    static void cut(const Frame<T>& f, const T* x, T* y) {
        for (std::size_t b = 0; b < f.rows(); ++b) std::copy_n(x + b * f.x_size(0) + f.number(), f.size(), y + b * f.size());
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        cut(f, f.x(0), f.y());
    }
    /// x̄[begin … begin+n) += ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        for (std::size_t b = 0; b < f.rows(); ++b)
            for (std::size_t j = 0; j < f.size(); ++j) {
                T& target = bar[b * f.x_size(0) + f.number() + j];
                target = target + y_bar[b * f.size() + j];
            }
    }
    /// ẏ = ẋ[begin … begin+n)
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) cut(f, dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
