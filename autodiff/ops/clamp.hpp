#pragma once

#include "autodiff/ops/op.hpp"

namespace costate::autodiff::ops {

/// y = min(max(x, low), high), the bounds constant; bit 0 of Node::extra says that there is a low one, bit 1 a high one. NaN stays NaN.
struct Clamp : Deciding {
    static constexpr std::string_view name = "clamp";
    static std::size_t coefficients(const Node&) { return 2; }
    static bool reads(const Node&, std::size_t, std::uint64_t) { return true; }

    template <class T>
    static bool below(const Frame<T>& f, const T& x) {
        return (f.extra() & 1) != 0 && x < f.coefficients()[0];
    }
    template <class T>
    static bool above(const Frame<T>& f, const T& x) {
        return (f.extra() & 2) != 0 && f.coefficients()[1] < x;
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const T* x = f.x(0);
        T* y = f.y();
        for (std::size_t i = 0; i < f.count(); ++i) {
            y[i] = below(f, x[i]) ? f.coefficients()[0] : x[i];
            if (above(f, y[i])) y[i] = f.coefficients()[1];
        }
    }
    /// x̄ += ȳ where low ≤ x ≤ high: at the bounds all of it, as PyTorch has it
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        const T* x = f.x(0);
        const T* y_bar = f.y_bar();
        for (std::size_t i = 0; i < f.count(); ++i) {
            const T term = below(f, x[i]) || above(f, x[i]) ? T(0) : y_bar[i];
            bar[i] = f.assign(0) ? term : T(bar[i] + term);
        }
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* x = f.x(0);
        const T* dot = f.dot(0);
        for (std::size_t i = 0; i < f.count(); ++i) f.y_dot()[i] = !dot || below(f, x[i]) || above(f, x[i]) ? T(0) : dot[i];
    }
};

}  // namespace costate::autodiff::ops
