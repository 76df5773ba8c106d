#include "kernels/convolution_pairs.hpp"

#include "kernels/reference/convolution.hpp"
#include "kernels/simd/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace costate::kernels {

namespace {

constexpr std::size_t block_pixels = 4 * simd::pair_columns, block_rows = 32, block_channels = 64;
constexpr std::ptrdiff_t outside = -1;
constexpr long double largest = 1e150L;  // products of two stay in double's range

bool fits(const long double* values, std::size_t n) {
    return std::all_of(values, values + n, [](long double v) { return std::abs(v) <= largest; });
}

/// v = high + low
template <std::size_t N>
struct Pairs {
    std::array<double, N> high, low;

    void set(std::size_t i, long double v) {
        high[i] = static_cast<double>(v);
        low[i] = static_cast<double>(v - static_cast<long double>(high[i]));
    }
    /// += high + low, the sum of the high parts without error (Knuth).
    void add(std::size_t i, double a, double a_low) {
        const double sum = high[i] + a, share = sum - high[i];
        low[i] += ((high[i] - (sum - share)) + (a - share)) + a_low;
        high[i] = sum;
    }
};

/// The place along one axis that meets `place` at a tap whose distance is `reach`, in the plane that is read; `outside` where there is none.
std::ptrdiff_t met(bool forward, std::size_t place, std::size_t reach, std::size_t before, std::size_t stride, std::size_t size) {
    const auto n = [](std::size_t value) { return static_cast<std::ptrdiff_t>(value); };
    std::ptrdiff_t at = forward ? n(place * stride + reach) - n(before) : n(place + before) - n(reach);
    if (!forward) {
        if (at < 0 || at % n(stride) != 0) return outside;
        at /= n(stride);
    }
    return at >= 0 && at < n(size) ? at : outside;
}

/// A convolution (or its transpose) of one group as products of matrices in pairs: blocks of pixels, of rows of y, of channels of x, and nothing
/// is allocated.
class Product {
public:
    Product(const ConvolutionShape& s, bool forward) : s_(s), forward_(forward) {}

    [[nodiscard]] std::size_t rows() const { return forward_ ? s_.group_outputs() : s_.group_channels(); }
    [[nodiscard]] std::size_t channels() const { return forward_ ? s_.group_channels() : s_.group_outputs(); }
    [[nodiscard]] std::size_t in_plane() const { return forward_ ? s_.in_plane() : s_.out_plane(); }
    [[nodiscard]] std::size_t out_plane() const { return forward_ ? s_.out_plane() : s_.in_plane(); }

    void operator()(const long double* w, const long double* x, const long double* start, bool accumulate, long double* y) const {
        for (std::size_t pixel = 0; pixel < out_plane(); pixel += block_pixels)
            for (std::size_t row = 0; row < rows(); row += block_rows) {
                const std::size_t pixel_count = std::min(block_pixels, out_plane() - pixel), row_count = std::min(block_rows, rows() - row);
                Pairs<block_rows * block_pixels> sums{};
                for (std::size_t tap = 0; tap < s_.taps(); ++tap) add_tap(w, x, tap, pixel, pixel_count, row, row_count, sums);
                for (std::size_t r = 0; r < row_count; ++r)
                    for (std::size_t j = 0; j < pixel_count; ++j) {
                        long double& value = y[(row + r) * out_plane() + pixel + j];
                        const std::size_t i = r * block_pixels + j;
                        const long double sum = static_cast<long double>(sums.high[i]) + static_cast<long double>(sums.low[i]);
                        value = (accumulate ? value : start ? start[row + r] : 0.0L) + sum;
                    }
            }
    }

private:
    void add_tap(const long double* w, const long double* x, std::size_t tap, std::size_t pixel, std::size_t pixel_count, std::size_t row, std::size_t row_count,
                 Pairs<block_rows * block_pixels>& sums) const {
        std::array<std::ptrdiff_t, block_pixels> from;
        for (std::size_t j = 0; j < block_pixels; ++j) from[j] = j < pixel_count ? source(tap, pixel + j) : outside;
        Pairs<block_rows * block_channels> a;
        Pairs<block_channels * block_pixels> block;
        Pairs<block_rows * block_pixels> part;
        for (std::size_t channel = 0; channel < channels(); channel += block_channels) {
            const std::size_t steps = std::min(block_channels, channels() - channel);
            for (std::size_t r = 0; r < row_count; ++r)
                for (std::size_t k = 0; k < steps; ++k) a.set(r * steps + k, w[weight(row + r, channel + k, tap)]);
            for (std::size_t k = 0; k < steps; ++k) {
                const long double* plane = x + (channel + k) * in_plane();
                for (std::size_t j = 0; j < block_pixels; ++j) block.set(k * block_pixels + j, from[j] == outside ? 0.0L : plane[from[j]]);
            }
            simd::table<double>().multiply_pairs({.rows = row_count, .steps = steps, .columns = block_pixels, .a = a.high.data(), .a_low = a.low.data(),
                                                  .x = block.high.data(), .x_low = block.low.data(), .y = part.high.data(), .y_low = part.low.data()});
            for (std::size_t i = 0; i < row_count * block_pixels; ++i) sums.add(i, part.high[i], part.low[i]);
        }
    }
    /// Of the plane that is read, where the tap of a pixel that is written lies.
    [[nodiscard]] std::ptrdiff_t source(std::size_t tap, std::size_t pixel) const {
        const std::size_t width = forward_ ? s_.out_width() : s_.width, in_height = forward_ ? s_.height : s_.out_height();
        const std::size_t in_width = forward_ ? s_.width : s_.out_width(), u = tap / s_.kernel_width, v = tap % s_.kernel_width;
        const std::ptrdiff_t y = met(forward_, pixel / width, u * s_.dilation_y, s_.top, s_.stride_y, in_height);
        const std::ptrdiff_t x = met(forward_, pixel % width, v * s_.dilation_x, s_.left, s_.stride_x, in_width);
        return y == outside || x == outside ? outside : y * static_cast<std::ptrdiff_t>(in_width) + x;
    }
    [[nodiscard]] std::size_t weight(std::size_t row, std::size_t channel, std::size_t tap) const {
        return ((forward_ ? row : channel) * s_.group_channels() + (forward_ ? channel : row)) * s_.taps() + tap;
    }

    const ConvolutionShape& s_;
    bool forward_;
};

/// All groups; false, and nothing written, where a number does not fit.
bool convolve_groups(const ConvolutionShape& s, bool forward, const long double* x, const long double* w, const long double* bias, long double* y,
                     bool accumulate) {
    if (!fits(x, forward ? s.in_size() : s.out_size()) || !fits(w, s.weight_size())) return false;
    const Product product(s, forward);
    for (std::size_t g = 0; g < s.groups; ++g)
        product(w + g * s.group_outputs() * s.group_channels() * s.taps(), x + g * product.channels() * product.in_plane(),
                bias ? bias + g * product.rows() : nullptr, accumulate, y + g * product.rows() * product.out_plane());
    return true;
}

}  // namespace

void convolve_in_pairs(const ConvolutionShape& s, const long double* x, const long double* w, const long double* bias, long double* y, bool accumulate) {
    if (!convolve_groups(s, true, x, w, bias, y, accumulate)) reference::convolve(s, 1, x, w, bias, y, accumulate);
}

void convolve_back_in_pairs(const ConvolutionShape& s, const long double* z_bar, const long double* w, long double* x_bar, bool accumulate) {
    if (!convolve_groups(s, false, z_bar, w, nullptr, x_bar, accumulate)) reference::convolve_back(s, 1, z_bar, w, x_bar, accumulate);
}

}  // namespace costate::kernels
