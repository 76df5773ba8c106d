// The elementwise functions of kernels/function.hpp, one line each.
#pragma once

#include "autodiff/ops/saved_slope.hpp"

namespace costate::autodiff::ops {

/// y = F(x)
template <kernels::Function F>
struct Function : SavedSlope {
    static constexpr std::string_view name = kernels::name(F);
    static constexpr kernels::Function function = F;
    static constexpr bool smooth = F != kernels::Function::relu;

    template <class T>
    static constexpr bool supported = F == kernels::Function::relu ? OrderedScalar<T> : TranscendentalScalar<T>;
    template <class T>
    static constexpr void require() {
        if constexpr (F == kernels::Function::relu) require_ordered<T>();
        else require_transcendental<T>();
    }
    template <class T>
    static T value(const T& x) {
        return kernels::reference::value(F, x);
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const auto x = view(f.x(0), f.count());
        const auto y = view(f.y(), f.count());
        if (T* slope = f.saved()) kernels::apply_with_slope<T>(F, x, y, view(slope, f.count()));
        else kernels::apply<T>(F, x, y);
    }
};

using Exp = Function<kernels::Function::exp>;
using Log = Function<kernels::Function::log>;
using Sqrt = Function<kernels::Function::sqrt>;
using Sin = Function<kernels::Function::sin>;
using Cos = Function<kernels::Function::cos>;
using Tanh = Function<kernels::Function::tanh>;
using Sigmoid = Function<kernels::Function::sigmoid>;
using Silu = Function<kernels::Function::silu>;
using Gelu = Function<kernels::Function::gelu>;
using Relu = Function<kernels::Function::relu>;
using Softplus = Function<kernels::Function::softplus>;
using Erf = Function<kernels::Function::erf>;

}  // namespace costate::autodiff::ops
