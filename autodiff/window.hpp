// Which pixels a window sees, and which pixels of one size make a pixel of another: indices and exact weights, whatever the scalar.
#pragma once

#include "autodiff/types.hpp"
#include "kernels/convolution_shape.hpp"
#include "scalar/rational.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace costate::autodiff {

struct Image;

/// A window that moves over an image: kernel, stride, padding, dilation. ceil_mode: a last window may hang over the far edge, where it begins
/// inside the image or its near padding.
struct PoolWindow {
    std::size_t kernel_height = 1, kernel_width = 1;
    std::size_t stride_y = 1, stride_x = 1;
    std::size_t top = 0, left = 0, bottom = 0, right = 0;
    std::size_t dilation_y = 1, dilation_x = 1;
    bool ceil_mode = false;

    /// Windows down and across. Throws std::invalid_argument where none fits, or a stride, dilation or size is 0.
    [[nodiscard]] std::size_t out_height(std::size_t height) const;
    [[nodiscard]] std::size_t out_width(std::size_t width) const;
};

namespace ops {
struct PoolShape;
}
/// The windows of an image as an op keeps them; count_padding: of a mean. Throws std::invalid_argument where no window fits, one sees no pixel, or a
/// number is too large; `what` names the caller.
ops::PoolShape pool_shape(std::string_view what, const Image& image, const PoolWindow& window, bool count_padding = false);

/// Windows of `width` indices each, filled up with ops::no_index.
struct Windows {
    std::vector<std::uint32_t> indices;
    std::size_t width = 0;
};
/// The values of each of `count` segments. Throws std::out_of_range for a segment beyond count, std::invalid_argument for an empty one.
Windows windows_of(std::span<const std::uint32_t> segments, std::size_t count);

/// Where a pixel i of the new axis lies on the old one, s = new/old size:
///   half_pixel (i + ½)/s - ½   asymmetric i/s   align_corners i (old - 1)/(new - 1)   pytorch_half_pixel half_pixel, and 0 on an axis of 1
enum class Coordinates : std::uint8_t { half_pixel, asymmetric, align_corners, pytorch_half_pixel };
/// Which old pixel is nearest to that: of two equally near the lower, the upper, or always the lower, the upper.
enum class Nearest : std::uint8_t { round_down, round_up, floor, ceil };

/// Bilinear (linear), or the nearest pixel; beyond the edge the edge goes on. PyTorch: linear with half_pixel or align_corners; 'nearest' is
/// asymmetric with floor, 'nearest-exact' half_pixel with round_up.
struct Resize {
    std::size_t height = 1, width = 1;
    bool linear = true;
    Coordinates coordinates = Coordinates::half_pixel;
    Nearest nearest = Nearest::floor;
    std::optional<double> scale_y = {}, scale_x = {};  ///< s where it is not new/old (ONNX's scales)
};

/// By new pixel four old ones of the first plane (linear): above left, above right, below left, below right; or one of each plane. down and across are
/// the weights of what is below and right, by new row and column.
struct SparseRows {
    std::vector<std::uint32_t> indices;
    std::vector<Rational> down, across;
};
/// Throws std::invalid_argument for a size of 0 or a scale that is not positive.
SparseRows rows_of(const Image& image, const Resize& to);

/// The convolution whose transpose takes an image of in_channels × height × width to out_channels: stride, padding, dilation and groups are those
/// of `numbers`, which also says the kernel; out_padding rows and columns are added at the far edges (each below the stride).
/// Throws std::invalid_argument where nothing is left, or a number does not fit.
kernels::ConvolutionShape transposed_shape(std::size_t in_channels, std::size_t height, std::size_t width, std::size_t out_channels,
                                           const kernels::ConvolutionShape& numbers, std::size_t out_padding_y = 0, std::size_t out_padding_x = 0);

namespace detail {
/// By value of the shape the position of its result where the named axes are left out.
std::vector<std::uint32_t> segments_over(std::string_view what, const Shape& shape, const std::vector<std::size_t>& axes);
}  // namespace detail

}  // namespace costate::autodiff
