// Y += A B for plain matrices, both as they lie: rows of A and panels of B are copied, blocks at a time.
#pragma once

#include "kernels/simd/linear.hpp"
#include "kernels/simd/outer.hpp"

namespace costate::kernels::simd {
namespace {

inline constexpr std::size_t product_block = 256;  // of k at a time
inline constexpr std::size_t product_panels = 8;   // of B, copied: they stay in L2

template <class V>
void product_accumulate(std::size_t m, std::size_t k, std::size_t n, const Element<V>* a, const Element<V>* b, Element<V>* y) {
    using T = Element<V>;
    using B = Blocking<V>;
    constexpr std::size_t columns_at_once = product_panels * B::panel;
    alignas(64) T rows[B::rows * B::row_stride];
    alignas(64) T block[product_block * columns_at_once];
    for_each_group<product_block>(k, [&](std::size_t k0, std::size_t steps) {
        for (std::size_t column = 0; column < n; column += columns_at_once) {
            const std::size_t columns = n - column < columns_at_once ? n - column : columns_at_once;
            copy_panels<V>(steps, n, column, (columns + B::panel - 1) / B::panel, b + k0 * n, block);
            for_each_group<B::rows>(m, [&](std::size_t row, std::size_t count) {
                for (std::size_t r = 0; r < count; ++r) {
                    const T* source = a + (row + r) * k + k0;
                    T* target = rows + r * B::row_stride;
                    for_each_vector<V>(steps, [&](auto in, auto out) __attribute__((always_inline)) { out(target, in(source)); });
                }
                outer_rows<V, LinearTiles<V>>(steps, n, 0, columns, count, rows, block, y + row * n + column);
            });
        }
    });
}

}  // namespace
}  // namespace costate::kernels::simd
