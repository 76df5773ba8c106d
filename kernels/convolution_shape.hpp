// The geometry of a two-dimensional convolution, one sample: what kernels, ops and layers share.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace costate::kernels {

/// y_oij = Σ_c Σ_uv W_ocuv x_c(i s - p + u d)(j s - p + v d), x zero outside: a cross-correlation. Arrays are channels × height × width; with
/// groups every output sees the channels of its own group alone, and W is outputs × channels/groups × kernel_height × kernel_width.
struct ConvolutionShape {
    std::uint32_t channels = 1, height = 1, width = 1;
    std::uint32_t outputs = 1;
    std::uint32_t kernel_height = 1, kernel_width = 1;
    std::uint32_t stride_y = 1, stride_x = 1;
    std::uint32_t top = 0, left = 0, bottom = 0, right = 0;  ///< zeros around x
    std::uint32_t dilation_y = 1, dilation_x = 1;
    std::uint32_t groups = 1;

    [[nodiscard]] std::size_t out_height() const { return extent(height, top, bottom, kernel_height, dilation_y, stride_y); }
    [[nodiscard]] std::size_t out_width() const { return extent(width, left, right, kernel_width, dilation_x, stride_x); }
    [[nodiscard]] std::size_t taps() const { return std::size_t{kernel_height} * kernel_width; }
    [[nodiscard]] std::size_t group_channels() const { return channels / groups; }
    [[nodiscard]] std::size_t group_outputs() const { return outputs / groups; }
    [[nodiscard]] std::size_t in_plane() const { return std::size_t{height} * width; }
    [[nodiscard]] std::size_t out_plane() const { return out_height() * out_width(); }
    [[nodiscard]] std::size_t in_size() const { return channels * in_plane(); }
    [[nodiscard]] std::size_t out_size() const { return outputs * out_plane(); }
    [[nodiscard]] std::size_t weight_size() const { return outputs * group_channels() * taps(); }

    friend bool operator==(const ConvolutionShape&, const ConvolutionShape&) = default;

private:
    static std::size_t extent(std::size_t n, std::size_t before, std::size_t after, std::size_t kernel, std::size_t dilation, std::size_t stride) {
        return (n + before + after - dilation * (kernel - 1) - 1) / stride + 1;
    }
};

/// Throws std::invalid_argument, in one sentence, for a field that is 0 where it may not be, groups that do not divide the channels, or a
/// kernel larger than the padded image.
inline void check_shape(const ConvolutionShape& s) {
    const auto fail = [](const std::string& sentence) { throw std::invalid_argument("convolution: " + sentence); };
    for (const std::uint32_t n : {s.channels, s.height, s.width, s.outputs, s.kernel_height, s.kernel_width, s.stride_y, s.stride_x, s.dilation_y,
                                  s.dilation_x, s.groups})
        if (n == 0) fail("a size, stride, dilation or number of groups is 0; give at least 1");
    if (s.channels % s.groups != 0 || s.outputs % s.groups != 0)
        fail(std::to_string(s.groups) + " groups do not divide " + std::to_string(s.channels) + " channels and " + std::to_string(s.outputs) +
             " outputs; choose a common divisor");
    const auto reach = [](std::uint64_t kernel, std::uint64_t dilation) { return dilation * (kernel - 1) + 1; };
    if (reach(s.kernel_height, s.dilation_y) > std::uint64_t{s.height} + s.top + s.bottom ||
        reach(s.kernel_width, s.dilation_x) > std::uint64_t{s.width} + s.left + s.right)
        fail("a kernel of " + std::to_string(s.kernel_height) + " x " + std::to_string(s.kernel_width) + " does not fit an image of " +
             std::to_string(s.height) + " x " + std::to_string(s.width) + "; pad the image or take a smaller kernel");
}

}  // namespace costate::kernels
