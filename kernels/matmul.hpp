// Products of plain matrices, each operand as it lies or transposed.
#pragma once

#include "kernels/linear.hpp"

#include <algorithm>
#include <cstdint>

namespace costate::kernels {

/// y = op(a) op(b), m × k times k × n, `blocks` times one after the other; a is stored k × m where transpose_a, b n × k where transpose_b.
struct MatmulShape {
    std::uint32_t rows = 1, inner = 1, columns = 1;  ///< m, k, n
    std::uint32_t blocks = 1;
    std::uint32_t transpose_a = 0, transpose_b = 0;
    [[nodiscard]] std::size_t a_size() const { return std::size_t{rows} * inner; }
    [[nodiscard]] std::size_t b_size() const { return std::size_t{inner} * columns; }
    [[nodiscard]] std::size_t y_size() const { return std::size_t{rows} * columns; }
    [[nodiscard]] std::size_t size() const { return blocks * y_size(); }
};

/// to = fromᵀ, from rows × columns; square by square, so that both sides stay in the cache.
template <Scalar T>
void transpose(std::size_t rows, std::size_t columns, const T* from, T* to) {
    constexpr std::size_t square = 16;
    for (std::size_t i0 = 0; i0 < rows; i0 += square)
        for (std::size_t j0 = 0; j0 < columns; j0 += square) {
            const std::size_t i1 = std::min(i0 + square, rows), j1 = std::min(j0 + square, columns);
            for (std::size_t j = j0; j < j1; ++j)
                for (std::size_t i = i0; i < i1; ++i) to[j * rows + i] = from[i * columns + j];
        }
}

/// A matrix as it is stored: that of op(a), or its transpose.
template <class T>
struct Stored {
    const T* data;
    bool transposed;
};

/// y += op(a) op(b) with op(a) m × k, op(b) k × n, y m × n; k ascending from the old value. `scratch` holds k n values where b is transposed.
/// y overlaps nothing.
template <Scalar T>
void product_accumulate(std::size_t m, std::size_t k, std::size_t n, Stored<T> a, Stored<T> b, T* y, T* scratch) {
    if (b.transposed) {
        transpose<T>(n, k, b.data, scratch);
        b.data = scratch;
    }
    if (a.transposed) outer_accumulate<T>(k, {a.data, k * m}, {b.data, k * n}, {y, m * n});
    else product_accumulate<T>(m, k, n, {a.data, m * k}, {b.data, k * n}, {y, m * n});
}

}  // namespace costate::kernels
