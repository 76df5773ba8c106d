// Two-dimensional convolutions y = act(W ∗ x + b), and the three products of their reverse sweep. All arrays are batch-major, a sample channels ×
// height × width, and contiguous; in float and double implicit matrix products (no array of patches), whatever the batch the same bits a sample.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/packed_convolution.hpp"
#include "kernels/reduce.hpp"

#include <span>
#include <stdexcept>
#include <string>

namespace costate::kernels {

/// y = act(z), z = bias_o + Σ_c Σ_uv W_ocuv x_c; where slope is not empty also slope = act'(z) for the reverse sweep. Channels, then kernel rows,
/// then columns ascend from the bias; other roundings by squares (PackedConvolution::by_squares), and with few outputs, where each tap's sum over the
/// channels is a number of its own. accumulate: z starts at
/// y, for the identity without a bias only. y overlaps nothing else.
/// Throws std::invalid_argument for a wrong size, or when a bias or an activation is to accumulate.
template <Scalar T>
void convolution(const PackedConvolution<T>& w, std::span<const T> bias, Function act, std::size_t batch, std::span<const T> x, std::span<T> y,
                 std::span<T> slope = {}, bool accumulate = false) {
    const ConvolutionShape& s = w.shape();
    check_size("convolution", "x", x.size(), batch * s.in_size());
    check_size("convolution", "y", y.size(), batch * s.out_size());
    if (!bias.empty()) check_size("convolution", "bias", bias.size(), s.outputs);
    if (!slope.empty()) check_size("convolution", "slope", slope.size(), y.size());
    if (accumulate && (act != Function::identity || !bias.empty()))
        throw std::invalid_argument("kernels::convolution: accumulate with the activation '" + std::string(name(act)) +
                                    "' or a bias has no meaning; use the identity or write to a fresh array");
    const std::size_t n = s.out_size();
    for (std::size_t b = 0; b < batch; ++b) {
        w(x.data() + b * s.in_size(), nullptr, bias.empty() ? nullptr : bias.data(), y.data() + b * n, accumulate);
        const auto z = y.subspan(b * n, n);
        if (!slope.empty()) apply_with_slope<T>(act, z, z, slope.subspan(b * n, n));
        else if (act != Function::identity) apply<T>(act, z, z);
    }
}

/// x̄_c (+)= Σ_o Σ_uv W_ocuv (ȳ ⊙ slope)_o; w_transposed has the direction transposed. An empty slope is one.
/// Throws std::invalid_argument for a wrong size.
template <Scalar T>
void convolution_pullback(const PackedConvolution<T>& w_transposed, std::size_t batch, std::span<const T> y_bar, std::span<const T> slope,
                          std::span<T> x_bar, bool accumulate) {
    const ConvolutionShape& s = w_transposed.shape();
    check_size("convolution_pullback", "y_bar", y_bar.size(), batch * s.out_size());
    check_size("convolution_pullback", "x_bar", x_bar.size(), batch * s.in_size());
    if (!slope.empty()) check_size("convolution_pullback", "slope", slope.size(), y_bar.size());
    for (std::size_t b = 0; b < batch; ++b)
        w_transposed(y_bar.data() + b * s.out_size(), slope.empty() ? nullptr : slope.data() + b * s.out_size(), nullptr,
                     x_bar.data() + b * s.in_size(), accumulate);
}

/// W̄_ocuv += Σ_b Σ_p z̄_bop x_bc at the pixel that tap uv reads, in blocks of pixels whose sums are added sample by sample and then to W̄; the same bits
/// for the same batch. w has the direction forward, its values are not used.
/// Throws std::invalid_argument for a wrong size.
template <Scalar T>
void convolution_weights_accumulate(const PackedConvolution<T>& w, std::size_t batch, std::span<const T> z_bar, std::span<const T> x, std::span<T> w_bar) {
    const ConvolutionShape& s = w.shape();
    check_size("convolution_weights_accumulate", "z_bar", z_bar.size(), batch * s.out_size());
    check_size("convolution_weights_accumulate", "x", x.size(), batch * s.in_size());
    check_size("convolution_weights_accumulate", "w_bar", w_bar.size(), s.weight_size());
    w.weights(batch, z_bar.data(), x.data(), w_bar.data());
}

/// b̄_c += Σ_b Σ_p z̄_bcp, samples ascending, a sample's pixels in the order of kernels::sum. Throws std::invalid_argument for a wrong size.
template <Scalar T>
void plane_sums_accumulate(std::size_t batch, std::span<const T> z_bar, std::span<T> bias_bar) {
    const std::size_t channels = bias_bar.size();
    if (batch == 0 || channels == 0) return;
    const std::size_t pixels = z_bar.size() / (batch * channels);
    check_size("plane_sums_accumulate", "z_bar", z_bar.size(), batch * channels * pixels);
    for (std::size_t i = 0; i < batch * channels; ++i) bias_bar[i % channels] += sum<T>(z_bar.subspan(i * pixels, pixels));
}

}  // namespace costate::kernels
