// What the matrix kernels mean: plain loops, any scalar. The order of every sum is part of the meaning.
#pragma once

#include "kernels/reference/elementwise.hpp"
#include "kernels/simd/table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace costate::kernels::reference {

/// Σ_k x_k w_k of a narrow layer: narrow_lanes sums from zero, lane j over k ≡ j ascending, then folded in halves.
template <Scalar T, class Input>
T narrow_dot(std::size_t n, const Input& x, const T* w) {
    constexpr std::size_t lanes = simd::narrow_lanes;
    std::array<T, lanes> lane;
    lane.fill(T(0));
    for (std::size_t k = 0; k < n; ++k) lane[k % lanes] += x(k) * w[k];
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t j = 0; j < half; ++j) lane[j] += lane[j + half];
    return lane[0];
}

/// Σ_k x_k w_k on top of the start: the first simd::sum_block products one after the other, then the sum of each further block.
template <Scalar T, class Input>
T block_dot(std::size_t n, T start, const Input& x, const T* w) {
    constexpr std::size_t block = simd::sum_block<T>;
    T sum = start;
    for (std::size_t k0 = 0; k0 < n; k0 += block) {
        T part = k0 == 0 ? sum : T(0);
        for (std::size_t k = k0; k < std::min(n, k0 + block); ++k) part += x(k) * w[k];
        sum = k0 == 0 ? part : T(sum + part);
    }
    return sum;
}

/// y_bo = act(z_bo), z_bo = (y_bo +) bias_o + Σ_k (x_bk scale_bk) W_ok, k ascending from the start value, in float and double by
/// block_dot, of a narrow layer (simd::is_narrow) by narrow_dot; slope_bo = act'(z_bo).
/// W is row-major, outputs × inputs. The meaning of every field of the call is that of simd::LinearCall.
template <Scalar T>
void linear(const simd::Packed<T>& w, const simd::LinearCall<T>& call) {
    for (std::size_t b = 0; b < call.batch; ++b) {
        const T* x = call.x + b * w.inputs;
        T* y = call.y + b * w.outputs;
        for (std::size_t o = 0; o < w.outputs; ++o) {
            const T start = call.bias ? call.bias[o] : T(0);
            y[o] = call.accumulate ? y[o] + start : start;
        }
        if constexpr (simd::Vectorised<T>) {
            const T* scale = call.scale ? call.scale + b * w.inputs : nullptr;
            const auto input = [x, scale](std::size_t k) { return scale ? x[k] * scale[k] : x[k]; };
            const bool narrow = simd::is_narrow(w.outputs, w.inputs);
            for (std::size_t o = 0; o < w.outputs; ++o) {
                const T* row = w.data + o * w.inputs;
                y[o] = narrow ? T(y[o] + narrow_dot<T>(w.inputs, input, row)) : block_dot<T>(w.inputs, y[o], input, row);
            }
            for (std::size_t k = 0; call.scaled && k < w.inputs; ++k) call.scaled[b * w.inputs + k] = input(k);
        } else if (call.scale) {  // each x_bk scale_bk once
            for (std::size_t k = 0; k < w.inputs; ++k) {
                const T scaled = x[k] * call.scale[b * w.inputs + k];
                for (std::size_t o = 0; o < w.outputs; ++o) y[o] += scaled * w.data[o * w.inputs + k];
                if (call.scaled) call.scaled[b * w.inputs + k] = scaled;
            }
        } else {
            for (std::size_t o = 0; o < w.outputs; ++o)
                for (std::size_t k = 0; k < w.inputs; ++k) y[o] += x[k] * w.data[o * w.inputs + k];
        }
        for (std::size_t o = 0; o < w.outputs; ++o) {
            if (call.slope) value_and_slope(call.activation, y[o], y[o], call.slope[b * w.outputs + o]);
            else y[o] = value(call.activation, y[o]);
        }
    }
}

/// W̄_ok += Σ_b z̄_bo x_bk, b ascending from the old value.
template <Scalar T>
void outer_accumulate(std::size_t batch, std::size_t rows, std::size_t cols, const T* z_bar, const T* x, T* w_bar) {
    for (std::size_t b = 0; b < batch; ++b)
        for (std::size_t o = 0; o < rows; ++o) axpy(cols, z_bar[b * rows + o], x + b * cols, w_bar + o * cols);
}

/// y += a b, row-major m × k times k × n, k ascending from the old value.
template <Scalar T>
void product_accumulate(std::size_t m, std::size_t k, std::size_t n, const T* a, const T* b, T* y) {
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t l = 0; l < k; ++l) axpy(n, a[i * k + l], b + l * n, y + i * n);
}

/// b̄_o += Σ_b z̄_bo, b ascending from the old value.
template <Scalar T>
void column_sums_accumulate(std::size_t batch, std::size_t cols, const T* z_bar, T* bias_bar) {
    for (std::size_t b = 0; b < batch; ++b) accumulate(cols, z_bar + b * cols, bias_bar);
}

}  // namespace costate::kernels::reference
