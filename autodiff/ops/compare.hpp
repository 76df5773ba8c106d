#pragma once

#include "autodiff/ops/grid.hpp"
#include "autodiff/ops/guard.hpp"

namespace costate::autodiff::ops {

/// Ops whose value does not move with their operands: the derivative is 0 wherever it exists, and taken as 0 where it does not.
struct Constant : Deciding {
    template <class T>
    static void vjp(const Frame<T>& f) {
        for (std::size_t i = 0; i < f.arity(); ++i) contribute_nothing(f, i);
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        zero(f.y_dot(), f.count());
    }
};

/// y = 1 where a ∘ b holds, else 0, broadcasting; the derivative is 0
template <Relation R>
struct Compare : Constant {
    static constexpr auto pointwise = R == Relation::less         ? kernels::simd::Pointwise::less
                                      : R == Relation::less_equal ? kernels::simd::Pointwise::less_equal
                                                                  : kernels::simd::Pointwise::equal;
    template <class T>
    static T value(const T& a, const T& b) {
        return holds(R, a, b) ? T(1) : T(0);
    }
    template <class T>
    static void kernel(std::span<const T> a, std::span<const T> b, std::span<T> y) {
        for (std::size_t i = 0; i < y.size(); ++i) y[i] = value(a[i], b[i]);
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        binary_forward<Compare>(f);
    }
};

/// y = (a < b)
struct Less : Compare<Relation::less> {
    static constexpr std::string_view name = "less";
};

/// y = (a ≤ b)
struct LessEqual : Compare<Relation::less_equal> {
    static constexpr std::string_view name = "less_equal";
};

/// y = (a = b), in every scalar
struct Equal : Compare<Relation::equal> {
    static constexpr std::string_view name = "equal";
    template <class T>
    static constexpr bool supported = true;
    template <class T>
    static constexpr void require() {}
};

}  // namespace costate::autodiff::ops
