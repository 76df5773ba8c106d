#pragma once

#include "autodiff/ops/grid.hpp"

namespace costate::autodiff::ops {

/// y = x met by the grid of the result: a scalar repeated n times (Broadcast), a shared value once a sample (Expand)
struct Repeat : Op {
    static double flops(const Node&, const Topology&, const Called&) { return 0; }
    template <class T>
    static void forward(const Frame<T>& f) {
        const Grid grid(f);
        const Reader<T> x(f, grid, 0);
        T* y = f.y();
        for (std::size_t o = 0; o < grid.outer; ++o)
            for (std::size_t j = 0; j < grid.inner; ++j) *y++ = x(o, j);
    }
    /// x̄ += Σ ȳ over what x filled
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y_bar = f.y_bar();
        contribute(f, grid, 0, [&](std::size_t o, std::size_t j) { return y_bar[o * grid.inner + j]; });
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        bool assigned = false;
        add_tangent(f, Grid(f), 0, assigned, [](std::size_t, std::size_t, const T& dot) { return dot; });
        finish_tangent(f, assigned);
    }
};

/// y = (x, x, …, x)
struct Broadcast : Repeat {
    static constexpr std::string_view name = "broadcast";
};

/// y = x in every sample: the result is per sample whatever x is
struct Expand : Repeat {
    static constexpr std::string_view name = "expand";
};

}  // namespace costate::autodiff::ops
