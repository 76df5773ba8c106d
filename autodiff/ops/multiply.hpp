#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"

namespace costate::autodiff::ops {

/// y = a ⊙ b
struct Multiply : Op {
    static constexpr std::string_view name = "mul";
    template <class T>
    static T value(const T& a, const T& b) {
        return a * b;
    }
    template <class T>
    static void kernel(std::span<const T> a, std::span<const T> b, std::span<T> y) {
        kernels::mul<T>(a, b, y);
    }
    static bool reads(const Node&, std::size_t input, std::uint64_t wanted) { return (wanted >> (1 - input) & 1) != 0; }

    template <class T>
    static void forward(const Frame<T>& f) {
        binary_forward<Multiply>(f);
    }
    /// ā += ȳ ⊙ b,  b̄ += ȳ ⊙ a
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y_bar = f.y_bar();
        for (std::size_t i = 0; i < 2; ++i) {
            const Reader<T> factor(f, grid, 1 - i);
            contribute(f, grid, i, [&](std::size_t o, std::size_t j) { return y_bar[o * grid.inner + j] * factor(o, j); });
        }
    }
    /// ẏ = ȧ ⊙ b + a ⊙ ḃ
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        bool assigned = false;
        for (std::size_t i = 0; i < 2; ++i) {
            const Reader<T> factor(f, grid, 1 - i);
            add_tangent(f, grid, i, assigned, [&](std::size_t o, std::size_t j, const T& dot) { return dot * factor(o, j); });
        }
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
