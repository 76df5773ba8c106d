#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"

namespace costate::autodiff::ops {

/// y_cp = x_cp + a_c: operands x (channels × pixels) and a (channels), each per sample or shared
struct AddChannel : Op {
    static constexpr std::string_view name = "add_channel";

    /// f(c, channel's place in x's array, in a's, in y's) for every channel of every sample.
    template <class T, class F>
    static void for_each_channel(const Frame<T>& frame, F f) {
        const std::size_t channels = frame.x_size(1), pixels = frame.size() / channels;
        for (std::size_t b = 0; b < frame.rows(); ++b)
            for (std::size_t c = 0; c < channels; ++c)
                f((frame.x_shared(0) ? 0 : b * frame.size()) + c * pixels, (frame.x_shared(1) ? 0 : b * channels) + c, b * frame.size() + c * pixels, pixels);
    }
    /// y = x + a where both are there, else what is there.
    template <class T>
    static void add(const Frame<T>& f, const T* x, const T* a, T* y) {
        for_each_channel(f, [&](std::size_t of_x, std::size_t of_a, std::size_t of_y, std::size_t n) {
            if (x) kernels::affine<T>(T(1), view(x + of_x, n), a ? a[of_a] : T(0), view(y + of_y, n));
            else std::fill_n(y + of_y, n, a ? a[of_a] : T(0));
        });
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        add(f, f.x(0), f.x(1), f.y());
    }
    /// x̄ += ȳ,  ā_c += Σ_p ȳ_cp
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* x_bar = f.bar(0);
        T* a_bar = f.bar(1);
        const T* y_bar = f.y_bar();
        if (x_bar && f.assign(0)) zero(x_bar, f.x_count(0));
        if (a_bar && f.assign(1)) zero(a_bar, f.x_count(1));
        for_each_channel(f, [&](std::size_t of_x, std::size_t of_a, std::size_t of_y, std::size_t n) {
            if (x_bar) kernels::accumulate<T>(view(y_bar + of_y, n), view(x_bar + of_x, n));
            if (a_bar) a_bar[of_a] += kernels::sum<T>(view(y_bar + of_y, n));
        });
    }
    /// ẏ = ẋ + ȧ
    template <class T>
    static void jvp(const Frame<T>& f) {
        add(f, f.dot(0), f.dot(1), f.y_dot());
    }
};

}  // namespace costate::autodiff::ops
