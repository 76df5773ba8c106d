// Straight-line code as plain data: what the interpreters of every instruction set read.
#pragma once

#include "kernels/function.hpp"

#include <cstddef>
#include <cstdint>

namespace costate::kernels {

/// What a step does; d, a, b are slots unless said otherwise.
///   load_row, load_shared  d = array a at index b            load_kept   d = kept value a
///   store_row              array d at index b = a            store_kept  kept value d = a
///   accumulate             array d at index b += a           guard       a ∘ b turns out as d says (TracedNode::detail)
/// From `functions` on: the function is the remainder; value d = f(a), slope d = f'(a), both d = f(a) and b = f'(a). The first of n such
/// steps that may run as one call has 256 (n - 1) added.
// clang-format off
enum class LineOp : std::uint16_t {
    end, load_row, load_shared, load_kept, store_row, store_kept, accumulate, guard,
    add, sub, mul, div, negate, sqrt, relu, relu_slope,
    functions = 32, value = 32, slope = 64, both = 96
};
// clang-format on

struct LineStep {
    LineOp op;
    std::uint16_t d, a, b;
};

/// The code, for whoever runs it. Slots 0 … constant_count - 1 hold the constants. rows[i] is the size of array i.
template <class T>
struct LineView {
    const LineStep* steps;
    const T* constants;
    std::size_t constant_count;
    const std::size_t* rows;
};

/// Samples first … first + count of a batch. Kept value i of sample b lies at kept[i · batch + b].
template <class T>
struct LineCall {
    T* const* arrays;
    T* kept;
    std::size_t batch, first, count, lanes;
    T* slots;  // slot i of lane b at slots[i · lanes + b]
    T* terms;  // what is accumulated, in order of the steps: lanes values each
};

/// The most function steps that run as one call.
inline constexpr std::size_t most_calls = 16;
constexpr std::size_t calls_of(LineOp op) { return static_cast<std::uint16_t>(op) / 256 + 1u; }
/// The step without their number.
constexpr LineOp first_of(LineOp op) { return static_cast<LineOp>(static_cast<std::uint16_t>(op) % 256); }
constexpr Function function_of(LineOp op) { return static_cast<Function>(static_cast<std::uint16_t>(op) % 32); }
/// value, slope or both.
constexpr LineOp family_of(LineOp op) { return static_cast<LineOp>(static_cast<std::uint16_t>(op) / 32 * 32); }

}  // namespace costate::kernels
