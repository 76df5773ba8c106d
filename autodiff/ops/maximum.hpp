#pragma once

#include "autodiff/ops/grid.hpp"

namespace costate::autodiff::ops {

/// The larger (or the smaller) of a and b, NaN where one is. Where they are equal each takes half of the derivative, as PyTorch has it.
template <bool Larger>
struct Extreme : Deciding {
    using Pointwise = kernels::simd::Pointwise;
    static constexpr auto pointwise = Larger ? Pointwise::maximum : Pointwise::minimum, shares = Larger ? Pointwise::larger_share : Pointwise::smaller_share;

    static bool reads(const Node&, std::size_t, std::uint64_t) { return true; }
    template <class T>
    static T value(const T& a, const T& b) {
        if (!(b == b)) return b;
        return (Larger ? a < b : b < a) ? b : a;
    }
    template <class T>
    static void kernel(std::span<const T> a, std::span<const T> b, std::span<T> y) {
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = value(a[i], b[i]);
    }

    /// What of d goes to the operand `own`.
    template <class T>
    static T share(const T& own, const T& other, const T& d) {
        if (Larger ? other < own : own < other) return d;
        return (Larger ? own < other : other < own) ? T(0) : T(d / T(2));
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        binary_forward<Extreme>(f);
    }
    /// ā += ȳ where a is the one, ȳ/2 where a = b; b̄ likewise
    template <class T>
    static void vjp(const Frame<T>& f) {
        const Grid grid(f);
        const T* y_bar = f.y_bar();
        for (std::size_t i = 0; i < 2; ++i) {
            const Reader<T> own(f, grid, i), other(f, grid, 1 - i);
            contribute(f, grid, i, [&](std::size_t o, std::size_t j) { return share(own(o, j), other(o, j), y_bar[o * grid.inner + j]); },
                       in_vectors(shares, grid, own, other, Reader<T>(y_bar, {grid.inner, 1})));
        }
    }
    /// ẏ = ȧ where a is the one, (ȧ + ḃ)/2 where a = b, else ḃ
    template <class T>
    static void jvp(const Frame<T>& f) {
        const Grid grid(f);
        bool assigned = false;
        for (std::size_t i = 0; i < 2; ++i) {
            const Reader<T> own(f, grid, i), other(f, grid, 1 - i);
            add_tangent(f, grid, i, assigned, [&](std::size_t o, std::size_t j, const T& dot) { return share(own(o, j), other(o, j), dot); },
                        in_vectors(shares, grid, own, other, Reader<T>(f.dot(i), grid.stride(f, i))));
        }
        finish_tangent(f, assigned);
    }
};

/// y = max(a, b)
struct Maximum : Extreme<true> {
    static constexpr std::string_view name = "max";
};

/// y = min(a, b)
struct Minimum : Extreme<false> {
    static constexpr std::string_view name = "min";
};

}  // namespace costate::autodiff::ops
