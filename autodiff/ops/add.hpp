#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"

namespace costate::autodiff::ops {

/// y = a + b
struct Add : Op {
    static constexpr std::string_view name = "add";
    template <class T>
    static T value(const T& a, const T& b) {
        return a + b;
    }
    template <class T>
    static void kernel(std::span<const T> a, std::span<const T> b, std::span<T> y) {
        kernels::add<T>(a, b, y);
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        binary_forward<Add>(f);
    }
    /// ā += ȳ,  b̄ += ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y_bar = f.y_bar();
        for (std::size_t i = 0; i < 2; ++i)
            contribute(f, grid, i, [&](std::size_t o, std::size_t j) { return y_bar[o * grid.inner + j]; });
    }
    /// ẏ = ȧ + ḃ
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        bool assigned = false;
        for (std::size_t i = 0; i < 2; ++i)
            add_tangent(f, grid, i, assigned, [](std::size_t, std::size_t, const T& dot) { return dot; });
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
