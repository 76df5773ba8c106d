// y_i (+)= f(a_i, b_i, …): what compares, chooses and rounds, number by number.
#pragma once

#include "kernels/check.hpp"
#include "kernels/simd/table.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>

namespace costate::kernels {

/// y (+)= f(operands) over n numbers; an operand is an array of n, or one number for all. y may be an operand (same start). Every value is that of
/// the definition in simd::Pointwise; where it is 0 its sign may be either. Throws std::invalid_argument for another number of operands.
template <simd::Vectorised T>
void pointwise(simd::Pointwise f, std::size_t n, std::initializer_list<simd::Operand<T>> operands, T* y, bool add = false, int exponent = 0) {
    if (operands.size() != simd::operands_of(f))
        throw std::invalid_argument("kernels::pointwise: " + std::to_string(operands.size()) + " operands where " +
                                    std::to_string(simd::operands_of(f)) + " belong");
    simd::PointwiseCall<T> call{.function = f, .n = n, .x = {}, .y = y, .add = add, .exponent = exponent};
    std::copy(operands.begin(), operands.end(), call.x);
    simd::table<T>().pointwise(call);
}

}  // namespace costate::kernels
