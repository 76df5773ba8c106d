#include "kernels/convolution_pairs.hpp"

#include "kernels/reference/convolution.hpp"
#include "kernels/simd/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace costate::kernels {

namespace {

constexpr std::size_t columns = 4 * simd::pair_columns;  // of a block of pixels
constexpr std::uint32_t outside = std::numeric_limits<std::uint32_t>::max();
constexpr long double largest = 1e150L;  // products of two stay in double's range

/// v = high + low
struct Pairs {
    std::vector<double> high, low;

    explicit Pairs(std::size_t n) : high(n), low(n) {}
    void set(std::size_t i, long double v) {
        high[i] = static_cast<double>(v);
        low[i] = static_cast<double>(v - static_cast<long double>(high[i]));
    }
};

bool fits(const long double* values, std::size_t n) {
    return std::all_of(values, values + n, [](long double v) { return std::abs(v) <= largest; });
}

/// A convolution or its transpose as a product: y at a pixel of its plane = Σ over channels and taps of a weight times x at source[tap][pixel].
struct Product {
    std::size_t rows, channels, taps, in_plane, out_plane;  // of one group
    std::vector<std::uint32_t> source;                      // taps × out_plane, `outside` where nothing is

    void operator()(const Pairs& a, const Pairs& x, std::size_t first_x, const long double* start, bool accumulate, long double* y) const {
        const std::size_t steps = channels * taps;
        Pairs block(steps * columns), sums(rows * columns);
        for (std::size_t p0 = 0; p0 < out_plane; p0 += columns) {
            const std::size_t count = std::min(columns, out_plane - p0);
            lay_down(x, first_x, p0, count, block);
            simd::table<double>().multiply_pairs({.rows = rows, .steps = steps, .columns = columns, .a = a.high.data(), .a_low = a.low.data(),
                                                  .x = block.high.data(), .x_low = block.low.data(), .y = sums.high.data(), .y_low = sums.low.data()});
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t j = 0; j < count; ++j) {
                    long double& value = y[r * out_plane + p0 + j];
                    const long double sum = static_cast<long double>(sums.high[r * columns + j]) + static_cast<long double>(sums.low[r * columns + j]);
                    value = (accumulate ? value : start ? start[r] : 0.0L) + sum;
                }
        }
    }

private:
    void lay_down(const Pairs& x, std::size_t first_x, std::size_t p0, std::size_t count, Pairs& block) const {
        for (std::size_t k = 0; k < channels * taps; ++k) {
            const std::uint32_t* from = source.data() + k % taps * out_plane + p0;
            const std::size_t plane = first_x + k / taps * in_plane;
            for (std::size_t j = 0; j < columns; ++j) {
                const bool inside = j < count && from[j] != outside;
                block.high[k * columns + j] = inside ? x.high[plane + from[j]] : 0;
                block.low[k * columns + j] = inside ? x.low[plane + from[j]] : 0;
            }
        }
    }
};

Product product_of(const ConvolutionShape& s, bool forward) {
    Product product{forward ? s.group_outputs() : s.group_channels(), forward ? s.group_channels() : s.group_outputs(), s.taps(),
                    forward ? s.in_plane() : s.out_plane(), forward ? s.out_plane() : s.in_plane(), {}};
    product.source.assign(product.taps * product.out_plane, outside);
    reference::for_each_meeting(s, [&](std::size_t p, std::size_t q, std::size_t tap) {
        product.source[tap * product.out_plane + (forward ? p : q)] = static_cast<std::uint32_t>(forward ? q : p);
    });
    return product;
}

/// All groups; false, and nothing written, where a number does not fit.
bool convolve_groups(const ConvolutionShape& s, bool forward, const long double* x, const long double* w, const long double* bias, long double* y,
                     bool accumulate) {
    const std::size_t size = forward ? s.in_size() : s.out_size();
    if (!fits(x, size) || !fits(w, s.weight_size())) return false;
    Pairs values(size);
    for (std::size_t i = 0; i < size; ++i) values.set(i, x[i]);
    const Product product = product_of(s, forward);
    Pairs a(product.rows * product.channels * product.taps);
    for (std::size_t g = 0; g < s.groups; ++g) {
        for (std::size_t r = 0, i = 0; r < product.rows; ++r)
            for (std::size_t c = 0; c < product.channels; ++c)
                for (std::size_t tap = 0; tap < product.taps; ++tap, ++i) {
                    const std::size_t output = g * s.group_outputs() + (forward ? r : c), channel = forward ? c : r;
                    a.set(i, w[(output * s.group_channels() + channel) * s.taps() + tap]);
                }
        product(a, values, g * product.channels * product.in_plane, bias ? bias + g * product.rows : nullptr, accumulate, y + g * product.rows * product.out_plane);
    }
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
