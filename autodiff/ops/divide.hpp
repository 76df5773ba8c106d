#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"

namespace costate::autodiff::ops {

/// y = a ⊘ b
struct Divide : Op {
    static constexpr std::string_view name = "div";
    template <class T>
    static T value(const T& a, const T& b) {
        return a / b;
    }
    template <class T>
    static void kernel(std::span<const T> a, std::span<const T> b, std::span<T> y) {
        kernels::div<T>(a, b, y);
    }
    static bool reads(const Node&, std::size_t input, std::uint64_t) { return input == 1; }
    static bool reads_result(std::uint64_t wanted) { return (wanted & 2) != 0; }

    template <class T>
    static void forward(const Frame<T>& f) {
        binary_forward<Divide>(f);
    }
    /// ā += ȳ ⊘ b,  b̄ -= ȳ ⊙ y ⊘ b
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y_bar = f.y_bar();
        const T* y = f.y();
        const Reader<T> b(f, grid, 1);
        contribute(f, grid, 0, [&](std::size_t o, std::size_t j) { return y_bar[o * grid.inner + j] / b(o, j); });
        contribute(f, grid, 1, [&](std::size_t o, std::size_t j) {
            const std::size_t k = o * grid.inner + j;
            return -(y_bar[k] * y[k]) / b(o, j);
        });
    }
    /// ẏ = (ȧ - y ⊙ ḃ) ⊘ b
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y = f.y();
        const Reader<T> b(f, grid, 1);
        bool assigned = false;
        add_tangent(f, grid, 0, assigned, [&](std::size_t o, std::size_t j, const T& dot) { return dot / b(o, j); });
        add_tangent(f, grid, 1, assigned,
                    [&](std::size_t o, std::size_t j, const T& dot) { return -(dot * y[o * grid.inner + j]) / b(o, j); });
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
