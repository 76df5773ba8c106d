// Convolutions in extended precision, whose own unit has no vectors: every long double as a pair of doubles.
#pragma once

#include "kernels/convolution_shape.hpp"

namespace costate::kernels {

/// reference::convolve of one sample in long double, its sums with 2⁻¹⁰⁴ instead of 2⁻⁶⁴ (simd::PairCall) and rounded once. Where a number is
/// above 10¹⁵⁰ or none the plain loops run; below 10⁻¹⁵⁰ digits are lost.
void convolve_in_pairs(const ConvolutionShape& s, const long double* x, const long double* w, const long double* bias, long double* y, bool accumulate);

/// reference::convolve_back likewise.
void convolve_back_in_pairs(const ConvolutionShape& s, const long double* z_bar, const long double* w, long double* x_bar, bool accumulate);

}  // namespace costate::kernels
