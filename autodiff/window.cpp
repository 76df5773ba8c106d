#include "autodiff/window.hpp"

#include "autodiff/image_functions.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace costate::autodiff {

namespace {

[[noreturn]] void fail(std::string_view what, const std::string& sentence) { throw std::invalid_argument(std::string(what) + ": " + sentence); }

/// One axis of a moving window.
struct Axis {
    std::size_t size, kernel, stride, before, after, dilation;

    [[nodiscard]] std::size_t reach() const { return dilation * (kernel - 1) + 1; }
    [[nodiscard]] std::size_t windows(std::string_view what, bool ceil_mode) const {
        if (size == 0 || kernel == 0 || stride == 0 || dilation == 0) fail(what, "a size, kernel, stride or dilation is 0; give at least 1");
        if (reach() > size + before + after)
            fail(what, "a window of " + std::to_string(reach()) + " does not fit " + std::to_string(size + before + after) +
                           " pixels with their padding; take a smaller one");
        const std::size_t free = size + before + after - reach();
        std::size_t n = free / stride + 1;
        if (ceil_mode && free % stride != 0 && n * stride < size + before) ++n;
        return n;
    }
    /// As an op keeps it, where every window sees a pixel.
    [[nodiscard]] ops::WindowAxis kept(std::string_view what, bool ceil_mode) const {
        const std::size_t n = windows(what, ceil_mode);
        if (kernel > 1 << 24) fail(what, "a kernel is " + std::to_string(kernel) + "; stay at or below 2^24, of which a scalar of any kind keeps the place");
        const auto small = [&](std::size_t value) {
            if (value > 0x7fffffff) fail(what, "a size, kernel, stride, padding or dilation is " + std::to_string(value) + "; stay below 2^31");
            return static_cast<std::uint32_t>(value);
        };
        const ops::WindowAxis axis{small(size), small(kernel), small(stride), small(before), small(after), small(dilation), small(n)};
        for (std::size_t i = 0; i < n; ++i)
            if (axis.seen(i).count() == 0) fail(what, "a window sees padding alone; pad by at most half the kernel");
        return axis;
    }
};

Axis vertical(std::size_t height, const PoolWindow& w) { return {height, w.kernel_height, w.stride_y, w.top, w.bottom, w.dilation_y}; }
Axis horizontal(std::size_t width, const PoolWindow& w) { return {width, w.kernel_width, w.stride_x, w.left, w.right, w.dilation_x}; }

}  // namespace

std::size_t PoolWindow::out_height(std::size_t height) const { return vertical(height, *this).windows("pooling", ceil_mode); }
std::size_t PoolWindow::out_width(std::size_t width) const { return horizontal(width, *this).windows("pooling", ceil_mode); }

ops::PoolShape pool_shape(std::string_view what, const Image& image, const PoolWindow& window, bool count_padding) {
    const ops::WindowAxis down = vertical(image.height, window).kept(what, window.ceil_mode);
    const ops::WindowAxis across = horizontal(image.width, window).kept(what, window.ceil_mode);
    const std::uint64_t taps = std::uint64_t{down.kernel} * across.kernel;
    if (taps > 0x7fffffff) fail(what, "a window has " + std::to_string(taps) + " places; stay below 2^31");
    return {static_cast<std::uint32_t>(image.channels), down, across, count_padding ? 1u : 0u};
}

Windows windows_of(std::span<const std::uint32_t> segments, std::size_t count) {
    std::vector<std::size_t> sizes(count);
    for (const std::uint32_t s : segments) {
        if (s == ops::no_index) continue;
        if (s >= count) throw std::out_of_range("segments: segment " + std::to_string(s) + " of " + std::to_string(count) + "; count from 0");
        ++sizes[s];
    }
    if (count == 0 || std::find(sizes.begin(), sizes.end(), 0u) != sizes.end())
        fail("segments", "a segment has no value, and the largest or the product of none is not defined here; give every segment one");
    Windows result;
    result.width = *std::max_element(sizes.begin(), sizes.end());
    result.indices.assign(count * result.width, ops::no_index);
    std::fill(sizes.begin(), sizes.end(), 0u);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::size_t s = segments[i];
        if (s != ops::no_index) result.indices[s * result.width + sizes[s]++] = static_cast<std::uint32_t>(i);
    }
    return result;
}

namespace {

/// The two old pixels (equal ones for the nearest) of each new pixel of an axis, and the weight of the second.
struct Source {
    std::size_t first, second;
    Rational weight;
};

Rational position(Coordinates how, std::size_t i, std::size_t from, std::size_t to, const Rational& scale) {
    const Rational at(static_cast<long>(i)), half = Rational(1) / 2;
    if (how == Coordinates::asymmetric) return at / scale;
    if (how == Coordinates::align_corners) return to == 1 ? Rational(0) : Rational(at * static_cast<long>(from - 1) / static_cast<long>(to - 1));
    if (how == Coordinates::pytorch_half_pixel && to == 1) return 0;
    return (at + half) / scale - half;
}

std::size_t nearest(Nearest how, const Rational& at) {
    const Rational half = Rational(1) / 2;
    Rational chosen = ops::floor_of(at);
    if (how == Nearest::ceil) chosen = -ops::floor_of(Rational(-at));
    if (how == Nearest::round_down) chosen = -ops::floor_of(Rational(half - at));
    if (how == Nearest::round_up) chosen = ops::floor_of(Rational(at + half));
    return chosen < 0 ? 0 : static_cast<std::size_t>(numerator(chosen));
}

std::vector<Source> sources(const Resize& how, std::size_t from, std::size_t to, const std::optional<double>& given) {
    if (from == 0 || to == 0) fail("resize", "a size is 0; give at least 1");
    if (given && !(*given > 0 && *given < 1e9)) fail("resize", "a scale is " + std::to_string(*given) + "; give a positive number");
    const Rational scale = given ? Rational(*given) : Rational(static_cast<long>(to)) / static_cast<long>(from), last = static_cast<long>(from - 1);
    std::vector<Source> result;
    for (std::size_t i = 0; i < to; ++i) {
        const Rational at = position(how.coordinates, i, from, to, scale);
        if (!how.linear) {
            const std::size_t chosen = std::min(nearest(how.nearest, at), from - 1);
            result.push_back({chosen, chosen, 0});
            continue;
        }
        const Rational inside = at < 0 ? Rational(0) : last < at ? last : at, whole = ops::floor_of(inside);
        const auto first = static_cast<std::size_t>(numerator(whole));
        result.push_back({first, std::min(first + 1, from - 1), Rational(inside - whole)});
    }
    return result;
}

}  // namespace

SparseRows rows_of(const Image& image, const Resize& to) {
    const std::vector<Source> down = sources(to, image.height, to.height, to.scale_y), across = sources(to, image.width, to.width, to.scale_x);
    SparseRows rows;
    for (const Source& y : down) rows.down.push_back(y.weight);
    for (const Source& x : across) rows.across.push_back(x.weight);
    for (std::size_t c = 0; c < (to.linear ? 1 : image.channels); ++c)
        for (const Source& y : down)
            for (const Source& x : across) {
                const auto place = [&](std::size_t i, std::size_t j) {
                    rows.indices.push_back(static_cast<std::uint32_t>((c * image.height + i) * image.width + j));
                };
                place(y.first, x.first);
                if (!to.linear) continue;
                place(y.first, x.second);
                place(y.second, x.first);
                place(y.second, x.second);
            }
    return rows;
}

kernels::ConvolutionShape transposed_shape(std::size_t in_channels, std::size_t height, std::size_t width, std::size_t out_channels,
                                           const kernels::ConvolutionShape& numbers, std::size_t out_padding_y, std::size_t out_padding_x) {
    const auto extent = [](std::size_t n, std::size_t stride, std::size_t kernel, std::size_t dilation, std::size_t padding, std::size_t more) {
        const std::string_view what = "conv_transpose2d";
        if (n == 0 || stride == 0 || kernel == 0 || dilation == 0) fail(what, "a size, stride, kernel or dilation is 0; give at least 1");
        if (more >= stride && more != 0) fail(what, "the output padding " + std::to_string(more) + " is not below the stride; take a smaller one");
        const std::size_t whole = (n - 1) * stride + dilation * (kernel - 1) + 1 + more;
        if (whole <= padding || whole - padding > 0xffffffffu) fail(what, "the padding leaves nothing of the image, or it is too large; pad less");
        return static_cast<std::uint32_t>(whole - padding);
    };
    kernels::ConvolutionShape s = numbers;
    s.outputs = static_cast<std::uint32_t>(in_channels);
    s.channels = static_cast<std::uint32_t>(out_channels);
    s.height = extent(height, s.stride_y, s.kernel_height, s.dilation_y, std::size_t{s.top} + s.bottom, out_padding_y);
    s.width = extent(width, s.stride_x, s.kernel_width, s.dilation_x, std::size_t{s.left} + s.right, out_padding_x);
    kernels::check_shape(s);
    return s;
}

std::vector<std::uint32_t> detail::segments_over(std::string_view what, const Shape& shape, const std::vector<std::size_t>& axes) {
    std::vector<bool> summed(shape.size());
    for (const std::size_t axis : axes) {
        if (axis >= shape.size() || summed[axis]) fail(what, "an axis is named twice or is not there; name each once, from 0");
        summed[axis] = true;
    }
    std::vector<std::uint32_t> segments{0};
    for (std::size_t a = 0; a < shape.size(); ++a) {
        std::vector<std::uint32_t> finer;
        for (const std::uint32_t s : segments)
            for (std::size_t i = 0; i < shape[a]; ++i) finer.push_back(summed[a] ? s : static_cast<std::uint32_t>(s * shape[a] + i));
        segments = std::move(finer);
    }
    return segments;
}

}  // namespace costate::autodiff
