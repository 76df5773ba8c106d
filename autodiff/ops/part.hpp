#pragma once

#include "autodiff/ops/op.hpp"

namespace costate::autodiff::ops {

/// One output of a called program: Call writes its outputs block after block (all samples of the first, then of the second, …);
/// y = the block that begins after `number` values a sample.
struct Part : Op {
    static constexpr std::string_view name = "part";
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    template <class T>
    static void forward(const Frame<T>& f) {
        std::copy_n(f.x(0) + f.rows() * f.number(), f.count(), f.y());
    }
    /// x̄'s block += ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        T* block = bar + f.rows() * f.number();
        for (std::size_t k = 0; k < f.count(); ++k) block[k] = block[k] + y_bar[k];
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) std::copy_n(dot + f.rows() * f.number(), f.count(), f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
