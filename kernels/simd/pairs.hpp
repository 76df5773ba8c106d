// Matrix products with twice the digits: every number is a high and a low part. The meaning is in PairCall (kernels/simd/table.hpp).
#pragma once

#include "kernels/simd/table.hpp"
#include "kernels/simd/vector.hpp"

namespace costate::kernels::simd {
namespace {

// a b - product exactly, product = a b rounded; without a fused multiply-add by Dekker's halves.
template <class V>
[[gnu::always_inline]] inline V product_tail(const V& a, const V& b, const V& product) {
    if constexpr (has_fma<V>) {
        return add_product(a, b, -product);
    } else {
        const V split(Format<Element<V>>::veltkamp), wide_a = split * a, wide_b = split * b;
        const V a1 = wide_a - (wide_a - a), a2 = a - a1, b1 = wide_b - (wide_b - b), b2 = b - b1;
        return ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
    }
}

template <class V>
struct PairSum {
    V high, low;

    // += a x: the high product and its sum without error (Dekker, Knuth), what they lose and the mixed products in the low part.
    [[gnu::always_inline]] void add_product_of(const V& a, const V& a_low, const V& x, const V& x_low) {
        const V product = a * x;
        V rest = product_tail(a, x, product);
        rest = add_product(a, x_low, rest);
        rest = add_product(a_low, x, rest);
        const V sum = high + product, share = sum - high;
        rest = rest + ((high - (sum - share)) + (product - share));
        high = sum;
        low = low + rest;
    }
};

template <class V, int Rows>
[[gnu::always_inline]] inline void multiply_pair_rows(const PairCall<Element<V>>& call, std::size_t row) {
    for (std::size_t column = 0; column < call.columns; column += width<V>) {
        PairSum<V> sums[Rows];
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) sums[r] = {V(0), V(0)};
        for (std::size_t k = 0; k < call.steps; ++k) {
            const V x = read<V>(call.x + k * call.columns + column), x_low = read<V>(call.x_low + k * call.columns + column);
#pragma GCC unroll 4
            for (int r = 0; r < Rows; ++r) {
                const std::size_t at = (row + static_cast<std::size_t>(r)) * call.steps + k;
                sums[r].add_product_of(V(call.a[at]), V(call.a_low[at]), x, x_low);
            }
        }
#pragma GCC unroll 4
        for (int r = 0; r < Rows; ++r) {
            const std::size_t at = (row + static_cast<std::size_t>(r)) * call.columns + column;
            write(call.y + at, sums[r].high);
            write(call.y_low + at, sums[r].low);
        }
    }
}

template <class V>
void multiply_pairs(const PairCall<Element<V>>& call) {
    std::size_t row = 0;
    for (; row + 4 <= call.rows; row += 4) multiply_pair_rows<V, 4>(call, row);
    for (; row < call.rows; ++row) multiply_pair_rows<V, 1>(call, row);
}

// For the scalar that a wider one can be split into.
template <class V>
constexpr auto multiply_pairs_of() -> void (*)(const PairCall<Element<V>>&) {
    if constexpr (is_double<V>) return &multiply_pairs<V>;
    else return nullptr;
}

}  // namespace
}  // namespace costate::kernels::simd
