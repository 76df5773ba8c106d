#pragma once

#include "autodiff/ops/op.hpp"

namespace costate::autodiff::ops {

/// y = (x₀, x₁, …) one after the other in every sample; shared operands meet every sample
struct Concat : Op {
    static constexpr std::string_view name = "concat";
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    template <class T>
    static void gather(const Frame<T>& f, std::size_t i, std::size_t begin, const T* x, T* y) {
        const std::size_t n = f.x_size(i), step = f.x_shared(i) ? 0 : n;
        for (std::size_t b = 0; b < f.rows(); ++b) {
            if (x) std::copy_n(x + b * step, n, y + b * f.size() + begin);
            else zero(y + b * f.size() + begin, n);
        }
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        for (std::size_t i = 0, begin = 0; i < f.arity(); begin += f.x_size(i++)) gather(f, i, begin, f.x(i), f.y());
    }
    /// x̄_i += the part of ȳ that x_i filled
    template <class T>
    static void vjp(const Frame<T>& f) {
        const T* y_bar = f.y_bar();
        for (std::size_t i = 0, begin = 0; i < f.arity(); begin += f.x_size(i++)) {
            T* bar = f.bar(i);
            if (!bar) continue;
            const std::size_t n = f.x_size(i), step = f.x_shared(i) ? 0 : n;
            for (std::size_t b = 0; b < f.rows(); ++b) {
                const T* part = y_bar + b * f.size() + begin;
                const bool assign = f.assign(i) && (b == 0 || step != 0);
                for (std::size_t j = 0; j < n; ++j) bar[b * step + j] = assign ? part[j] : bar[b * step + j] + part[j];
            }
        }
    }
    /// ẏ = (ẋ₀, ẋ₁, …)
    template <class T>
    static void jvp(const Frame<T>& f) {
        for (std::size_t i = 0, begin = 0; i < f.arity(); begin += f.x_size(i++)) gather(f, i, begin, f.dot(i), f.y_dot());
    }
};

}  // namespace costate::autodiff::ops
