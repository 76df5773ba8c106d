#pragma once

#include "autodiff/ops/grid.hpp"

namespace costate::autodiff::ops {

/// y = Σ_k c_k x_k, k ascending, c constant; broadcasting as in the binary ops
struct LinearCombination : Op {
    static constexpr std::string_view name = "linear_combination";
    static std::size_t coefficients(const Node& node) { return node.argument_count; }
    static double flops(const Node& node, const Topology&, const Called&) { return 2.0 * node.size * node.argument_count; }

    template <class T>
    static void forward(const Frame<T>& f) {
        const Grid grid(f);
        const T* c = f.coefficients();
        for (std::size_t k = 0; k < f.arity(); ++k) {
            const Reader<T> x(f, grid, k);
            T* y = f.y();
            for (std::size_t o = 0; o < grid.outer; ++o, y += grid.inner)
                for (std::size_t j = 0; j < grid.inner; ++j) y[j] = k == 0 ? c[k] * x(o, j) : y[j] + c[k] * x(o, j);
        }
    }
    /// x̄_k += c_k ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* c = f.coefficients();
        const T* y_bar = f.y_bar();
        for (std::size_t k = 0; k < f.arity(); ++k)
            contribute(f, grid, k, [&](std::size_t o, std::size_t j) { return c[k] * y_bar[o * grid.inner + j]; });
    }
    /// ẏ = Σ_k c_k ẋ_k
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        const T* c = f.coefficients();
        bool assigned = false;
        for (std::size_t k = 0; k < f.arity(); ++k)
            add_tangent(f, grid, k, assigned, [&](std::size_t, std::size_t, const T& dot) { return c[k] * dot; });
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
