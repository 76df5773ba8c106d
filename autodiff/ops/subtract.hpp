#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"

namespace costate::autodiff::ops {

/// y = a - b
struct Subtract : Op {
    static constexpr std::string_view name = "sub";
    template <class T>
    static T value(const T& a, const T& b) {
        return a - b;
    }
    template <class T>
    static void kernel(std::span<const T> a, std::span<const T> b, std::span<T> y) {
        kernels::sub<T>(a, b, y);
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        binary_forward<Subtract>(f);
    }
    /// ā += ȳ,  b̄ -= ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y_bar = f.y_bar();
        contribute(f, grid, 0, [&](std::size_t o, std::size_t j) { return y_bar[o * grid.inner + j]; });
        contribute(f, grid, 1, [&](std::size_t o, std::size_t j) { return -y_bar[o * grid.inner + j]; });
    }
    /// ẏ = ȧ - ḃ
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        bool assigned = false;
        add_tangent(f, grid, 0, assigned, [](std::size_t, std::size_t, const T& dot) { return dot; });
        add_tangent(f, grid, 1, assigned, [](std::size_t, std::size_t, const T& dot) { return -dot; });
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
