#pragma once

#include "autodiff/ops/grid.hpp"
#include "kernels/elementwise.hpp"

namespace costate::autodiff::ops {

/// y = -x
struct Negate : Op {
    static constexpr std::string_view name = "neg";
    template <class T>
    static T value(const T& x) {
        return -x;
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        kernels::negate<T>(view(f.x(0), f.count()), view(f.y(), f.count()));
    }
    /// x̄ -= ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        const T* y_bar = f.y_bar();
        contribute(f, Grid(f), 0, [&](std::size_t, std::size_t j) { return -y_bar[j]; });
    }
    /// ẏ = -ẋ
    template <class T>
    static void jvp(const Frame<T>& f) {
        bool assigned = false;
        add_tangent(f, Grid(f), 0, assigned, [](std::size_t, std::size_t, const T& dot) { return -dot; });
        finish_tangent(f, assigned);
    }
};

}  // namespace costate::autodiff::ops
