// What convolutions by squares (kernels/simd/winograd.hpp) are packed with, and which are done so.
#pragma once

#include "kernels/convolution_shape.hpp"
#include "kernels/simd/table.hpp"

#include <cstddef>

namespace costate::kernels {

/// (G g Gᵀ)_ij, k = 4 i + j, of the taps g(u, v) in double: rows of G are (1, 0, 0), (½, ½, ½), (½, -½, ½), (0, 0, 1).
template <class Taps>
double square_weight(std::size_t k, const Taps& g) {
    const auto row = [](std::size_t i, const auto& a) {
        return i == 0 ? a(0) : i == 3 ? a(2) : (a(0) + a(2) + (i == 1 ? a(1) : -a(1))) / 2;
    };
    return row(k / 4, [&](std::size_t u) { return row(k % 4, [&](std::size_t v) { return g(u, v); }); });
}

/// Whether a kernel table has them, taps are 3 × 3 on every pixel, and channels, outputs and pixels are so many that the transforms pay.
template <class T>
bool done_by_squares(const simd::Table<T>& table, const ConvolutionShape& s, std::size_t channels, std::size_t outputs, std::size_t height, std::size_t width) {
    constexpr std::size_t fewest_channels = 24, fewest_outputs = 16, fewest_squares = 25;
    const bool every = s.stride_y * s.stride_x * s.dilation_y * s.dilation_x * s.groups == 1, nine = s.kernel_height == 3 && s.kernel_width == 3;
    return table.convolve_squares && every && nine && channels >= fewest_channels && outputs >= fewest_outputs &&
           channels + outputs <= simd::most_square_rows && ((height + 1) / 2) * ((width + 1) / 2) >= fewest_squares;
}

}  // namespace costate::kernels
