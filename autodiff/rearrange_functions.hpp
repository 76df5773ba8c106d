// Arrays with axes, rearranged, repeated and summed: gathers and segment sums whose indices are worked out when they are recorded. A value of a
// shape lies row-major in a sample. Not included by var.hpp.
#pragma once

#include "autodiff/var.hpp"
#include "autodiff/window.hpp"

#include <functional>
#include <numeric>

namespace costate::autodiff {

namespace detail {

inline std::string axes_text(const Shape& shape) {
    std::string text;
    for (const std::size_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
    return text.empty() ? "no axis" : text;
}

/// Throws std::invalid_argument unless x has the values of the shape, and shapes fit 32-bit indices.
template <class T>
void check_array(std::string_view what, const Var<T>& x, const Shape& shape) {
    std::size_t n = 1;
    for (const std::size_t axis : shape) n = axis != 0 && n > ops::no_index / axis ? ops::no_index : n * axis;
    if (n != x.size() || n == ops::no_index)
        throw std::invalid_argument(std::string(what) + ": " + std::to_string(x.size()) + " values are not " + axes_text(shape) + "; give the shape that they have");
}

/// Distances of neighbours along each axis.
inline Shape strides(const Shape& shape) {
    Shape s(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) s[i - 1] = s[i] * shape[i];
    return s;
}

/// index(position) for every position of the shape, row-major; ops::no_index may be among them.
template <class Index>
std::vector<std::uint32_t> indices_of(const Shape& shape, Index index) {
    const std::size_t count = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
    std::vector<std::uint32_t> indices;
    indices.reserve(count);
    Shape position(shape.size(), 0);
    for (std::size_t i = 0; i < count; ++i) {
        indices.push_back(static_cast<std::uint32_t>(index(position)));
        for (std::size_t a = shape.size(); a-- > 0 && ++position[a] == shape[a];) position[a] = 0;
    }
    return indices;
}

/// The place of a position, axis by axis.
inline std::size_t place(const Shape& position, const Shape& strides) {
    return std::inner_product(position.begin(), position.end(), strides.begin(), std::size_t{0});
}

inline void check_axes(std::string_view what, std::size_t given, const Shape& shape) {
    if (given != shape.size())
        throw std::invalid_argument(std::string(what) + ": " + std::to_string(given) + " numbers for the axes of " + axes_text(shape) + "; give one for each");
}

}  // namespace detail

/// Axis i of the result is axis axes[i] of x. Throws std::invalid_argument unless `axes` is an order of all of them.
template <class T>
Var<T> transpose(const Var<T>& x, const Shape& shape, const std::vector<std::size_t>& axes) {
    detail::check_array("transpose", x, shape);
    detail::check_axes("transpose", axes.size(), shape);
    std::vector<bool> seen(axes.size());
    Shape result;
    for (const std::size_t axis : axes) {
        if (axis >= axes.size() || seen[axis]) throw std::invalid_argument("transpose: the axes are no order of all of them; name each once, from 0");
        seen[axis] = true;
        result.push_back(shape[axis]);
    }
    const Shape strides = detail::strides(shape);
    Shape moved;
    for (const std::size_t axis : axes) moved.push_back(strides[axis]);
    return gather<T>(x, detail::indices_of(result, [&](const Shape& position) { return detail::place(position, moved); }));
}

/// What an axis keeps: begin, begin + step, … , `count` of them.
struct Range {
    std::size_t begin = 0, count = 1, step = 1;
};

/// The part of x that every axis keeps. Throws std::out_of_range where a range leaves its axis, std::invalid_argument for none or a count of 0.
template <class T>
Var<T> part_of(const Var<T>& x, const Shape& shape, const std::vector<Range>& ranges) {
    detail::check_array("part_of", x, shape);
    detail::check_axes("part_of", ranges.size(), shape);
    Shape result;
    for (std::size_t a = 0; a < ranges.size(); ++a) {
        const Range& r = ranges[a];
        if (r.count == 0) throw std::invalid_argument("part_of: axis " + std::to_string(a) + " keeps nothing; keep at least one");
        if (r.begin >= shape[a] || (r.count > 1 && (shape[a] - 1 - r.begin) / (r.count - 1) < r.step))
            throw std::out_of_range("part_of: the range of axis " + std::to_string(a) + " leaves its " + std::to_string(shape[a]) + " values; stay inside");
        result.push_back(r.count);
    }
    const Shape strides = detail::strides(shape);
    return gather<T>(x, detail::indices_of(result, [&](const Shape& position) {
                         std::size_t place = 0;
                         for (std::size_t a = 0; a < position.size(); ++a) place += (ranges[a].begin + position[a] * ranges[a].step) * strides[a];
                         return place;
                     }));
}

/// x with zeros around: `before` and `after` values along each axis. Throws std::invalid_argument unless there is one number for each axis.
template <class T>
Var<T> pad(const Var<T>& x, const Shape& shape, const Shape& before, const Shape& after) {
    detail::check_array("pad", x, shape);
    detail::check_axes("pad", before.size(), shape);
    detail::check_axes("pad", after.size(), shape);
    Shape result;
    for (std::size_t a = 0; a < shape.size(); ++a) result.push_back(before[a] + shape[a] + after[a]);
    const Shape strides = detail::strides(shape);
    return gather<T>(x, detail::indices_of(result, [&](const Shape& position) {
                         std::size_t place = 0;
                         for (std::size_t a = 0; a < position.size(); ++a) {
                             if (position[a] < before[a] || position[a] >= before[a] + shape[a]) return std::size_t{ops::no_index};
                             place += (position[a] - before[a]) * strides[a];
                         }
                         return place;
                     }));
}

/// x repeated to another shape: axes of 1 become as long as wanted, and further axes are put before the others (numpy's rule).
/// Throws std::invalid_argument where an axis is neither 1 nor agrees.
template <class T>
Var<T> broadcast_to(const Var<T>& x, const Shape& shape, const Shape& result) {
    detail::check_array("broadcast_to", x, shape);
    const std::size_t fresh = result.size() < shape.size() ? 0 : result.size() - shape.size();
    bool fits = result.size() >= shape.size();
    for (std::size_t a = 0; fits && a < shape.size(); ++a) fits = shape[a] == 1 || shape[a] == result[fresh + a];
    if (!fits)
        throw std::invalid_argument("broadcast_to: " + detail::axes_text(shape) + " does not become " + detail::axes_text(result) +
                                    "; an axis has to agree or be 1");
    const Shape strides = detail::strides(shape);
    Shape repeated(result.size(), 0);
    for (std::size_t a = 0; a < shape.size(); ++a) repeated[fresh + a] = shape[a] == 1 ? 0 : strides[a];
    return gather<T>(x, detail::indices_of(result, [&](const Shape& position) { return detail::place(position, repeated); }));
}

/// Sums over the named axes, which the result has no more (none left: one value). Throws std::invalid_argument for an axis twice or not there.
template <class T>
Var<T> sum_over(const Var<T>& x, const Shape& shape, const std::vector<std::size_t>& axes) {
    detail::check_array("sum_over", x, shape);
    const std::vector<std::uint32_t> segments = detail::segments_over("sum_over", shape, axes);
    return segment_sum<T>(x, segments, *std::max_element(segments.begin(), segments.end()) + std::size_t{1});
}

/// Means over the named axes; throws as sum_over.
template <class T>
Var<T> mean_over(const Var<T>& x, const Shape& shape, const std::vector<std::size_t>& axes) {
    const Var<T> sum = sum_over(x, shape, axes);
    return sum * (T(1) / T(static_cast<int>(x.size() / sum.size())));
}

}  // namespace costate::autodiff
