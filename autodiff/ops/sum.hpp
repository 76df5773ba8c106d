#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"

namespace costate::autodiff::ops {

/// y = Σ_j x_j, one value a sample, in the fixed order of kernels::sum
struct Sum : Op {
    static constexpr std::string_view name = "sum";
    static double flops(const Node& node, const Topology& graph, const Called&) {
        return static_cast<double>(graph.nodes[graph.arguments_of(node)[0]].size);
    }

    template <class T>
    static void rows(const Frame<T>& f, const T* x, T* y) {
        const std::size_t n = f.x_size(0);
        for (std::size_t b = 0; b < f.rows(); ++b) y[b] = kernels::sum<T>(view(x + b * n, n));
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        rows(f, f.x(0), f.y());
    }
    /// x̄_j += ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        const T* y_bar = f.y_bar();
        const std::size_t n = f.x_size(0);
        if constexpr (kernels::simd::Vectorised<T>) {
            for (std::size_t b = 0; b < f.rows(); ++b, bar += n)
                if (f.assign(0)) std::fill_n(bar, n, f.y_bar()[b]);
                else kernels::affine<T>(T(1), view(bar, n), f.y_bar()[b], view(bar, n));
            return;
        }
        for (std::size_t b = 0; b < f.rows(); ++b)
            for (std::size_t j = 0; j < n; ++j, ++bar) *bar = f.assign(0) ? y_bar[b] : *bar + y_bar[b];
    }
    /// ẏ = Σ_j ẋ_j
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) rows(f, dot, f.y_dot());
        else zero(f.y_dot(), f.rows());
    }
};

}  // namespace costate::autodiff::ops
