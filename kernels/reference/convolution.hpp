// What the convolution kernels mean: plain loops, any scalar. The order of every sum is part of the meaning.
#pragma once

#include "kernels/convolution_shape.hpp"
#include "scalar/traits.hpp"

#include <cstddef>

namespace costate::kernels::reference {

/// f(pixel of y, pixel of x, tap) for every pair that meets inside the image: tap after tap, pixels of y ascending.
template <class F>
void for_each_meeting(const ConvolutionShape& s, F f) {
    const std::size_t rows = s.out_height(), columns = s.out_width();
    for (std::size_t u = 0; u < s.kernel_height; ++u)
        for (std::size_t v = 0; v < s.kernel_width; ++v)
            for (std::size_t i = 0; i < rows; ++i) {
                const std::size_t y = i * s.stride_y + u * s.dilation_y;  // + top
                if (y < s.top || y - s.top >= s.height) continue;
                for (std::size_t j = 0; j < columns; ++j) {
                    const std::size_t x = j * s.stride_x + v * s.dilation_x;  // + left
                    if (x < s.left || x - s.left >= s.width) continue;
                    f(i * columns + j, (y - s.top) * s.width + (x - s.left), u * s.kernel_width + v);
                }
            }
}

/// f(output o, channel c, first weight of the pair) for every output and every channel of its group.
template <class F>
void for_each_pair(const ConvolutionShape& s, F f) {
    const std::size_t channels = s.group_channels();
    for (std::size_t o = 0; o < s.outputs; ++o)
        for (std::size_t c = 0; c < channels; ++c)
            f(o, o / s.group_outputs() * channels + c, (o * channels + c) * s.taps());
}

/// y_o = bias_o + Σ_c Σ_uv W_ocuv x_c, or y_o += …; for each value of y channels, then kernel rows, then columns ascending from there. A bias
/// that is null is 0.
template <Scalar T>
void convolve(const ConvolutionShape& s, std::size_t batch, const T* x, const T* w, const T* bias, T* y, bool accumulate) {
    const std::size_t plane = s.out_plane();
    if (!accumulate)
        for (std::size_t i = 0; i < batch * s.outputs; ++i)
            for (std::size_t p = 0; p < plane; ++p) y[i * plane + p] = bias ? bias[i % s.outputs] : T(0);
    for (std::size_t b = 0; b < batch; ++b, x += s.in_size(), y += s.out_size())
        for_each_pair(s, [&](std::size_t o, std::size_t c, std::size_t first) {
            T* out = y + o * s.out_plane();
            const T* in = x + c * s.in_plane();
            for_each_meeting(s, [&](std::size_t p, std::size_t q, std::size_t tap) { out[p] += w[first + tap] * in[q]; });
        });
}

/// x̄_c = (x̄_c +) Σ_o Σ_uv W_ocuv z̄_o, for each value of x̄ outputs, then kernel rows, then columns ascending.
template <Scalar T>
void convolve_back(const ConvolutionShape& s, std::size_t batch, const T* z_bar, const T* w, T* x_bar, bool accumulate) {
    if (!accumulate)
        for (std::size_t i = 0; i < batch * s.in_size(); ++i) x_bar[i] = T(0);
    for (std::size_t b = 0; b < batch; ++b, x_bar += s.in_size(), z_bar += s.out_size())
        for_each_pair(s, [&](std::size_t o, std::size_t c, std::size_t first) {
            const T* out = z_bar + o * s.out_plane();
            T* in = x_bar + c * s.in_plane();
            for_each_meeting(s, [&](std::size_t p, std::size_t q, std::size_t tap) { in[q] += w[first + tap] * out[p]; });
        });
}

/// W̄_ocuv += Σ_b Σ_p z̄_bop x_bc, samples, then pixels of z̄ ascending; a sample's sum starts at 0.
template <Scalar T>
void convolve_weights(const ConvolutionShape& s, std::size_t batch, const T* z_bar, const T* x, T* w_bar) {
    for (std::size_t b = 0; b < batch; ++b, x += s.in_size(), z_bar += s.out_size())
        for_each_pair(s, [&](std::size_t o, std::size_t c, std::size_t first) {
            const T* out = z_bar + o * s.out_plane();
            const T* in = x + c * s.in_plane();
            std::size_t current = s.taps();
            T sum(0);
            const auto store = [&] {
                if (current != s.taps()) w_bar[first + current] += sum;
            };
            for_each_meeting(s, [&](std::size_t p, std::size_t q, std::size_t tap) {
                if (tap != current) {
                    store();
                    current = tap;
                    sum = T(0);
                }
                sum += out[p] * in[q];
            });
            store();
        });
}

}  // namespace costate::kernels::reference
