// The one list of ops.
#pragma once

#include "autodiff/ops/add.hpp"
#include "autodiff/ops/add_channel.hpp"
#include "autodiff/ops/attention.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/call.hpp"
#include "autodiff/ops/clamp.hpp"
#include "autodiff/ops/compare.hpp"
#include "autodiff/ops/concat.hpp"
#include "autodiff/ops/conv2d.hpp"
#include "autodiff/ops/conv_transpose2d.hpp"
#include "autodiff/ops/divide.hpp"
#include "autodiff/ops/dot.hpp"
#include "autodiff/ops/function.hpp"
#include "autodiff/ops/gather.hpp"
#include "autodiff/ops/guard.hpp"
#include "autodiff/ops/linear.hpp"
#include "autodiff/ops/linear_combination.hpp"
#include "autodiff/ops/lookup.hpp"
#include "autodiff/ops/matmul.hpp"
#include "autodiff/ops/maximum.hpp"
#include "autodiff/ops/multiply.hpp"
#include "autodiff/ops/negate.hpp"
#include "autodiff/ops/normalise.hpp"
#include "autodiff/ops/part.hpp"
#include "autodiff/ops/pool2d.hpp"
#include "autodiff/ops/power.hpp"
#include "autodiff/ops/rounding.hpp"
#include "autodiff/ops/slice.hpp"
#include "autodiff/ops/softmax.hpp"
#include "autodiff/ops/sparse_linear.hpp"
#include "autodiff/ops/subtract.hpp"
#include "autodiff/ops/sum.hpp"
#include "autodiff/ops/upsample.hpp"
#include "autodiff/ops/where.hpp"
#include "autodiff/ops/window_max.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace costate::autodiff::ops {

template <class... Ops>
struct TypeList {
    static constexpr std::size_t size = sizeof...(Ops);
    static constexpr std::array<std::string_view, size> names{Ops::name...};

    template <class Op>
    static constexpr std::uint16_t position() {
        std::uint16_t i = 0, found = size;
        ((std::same_as<Op, Ops> ? void(found = i) : void(), ++i), ...);
        return found;
    }
};

using List = TypeList<Add, Subtract, Multiply, Divide, Negate, Power,                            //
                      Exp, Log, Sqrt, Sin, Cos, Tanh, Sigmoid, Silu, Gelu, Relu, Softplus, Erf,  //
                      Sum, Dot, LinearCombination, Linear, Conv2d, Normalise, AddChannel, Concat, Slice, Gather, SegmentSum,
                      ConvTranspose2d, Upsample, MaxPool2d, AvgPool2d, SparseLinear, WindowMax, Softmax, Matmul, Attention, Lookup,  //
                      Maximum, Minimum, Clamp, Where, Less, LessEqual, Equal, Floor, Ceil, Round, Sign, Abs,  //
                      Broadcast, Expand, Guard, Call, Part>;

/// Position of an op in the list: how nodes and instructions name it.
template <class Op>
inline constexpr std::uint16_t index_of = [] {
    static_assert(List::position<Op>() < List::size, "this op is missing in the list of autodiff/ops/list.hpp");
    return List::position<Op>();
}();

}  // namespace costate::autodiff::ops
