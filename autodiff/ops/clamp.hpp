#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/pointwise.hpp"

#include <limits>

namespace costate::autodiff::ops {

/// y = min(max(x, low), high), the bounds constant; bit 0 of Node::extra says that there is a low one, bit 1 a high one. NaN stays NaN.
struct Clamp : Deciding {
    using Pointwise = kernels::simd::Pointwise;
    static constexpr std::string_view name = "clamp";
    static std::size_t coefficients(const Node&) { return 2; }
    static bool reads(const Node&, std::size_t, std::uint64_t) { return true; }

    /// The bounds, read once before a loop.
    template <class T>
    struct Bounds {
        T low, high;
        bool has_low, has_high;
        explicit Bounds(const Frame<T>& f)
            : low(f.coefficients()[0]), high(f.coefficients()[1]), has_low((f.extra() & 1) != 0), has_high((f.extra() & 2) != 0) {}
        /// y (+)= d where x is not held, else 0, in vectors: a bound that there is not is NaN, and no number compares with it.
        void pass(std::size_t n, const T* x, const T* d, T* y, bool add) const {
            const T none = std::numeric_limits<T>::quiet_NaN(), least = has_low ? low : none, most = has_high ? high : none;
            kernels::pointwise<T>(Pointwise::inside, n, {{x}, {d}, {&least, true}, {&most, true}}, y, add);
        }
        [[nodiscard]] bool held(const T& x) const { return (has_low && x <= low) || (has_high && high <= x); }
    };

    template <class T>
    static void forward(const Frame<T>& f) {
        const Bounds<T> bounds(f);
        const T* x = f.x(0);
        T* y = f.y();
        const std::size_t n = f.count();
        const T* raised = bounds.has_low ? y : x;
        if constexpr (kernels::simd::Vectorised<T>) {
            if (bounds.has_low) kernels::pointwise<T>(Pointwise::raise, n, {{x}, {&bounds.low, true}}, y);
            if (bounds.has_high) kernels::pointwise<T>(Pointwise::lower, n, {{raised}, {&bounds.high, true}}, y);
            return;
        }
        if (bounds.has_low)
            for (std::size_t i = 0; i < n; ++i) y[i] = x[i] < bounds.low ? bounds.low : x[i];
        if (bounds.has_high)
            for (std::size_t i = 0; i < n; ++i) y[i] = bounds.high < raised[i] ? bounds.high : raised[i];
    }
    /// x̄ += ȳ where low < x < high: at the bounds nothing, as PyTorch 2.15 has it
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        const Bounds<T> bounds(f);
        const T* x = f.x(0);
        const T* y_bar = f.y_bar();
        const bool assign = f.assign(0);
        if constexpr (kernels::simd::Vectorised<T>) return bounds.pass(f.count(), x, y_bar, bar, !assign);
        for (std::size_t i = 0; i < f.count(); ++i) {
            const T term = bounds.held(x[i]) ? T(0) : y_bar[i];
            bar[i] = assign ? term : T(bar[i] + term);
        }
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* x = f.x(0);
        const T* dot = f.dot(0);
        if (!dot) return zero(f.y_dot(), f.count());
        const Bounds<T> bounds(f);
        if constexpr (kernels::simd::Vectorised<T>) {
            bounds.pass(f.count(), x, dot, f.y_dot(), false);
            return;
        }
        for (std::size_t i = 0; i < f.count(); ++i) f.y_dot()[i] = bounds.held(x[i]) ? T(0) : dot[i];
    }
};

}  // namespace costate::autodiff::ops
