// Images through windows, and to other sizes: pooling, transposed convolution, resizing; and the largest over segments and axes. A value of
// channels × height × width lies row-major in a sample. Not included by var.hpp.
#pragma once

#include "autodiff/rearrange_functions.hpp"

namespace costate::autodiff {

namespace detail {
/// rows × width as width × rows: what comes first of every row first.
template <class A>
std::vector<A> turned(std::span<const A> rows, std::size_t width) {
    std::vector<A> all;
    all.reserve(rows.size());
    for (std::size_t k = 0; k < width; ++k)
        for (std::size_t i = k; i < rows.size(); i += width) all.push_back(rows[i]);
    return all;
}
}  // namespace detail

/// max over windows[j·width … (j+1)·width) of x, for every j: the first of equal ones is the one, and has the derivative. ops::no_index is left
/// out. Throws std::invalid_argument for a number of indices that is no multiple of the width, or a window with none, std::out_of_range beyond x.
template <class T>
Var<T> window_max(const Var<T>& x, std::span<const std::uint32_t> windows, std::size_t width) {
    if (width == 0 || windows.empty() || windows.size() % width != 0)
        throw std::invalid_argument("window_max: " + std::to_string(windows.size()) + " indices are no windows of " + std::to_string(width) +
                                    "; pass whole windows");
    std::vector<std::uint32_t> filled(windows.begin(), windows.end());  // with a window's first value: no other result, nothing to ask
    for (std::size_t j = 0; j < windows.size(); j += width) {
        const auto window = std::span(filled).subspan(j, width);
        const auto first = std::find_if(window.begin(), window.end(), [](std::uint32_t i) { return i != ops::no_index; });
        if (first == window.end()) throw std::invalid_argument("window_max: window " + std::to_string(j / width) + " is empty; give every window a value");
        std::replace(window.begin(), window.end(), ops::no_index, std::uint32_t{*first});
        for (const std::uint32_t i : window)
            if (i >= x.size())
                throw std::out_of_range("window_max: index " + std::to_string(i) + " of an array of " + std::to_string(x.size()) + " values; stay inside it");
    }
    Tape<T>& tape = detail::tape_of<T>("window_max", std::array<Var<T>, 1>{x});
    return detail::record<ops::WindowMax, T>(tape, std::array<Var<T>, 1>{x}, windows.size() / width, 0, static_cast<std::uint32_t>(width),
                                             tape.keep_words(detail::turned<std::uint32_t>(filled, width)));
}

/// y_j = max of x_i over the i with segments_i = j < count, the first of equal ones; ops::no_index is left out.
/// Throws std::invalid_argument when there is not one segment for each value or a segment is empty, std::out_of_range for a segment beyond count.
template <class T>
Var<T> segment_max(const Var<T>& x, std::span<const std::uint32_t> segments, std::size_t count) {
    if (segments.size() != x.size())
        throw std::invalid_argument("segment_max: " + std::to_string(segments.size()) + " segments for " + std::to_string(x.size()) + " values; pass one each");
    const Windows windows = windows_of(segments, count);
    return window_max<T>(x, windows.indices, windows.width);
}

/// The largest over the named axes, which the result has no more. Throws std::invalid_argument for an axis twice or not there.
template <class T>
Var<T> max_over(const Var<T>& x, const Shape& shape, const std::vector<std::size_t>& axes) {
    detail::check_array("max_over", x, shape);
    const std::vector<std::uint32_t> segments = detail::segments_over("max_over", shape, axes);
    return segment_max<T>(x, segments, *std::max_element(segments.begin(), segments.end()) + std::size_t{1});
}
/// The smallest over the named axes, as max_over.
template <class T>
Var<T> min_over(const Var<T>& x, const Shape& shape, const std::vector<std::size_t>& axes) {
    return -max_over(-x, shape, axes);
}
/// Products over the named axes, as max_over; halves are multiplied until one is left.
template <class T>
Var<T> prod_over(const Var<T>& x, const Shape& shape, const std::vector<std::size_t>& axes) {
    detail::check_array("prod_over", x, shape);
    const std::vector<std::uint32_t> segments = detail::segments_over("prod_over", shape, axes);
    const std::size_t count = *std::max_element(segments.begin(), segments.end()) + std::size_t{1};
    const Windows windows = windows_of(segments, count);
    const auto factor = [&](std::size_t first, std::size_t n) {
        std::vector<std::uint32_t> taken;
        for (std::size_t k = first; k < first + n; ++k)
            for (std::size_t j = 0; j < count; ++j) taken.push_back(windows.indices[j * windows.width + k]);
        return gather<T>(x, taken);
    };
    Var<T> y = factor(0, windows.width);
    for (std::size_t n = windows.width; n > 1; n -= n / 2) {
        const std::size_t half = n / 2;
        const Var<T> product = y.slice(0, half * count) * y.slice(half * count, half * count);
        y = n % 2 == 0 ? product : concat(product, y.slice(2 * half * count, count));
    }
    return y;
}

/// Σ_k c_k x[indices_k] over `width` indices and coefficients for each result: a constant sparse matrix, the same for each of the planes, side by side, of x.
/// ops::no_index is left out. Throws std::invalid_argument where the numbers do not fit, std::out_of_range beyond a plane.
template <class T>
Var<T> sparse_linear(const Var<T>& x, std::span<const std::uint32_t> indices, std::span<const T> coefficients, std::size_t width, std::size_t planes = 1) {
    if (width == 0 || width > ops::SparseLinear::most_entries || indices.empty() || indices.size() % width != 0 || coefficients.size() != indices.size())
        throw std::invalid_argument("sparse_linear: " + std::to_string(indices.size()) + " indices with " + std::to_string(coefficients.size()) +
                                    " coefficients are no rows of " + std::to_string(width) + "; pass whole rows of at most 255, one coefficient an index");
    if (planes == 0 || planes > ops::SparseLinear::most_planes || x.size() % planes != 0)
        throw std::invalid_argument("sparse_linear: " + std::to_string(x.size()) + " values are not " + std::to_string(planes) +
                                    " planes alike; pass at least 1, at most 2^24");
    const std::size_t plane = x.size() / planes;
    for (const std::uint32_t i : indices)
        if (i >= plane && i != ops::no_index)
            throw std::out_of_range("sparse_linear: index " + std::to_string(i) + " of an array of " + std::to_string(plane) + " values; stay inside it");
    Tape<T>& tape = detail::tape_of<T>("sparse_linear", std::array<Var<T>, 1>{x});
    const std::uint64_t at = tape.keep(detail::turned<T>(coefficients, width));
    return detail::record<ops::SparseLinear, T>(tape, std::array<Var<T>, 1>{x}, indices.size() / width * planes, at,
                                                ops::SparseLinear::extra_of(width, planes), tape.keep_words(detail::turned<std::uint32_t>(indices, width)));
}

namespace detail {
template <class Op, class T>
Var<T> pool(std::string_view what, const Var<T>& x, const ops::PoolShape& shape) {
    Tape<T>& tape = tape_of<T>(what, std::array<Var<T>, 1>{x});
    const std::size_t n = std::size_t{shape.channels} * shape.down.windows * shape.across.windows;
    return record<Op, T>(tape, std::array<Var<T>, 1>{x}, n, 0, 0, keep_geometry(tape, shape));
}
}  // namespace detail

/// The largest of every window; padding is never the largest. Throws std::invalid_argument when x has not the size of the image, the window does
/// not fit the padded image, or one would see padding alone (PyTorch: padding at most half the kernel).
template <class T>
Var<T> max_pool2d(const Var<T>& x, const Image& image, const PoolWindow& window) {
    detail::check_image_size("max_pool2d", "the input", x.size(), image.size());
    return detail::pool<ops::MaxPool2d>("max_pool2d", x, pool_shape("max_pool2d", image, window));
}

/// The mean of every window. count_padding: padding counts as zeros, what lies beyond it (ceil_mode) does not; else the mean is that of the
/// pixels that are there. Throws as max_pool2d.
template <class T>
Var<T> avg_pool2d(const Var<T>& x, const Image& image, const PoolWindow& window, bool count_padding) {
    detail::check_image_size("avg_pool2d", "the input", x.size(), image.size());
    return detail::pool<ops::AvgPool2d>("avg_pool2d", x, pool_shape("avg_pool2d", image, window, count_padding));
}

/// x at another size. Throws std::invalid_argument when x has not the size of the image or a size is 0.
template <class T>
Var<T> resize(const Var<T>& x, const Image& image, const Resize& to) {
    detail::check_image_size("resize", "the input", x.size(), image.size());
    const SparseRows rows = rows_of(image, to);
    if (!to.linear) return gather<T>(x, rows.indices);
    std::vector<T> coefficients;
    coefficients.reserve(rows.indices.size());
    for (const Rational& below : rows.down)
        for (const Rational& right : rows.across) {
            const Rational above = 1 - below, left = 1 - right;
            for (const Rational& of_row : {above, below})
                for (const Rational& of_column : {left, right}) coefficients.push_back(from_rational<T>(Rational(of_row * of_column)));
        }
    return sparse_linear<T>(x, rows.indices, coefficients, 4, image.channels);
}

namespace detail {
template <class T>
Var<T> conv_transpose2d(std::span<const Var<T>> arguments, const ConvolutionShape& shape) {
    Tape<T>& tape = tape_of<T>("conv_transpose2d", arguments);
    kernels::check_shape(shape);
    check_image_size("conv_transpose2d", "the input", arguments[0].size(), shape.out_size());
    check_image_size("conv_transpose2d", "the weight", arguments[1].size(), shape.weight_size());
    if (arguments.size() == 3) check_image_size("conv_transpose2d", "the bias", arguments[2].size(), shape.channels);
    check_shared<T>("conv_transpose2d", arguments.subspan(1));
    return record<ops::ConvTranspose2d, T>(tape, arguments, shape.in_size(), 0, 0, keep_geometry(tape, shape));
}
}  // namespace detail

/// Wᵀ ∗ x (+ b): the transpose of the convolution of `shape`, so x has shape.outputs × out_height × out_width values, the result shape.channels ×
/// height × width, and W (inputs × outputs/groups × kernel, as PyTorch and ONNX have it) is that convolution's W. transposed_shape makes the shape
/// from the sizes of x. Throws as conv2d.
template <class T>
Var<T> conv_transpose2d(const Var<T>& x, const Var<T>& weight, const ConvolutionShape& shape) {
    return detail::conv_transpose2d<T>(std::array<Var<T>, 2>{x, weight}, shape);
}
template <class T>
Var<T> conv_transpose2d(const Var<T>& x, const Var<T>& weight, const Var<T>& bias, const ConvolutionShape& shape) {
    return detail::conv_transpose2d<T>(std::array<Var<T>, 3>{x, weight, bias}, shape);
}

}  // namespace costate::autodiff
