// Dense layers: y = act(x Wᵀ + b), and the three products of its reverse sweep; products of plain matrices. All arrays are batch-major and contiguous.
#pragma once

#include "kernels/packed_matrix.hpp"

#include <stdexcept>

namespace costate::kernels {

/// y_bo = act(z_bo), z_bo = bias_o + Σ_k x_bk W_ok; where slope is not empty also slope_bo = act'(z_bo) for the reverse sweep.
/// k ascends from the bias in one order whatever the batch, so a row's result is bitwise the same in every batch (at one vector
/// width). In float and double blocks of simd::sum_block inputs are summed by themselves, so that the error grows with the block
/// and not with the layer, and a narrow layer (simd::is_narrow) sums in lanes instead, the same for every batch and width
/// (reference::narrow_dot). accumulate: z starts at y_bo + bias_o, for the identity only. An empty bias is zero. y overlaps
/// nothing else.
/// Throws std::invalid_argument for a wrong size, or when an activation is to accumulate.
template <Scalar T>
void linear(const PackedMatrix<T>& w, std::span<const T> bias, Function act, std::size_t batch, std::span<const T> x,
            std::span<T> y, std::span<T> slope = {}, bool accumulate = false) {
    check_size("linear", "x", x.size(), batch * w.inputs());
    check_size("linear", "y", y.size(), batch * w.outputs());
    if (!bias.empty()) check_size("linear", "bias", bias.size(), w.outputs());
    if (!slope.empty()) check_size("linear", "slope", slope.size(), y.size());
    if (accumulate && act != Function::identity)
        throw std::invalid_argument("kernels::linear: accumulate with the activation '" + std::string(name(act)) +
                                    "' has no meaning; use the identity or write to a fresh array");
    w({.batch = batch,
       .x = x.data(),
       .bias = bias.empty() ? nullptr : bias.data(),
       .activation = act,
       .y = y.data(),
       .slope = slope.empty() ? nullptr : slope.data(),
       .accumulate = accumulate});
}

/// z̄ = ȳ ⊙ slope and x̄ (+)= z̄ W in one pass; w_transposed = PackedMatrix::transposed(W, …). An empty slope is one.
/// Where z_bar is not empty z̄ is stored there (the weights' gradients need it); it may be y_bar itself. x̄ overlaps nothing.
/// Throws std::invalid_argument for a wrong size.
template <Scalar T>
void linear_pullback(const PackedMatrix<T>& w_transposed, std::size_t batch, std::span<const T> y_bar, std::span<const T> slope,
                     std::span<T> z_bar, std::span<T> x_bar, bool accumulate) {
    check_size("linear_pullback", "y_bar", y_bar.size(), batch * w_transposed.inputs());
    check_size("linear_pullback", "x_bar", x_bar.size(), batch * w_transposed.outputs());
    if (!slope.empty()) check_size("linear_pullback", "slope", slope.size(), y_bar.size());
    if (!z_bar.empty()) check_size("linear_pullback", "z_bar", z_bar.size(), y_bar.size());
    if (slope.empty() && !z_bar.empty() && z_bar.data() != y_bar.data()) std::copy(y_bar.begin(), y_bar.end(), z_bar.begin());
    w_transposed({.batch = batch,
                  .x = y_bar.data(),
                  .scale = slope.empty() ? nullptr : slope.data(),
                  .scaled = slope.empty() || z_bar.empty() ? nullptr : z_bar.data(),
                  .y = x_bar.data(),
                  .accumulate = accumulate});
}

/// W̄_ok += Σ_b z̄_bo x_bk, b ascending from the old value; W̄ is row-major (outputs × inputs) and overlaps nothing else.
/// Throws std::invalid_argument for sizes that are no multiple of the batch or do not fit together.
template <Scalar T>
void outer_accumulate(std::size_t batch, std::span<const T> z_bar, std::span<const T> x, std::span<T> w_bar) {
    if (batch == 0) return;
    const std::size_t rows = z_bar.size() / batch, cols = x.size() / batch;
    check_size("outer_accumulate", "z_bar", z_bar.size(), rows * batch);
    check_size("outer_accumulate", "x", x.size(), cols * batch);
    check_size("outer_accumulate", "w_bar", w_bar.size(), rows * cols);
    if constexpr (simd::Vectorised<T>) simd::table<T>().outer_accumulate(batch, rows, cols, z_bar.data(), x.data(), w_bar.data());
    else reference::outer_accumulate(batch, rows, cols, z_bar.data(), x.data(), w_bar.data());
}

/// y += a b, row-major m × k times k × n, k ascending from the old value; y overlaps nothing. Throws std::invalid_argument for a wrong size.
template <Scalar T>
void product_accumulate(std::size_t m, std::size_t k, std::size_t n, std::span<const T> a, std::span<const T> b, std::span<T> y) {
    check_size("product_accumulate", "a", a.size(), m * k);
    check_size("product_accumulate", "b", b.size(), k * n);
    check_size("product_accumulate", "y", y.size(), m * n);
    if constexpr (simd::Vectorised<T>) simd::table<T>().product_accumulate(m, k, n, a.data(), b.data(), y.data());
    else reference::product_accumulate(m, k, n, a.data(), b.data(), y.data());
}

/// b̄_o += Σ_b z̄_bo, b ascending from the old value. Throws std::invalid_argument for a wrong size.
template <Scalar T>
void column_sums_accumulate(std::size_t batch, std::span<const T> z_bar, std::span<T> bias_bar) {
    check_size("column_sums_accumulate", "z_bar", z_bar.size(), batch * bias_bar.size());
    if constexpr (simd::Vectorised<T>)
        simd::table<T>().column_sums_accumulate(batch, bias_bar.size(), z_bar.data(), bias_bar.data());
    else reference::column_sums_accumulate(batch, bias_bar.size(), z_bar.data(), bias_bar.data());
}

}  // namespace costate::kernels
