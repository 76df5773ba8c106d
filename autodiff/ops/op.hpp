// What every op says about itself unless it says otherwise. An op is a struct with
//   name, forward, vjp, jvp (templates on the frame's scalar), and the facts below that differ.
// vjp handles operands in order and assigns or adds as Frame::assign says; jvp runs after forward and assigns ẏ.
#pragma once

#include "autodiff/blueprint.hpp"
#include "kernels/function.hpp"
#include "scalar/traits.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace costate::autodiff::ops {

using detail::Called;
using detail::Frame;
using detail::Mode;
using detail::Node;
using detail::Space;
using detail::Topology;

struct Op {
    template <class T>
    static constexpr bool supported = true;
    /// A compile-time error that says what the scalar lacks.
    template <class T>
    static constexpr void require() {}

    static constexpr bool smooth = true;
    /// Runs on Symbols, so that scalar code with it becomes a straight line: it neither asks what a value is nor is a large product.
    static constexpr bool traces = true;
    /// Does the vjp read the value of operand `input`, given the set of operands whose adjoint is wanted (bit i, the first 64)?
    static bool reads(const Node&, std::size_t, std::uint64_t) { return false; }
    static bool reads_result(std::uint64_t) { return false; }
    static Space space(const Node&, const Topology&, Mode, const Called&) { return {}; }
    /// Coefficients that Node::number points to.
    static std::size_t coefficients(const Node&) { return 0; }
    /// Node::extra is an activation, which freeze may take from the op that follows.
    static constexpr bool fuses = false;
    /// Arithmetic operations of one forward, a sample.
    static double flops(const Node& node, const Topology&, const Called&) { return static_cast<double>(node.size); }
};

/// An op that looks at values to decide: it needs an order, and its derivative jumps.
struct Deciding : Op {
    static constexpr bool smooth = false;
    static constexpr bool traces = false;
    template <class T>
    static constexpr bool supported = OrderedScalar<T>;
    template <class T>
    static constexpr void require() {
        require_ordered<T>();
    }
};

constexpr kernels::Function activation(std::uint32_t extra) { return static_cast<kernels::Function>(extra); }

template <class T>
std::span<const T> view(const T* data, std::size_t count) {
    return {data, count};
}
template <class T>
std::span<T> view(T* data, std::size_t count) {
    return {data, count};
}

template <class T>
void zero(T* data, std::size_t count) {
    std::fill_n(data, count, T(0));
}

/// k from T(k): a small number, as ops keep it.
template <class T>
std::size_t small_number(const T& kept) {
    if constexpr (std::floating_point<T>) return static_cast<std::size_t>(kept);
    std::size_t k = 0;
    while (T(static_cast<int>(k)) < kept) ++k;
    return k;
}

/// Operand i has no part in the derivative: its adjoint stays what it is.
template <class T>
void contribute_nothing(const Frame<T>& f, std::size_t i) {
    if (f.bar(i) && f.assign(i)) zero(f.bar(i), f.x_count(i));
}

}  // namespace costate::autodiff::ops
