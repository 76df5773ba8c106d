// Ops y_i = f(x_i) that keep the slope f'(x_i): both sweeps are one product.
#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/elementwise.hpp"

namespace costate::autodiff::ops {

struct SavedSlope : Op {
    static Space space(const Node& node, const Topology&, Mode mode, const Called&) { return {.saved = mode == Mode::inference ? 0u : node.size}; }
    /// x̄ += ȳ ⊙ f'
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        const auto y_bar = view(f.y_bar(), f.count()), slope = view(static_cast<const T*>(f.saved()), f.count());
        if (f.assign(0)) kernels::mul<T>(y_bar, slope, view(bar, f.count()));
        else kernels::mul_accumulate<T>(y_bar, slope, view(bar, f.count()));
    }
    /// ẏ = f' ⊙ ẋ
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* dot = f.dot(0);
        if (dot)
            kernels::mul<T>(view(dot, f.count()), view(static_cast<const T*>(f.saved()), f.count()), view(f.y_dot(), f.count()));
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
