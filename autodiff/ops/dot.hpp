#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"

namespace costate::autodiff::ops {

/// y = Σ_j a_j b_j, one value a sample, in the fixed order of kernels::dot
struct Dot : Op {
    static constexpr std::string_view name = "dot";
    static bool reads(const Node&, std::size_t input, std::uint64_t wanted) { return (wanted >> (1 - input) & 1) != 0; }
    static double flops(const Node& node, const Topology& graph, const Called&) {
        return 2.0 * graph.nodes[graph.arguments_of(node)[0]].size;
    }

    /// y_b (+)= Σ_j a_bj b_bj, the first with the rows of operand 0, the second with those of operand 1.
    template <class T>
    static void rows(const Frame<T>& f, const T* a, const T* b, T* y, bool accumulate) {
        const std::size_t n = f.x_size(0), step_a = f.x_shared(0) ? 0 : n, step_b = f.x_shared(1) ? 0 : n;
        for (std::size_t r = 0; r < f.rows(); ++r, a += step_a, b += step_b) {
            const T s = kernels::dot<T>(view(a, n), view(b, n));
            y[r] = accumulate ? y[r] + s : s;
        }
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        rows(f, f.x(0), f.x(1), f.y(), false);
    }
    /// ā += ȳ b,  b̄ += ȳ a
    template <class T>
    static void vjp(const Frame<T>& f) {
        const T* y_bar = f.y_bar();
        const std::size_t n = f.x_size(0);
        for (std::size_t i = 0; i < 2; ++i) {
            T* bar = f.bar(i);
            if (!bar) continue;
            const T* other = f.x(1 - i);
            if (f.assign(i)) zero(bar, f.x_count(i));
            for (std::size_t r = 0; r < f.rows(); ++r) {
                kernels::axpy<T>(y_bar[r], view(other + (f.x_shared(1 - i) ? 0 : r * n), n),
                                 view(bar + (f.x_shared(i) ? 0 : r * n), n));
            }
        }
    }
    /// ẏ = Σ_j ȧ_j b_j + a_j ḃ_j
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* a_dot = f.dot(0);
        const T* b_dot = f.dot(1);
        if (a_dot) rows(f, a_dot, f.x(1), f.y_dot(), false);
        if (b_dot) rows(f, f.x(0), b_dot, f.y_dot(), a_dot != nullptr);
        if (!a_dot && !b_dot) zero(f.y_dot(), f.rows());
    }
};

}  // namespace costate::autodiff::ops
