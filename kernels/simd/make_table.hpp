// The table of one batch type, filled from the templates of this folder.
#pragma once

#include "kernels/simd/convolution.hpp"
#include "kernels/simd/linear.hpp"
#include "kernels/simd/outer.hpp"
#include "kernels/simd/pairs.hpp"
#include "kernels/simd/pointwise.hpp"
#include "kernels/simd/product.hpp"
#include "kernels/simd/sparse.hpp"
#include "kernels/simd/straight_line.hpp"
#include "kernels/simd/windows.hpp"
#include "kernels/simd/winograd.hpp"

namespace costate::kernels::simd {
namespace {

template <class V>
constexpr Table<Element<V>> make_table(Isa isa) {
    return {.isa = isa,
            .panel_width = Blocking<V>::panel,
            .k_block = Blocking<V>::k_block,
            .tile_rows = Blocking<V>::rows,
            .linear = &linear<V>,
            .outer_accumulate = &outer_accumulate<V>,
            .product_accumulate = &product_accumulate<V>,
            .column_sums_accumulate = &column_sums_accumulate<V>,
            .convolve = &convolve<V>,
            .convolve_weights = &convolve_weights<V>,
            .convolve_squares = convolve_squares_of<V>(),
            .convolve_lanes = &convolve_lanes<V>,
            .convolve_taps = &convolve_taps<V>,
            .convolve_planes = &convolve_planes<V>,
            .multiply_pairs = multiply_pairs_of<V>(),
            .apply = &apply<V>,
            .apply_with_slope = &apply_with_slope<V>,
            .add = &binary<V, Add>,
            .sub = &binary<V, Sub>,
            .mul = &binary<V, Mul>,
            .div = &binary<V, Div>,
            .mul_accumulate = &binary_update<V, MulAccumulate>,
            .mul_subtract = &binary_update<V, MulSubtract>,
            .div_accumulate = &binary_update<V, DivAccumulate>,
            .negate = &negate<V>,
            .scale = &scale<V>,
            .axpy = &axpy<V>,
            .accumulate = &accumulate<V>,
            .add_row = &add_row<V>,
            .affine = &affine<V>,
            .affine_pair = &affine_pair<V>,
            .pointwise = &pointwise<V>,
            .sum = &sum<V>,
            .dot = &dot<V>,
            .rk_combine = &rk_combine<V>,
            .max_row = &max_row<V>,
            .add_to_kept = &add_to_kept<V>,
            .read_kept = &read_kept<V>,
            .mean_row = &mean_row<V>,
            .mean_row_vjp = &mean_row_vjp<V>,
            .pick = &pick<V>,
            .scatter = &scatter<V>,
            .sparse = &sparse<V>,
            .sparse_vjp = &sparse_vjp<V>,
            .list_max = &list_max<V>,
            .straight_line = &straight_line<V>};
}

}  // namespace
}  // namespace costate::kernels::simd
