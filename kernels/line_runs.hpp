// Steps for an interpreter: equal steps side by side, counted, and products that only one sum reads joined with it.
#pragma once

#include "kernels/simd/line.hpp"

#include <cstddef>
#include <vector>

namespace costate::kernels {

/// Operations that make_runs adds, of two steps each: d = a b + c, c - a b and a b - c, rounded twice; c is the second step's a.
inline constexpr auto product_add = static_cast<LineOp>(16), product_from = static_cast<LineOp>(17), product_sub = static_cast<LineOp>(18);
constexpr bool is_product(LineOp op) { return op == product_add || op == product_from || op == product_sub; }

/// For a switch over all of them.
constexpr std::size_t code_of(LineOp op) { return static_cast<std::size_t>(op); }

/// The first of n equal operations side by side has 256 (n - 1) added, whatever they are.
constexpr std::size_t run_of(LineOp op) { return calls_of(op); }
inline constexpr std::size_t most_runs = 256;

struct LineRuns {
    std::vector<LineStep> steps;
    std::size_t slots = 0;
};

/// The same arithmetic, bitwise. Operations move within a small window, calls and stores not at all; terms of sums keep their order.
/// Slots 0 … constant_count - 1 hold the constants, as before.
LineRuns make_runs(const std::vector<LineStep>& steps, std::size_t constant_count, std::size_t slots);

}  // namespace costate::kernels
