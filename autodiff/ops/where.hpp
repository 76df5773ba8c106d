#pragma once

#include "autodiff/ops/grid.hpp"

namespace costate::autodiff::ops {

/// y = a where c ≠ 0, else b, broadcasting; c has no part in the derivative
struct Where : Deciding {
    static constexpr std::string_view name = "where";
    static constexpr auto pointwise = kernels::simd::Pointwise::where;
    template <class T>
    static constexpr bool supported = true;
    template <class T>
    static constexpr void require() {}
    static bool reads(const Node&, std::size_t input, std::uint64_t) { return input == 0; }

    template <class T>
    static T value(const T& c, const T& a, const T& b) {
        return c == T(0) ? b : a;
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const Grid grid(f);
        const Reader<T> c(f, grid, 0), a(f, grid, 1), b(f, grid, 2);
        T* y = f.y();
        const auto row = in_vectors(pointwise, grid, c, a, b);
        for (std::size_t o = 0; o < grid.outer; ++o, y += grid.inner) {
            if (row(o, y, false)) continue;
            for (std::size_t j = 0; j < grid.inner; ++j) y[j] = value(c(o, j), a(o, j), b(o, j));
        }
    }
    /// ā += ȳ where c ≠ 0,  b̄ += ȳ where c = 0
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const Reader<T> c(f, grid, 0);
        const T* y_bar = f.y_bar();
        const T zero(0);
        const Reader<T> d(y_bar, {grid.inner, 1}), nothing(&zero, {0, 0});
        contribute_nothing(f, 0);
        contribute(f, grid, 1, [&](std::size_t o, std::size_t j) { return value(c(o, j), y_bar[o * grid.inner + j], T(0)); },
                   in_vectors(pointwise, grid, c, d, nothing));
        contribute(f, grid, 2, [&](std::size_t o, std::size_t j) { return value(c(o, j), T(0), y_bar[o * grid.inner + j]); },
                   in_vectors(pointwise, grid, c, nothing, d));
    }
    /// ẏ = ȧ where c ≠ 0, else ḃ
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        const Reader<T> c(f, grid, 0);
        bool assigned = false;
        const T zero(0);
        const Reader<T> nothing(&zero, {0, 0}), a_dot(f.dot(1), grid.stride(f, 1)), b_dot(f.dot(2), grid.stride(f, 2));
        add_tangent(f, grid, 1, assigned, [&](std::size_t o, std::size_t j, const T& dot) { return value(c(o, j), dot, T(0)); },
                    in_vectors(pointwise, grid, c, a_dot, nothing));
        add_tangent(f, grid, 2, assigned, [&](std::size_t o, std::size_t j, const T& dot) { return value(c(o, j), T(0), dot); },
                    in_vectors(pointwise, grid, c, nothing, b_dot));
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
