// The same numbers in other shapes and orders, and sums over axes. Axes are counted from 0, those of a sample.
#pragma once

#include "autodiff/rearrange_functions.hpp"
#include "nn/layers/elementwise.hpp"
#include "nn/layers/image.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace costate::nn::layers {

/// What these share: one input, no tensors.
struct OfAxes {
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static constexpr NumberRole axis_number{"axis", false, 0, 0, 15, true};

protected:
    static std::size_t axis(const Layer& layer) {
        const std::size_t at = layer.count("axis"), rank = layer.in_shapes[0].size();
        if (at >= rank)
            throw LayerError("names the axis " + std::to_string(at) + " of an input of the shape " + shape_text(layer.in_shapes[0]) + "; count axes from 0");
        return at;
    }
};

struct Reshape : OfAxes {
    static constexpr std::string_view name = "reshape", meaning = "the same values in the shape `shape`";
    static constexpr std::array<ListRole, 1> lists{{{"shape", true, 1, 1 << 24}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto result = layer.counts("shape");
        if (values_of(result) != values_of(layer.in_shapes[0]))
            throw LayerError("gives the shape " + shape_text(result) + " to an input of the shape " + shape_text(layer.in_shapes[0]) +
                             "; they need as many values");
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return in[0];
    }
};

struct Transpose : OfAxes {
    static constexpr std::string_view name = "transpose", meaning = "axis i of the result is axis `axes`[i]";
    static constexpr std::array<ListRole, 1> lists{{{"axes", true, 0, 15}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto order = layer.counts("axes");
        const auto& in = layer.in_shapes[0];
        std::vector<std::size_t> sorted = order, all(in.size()), result;
        std::iota(all.begin(), all.end(), 0);
        std::sort(sorted.begin(), sorted.end());
        if (sorted != all)
            throw LayerError("has \"axes\" that are no order of those of an input of the shape " + shape_text(in) + "; name each once, from 0");
        for (const std::size_t a : order) result.push_back(in[a]);
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::transpose(in[0], layer.in_shapes[0], layer.counts("axes"));
    }
};

struct SliceLayer : OfAxes {
    static constexpr std::string_view name = "slice", meaning = "`count` values along `axis`, from `begin` on by `step`";
    static constexpr std::array<NumberRole, 4> numbers{{axis_number,
                                                        {"begin", false, 0, 0, largest_number, true},
                                                        {"count", true, 1, 1, largest_number, true},
                                                        {"step", false, 1, 1, largest_number, true}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        auto result = layer.in_shapes[0];
        const std::size_t at = axis(layer), last = layer.count("begin") + (layer.count("count") - 1) * layer.count("step");
        if (last >= result[at])
            throw LayerError("takes the index " + std::to_string(last) + " of an axis of " + std::to_string(result[at]) + "; stay inside");
        result[at] = layer.count("count");
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto& from = layer.in_shapes[0];
        std::vector<autodiff::Range> ranges;
        for (const std::size_t n : from) ranges.push_back({0, n, 1});
        const std::size_t at = axis(layer), begin = layer.count("begin"), count = layer.count("count");
        ranges[at] = {begin, count, layer.count("step")};
        const std::size_t inner = values_of(std::span(from).subspan(at + 1)), outer = values_of(std::span(from).first(at));
        if (outer == 1 && layer.count("step") == 1) return in[0].slice(begin * inner, count * inner);
        return autodiff::part_of(in[0], from, ranges);
    }
};

struct GatherLayer : OfAxes {
    static constexpr std::string_view name = "gather", meaning = "index i of `axis` is its index `indices`[i]";
    static constexpr std::array<NumberRole, 1> numbers{{axis_number}};
    static constexpr std::array<ListRole, 1> lists{{{"indices", true, 0, 1 << 24}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        auto result = layer.in_shapes[0];
        const std::size_t at = axis(layer);
        const auto indices = layer.counts("indices");
        for (const std::size_t i : indices)
            if (i >= result[at]) throw LayerError("takes the index " + std::to_string(i) + " of an axis of " + std::to_string(result[at]) + "; stay inside");
        result[at] = indices.size();
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto indices = layer.counts("indices");
        const auto strides = autodiff::detail::strides(layer.in_shapes[0]);
        const std::size_t at = axis(layer);
        return autodiff::gather<T>(in[0], autodiff::detail::indices_of(layer.out_shape, [&](autodiff::Shape p) {
                                       p[at] = indices[p[at]];
                                       return autodiff::detail::place(p, strides);
                                   }));
    }
};

/// All inputs one after the other along an axis. A sum of sizes cannot overflow: the reader bounds every size.
struct Concat : OfAxes {
    static constexpr std::string_view name = "concat", meaning = "[a, b, …] along `axis`, of lists the only one";
    static constexpr std::size_t most_inputs = 64;
    static constexpr std::array<NumberRole, 1> numbers{{axis_number}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        auto result = layer.in_shapes[0];
        const std::size_t at = axis(layer);
        result[at] = 0;
        for (auto in : layer.in_shapes) {
            const std::size_t own = at < in.size() ? std::exchange(in[at], result[at]) : 0;
            if (in != result)
                throw LayerError("has inputs of the shapes " + shape_text(layer.in_shapes[0]) + " and " + shape_text(in) +
                                 "; they have to agree but for the axis " + std::to_string(at));
            result[at] += own;
        }
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const std::size_t at = axis(layer);
        if (values_of(std::span(layer.out_shape).first(at)) == 1) return autodiff::concat(in);
        std::vector<std::size_t> front(layer.out_shape.size()), back(front.size());  // the axis first, joined, and back again
        std::iota(front.begin(), front.end(), 0);
        std::rotate(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(at), front.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        std::vector<std::size_t> moved;
        for (std::size_t i = 0; i < front.size(); ++i) back[front[i]] = i, moved.push_back(layer.out_shape[front[i]]);
        std::vector<autodiff::Var<T>> parts;
        for (std::size_t i = 0; i < in.size(); ++i) parts.push_back(autodiff::transpose(in[i], layer.in_shapes[i], front));
        return autodiff::transpose(autodiff::concat(parts), moved, back);
    }
};

struct ExpandLayer : OfAxes {
    static constexpr std::string_view name = "expand", meaning = "repeated to the shape `shape`, axes of 1 and missing ones";
    static constexpr std::array<ListRole, 1> lists{{{"shape", true, 1, 1 << 24}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto result = layer.counts("shape");
        if (broadcast_shape(layer.in_shapes[0], result) != result)
            throw LayerError("repeats an input of the shape " + shape_text(layer.in_shapes[0]) + " to " + shape_text(result) +
                             "; axes have to agree or be 1");
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::broadcast_to(in[0], layer.in_shapes[0], layer.out_shape);
    }
};

struct PadLayer : OfAxes {
    static constexpr std::string_view name = "pad", meaning = "`before` and `after` values `value` along each axis";
    static constexpr std::array<ListRole, 2> lists{{{"before", true, 0, 1 << 24}, {"after", true, 0, 1 << 24}}};
    static constexpr std::array<NumberRole, 1> numbers{{{"value", false, 0, -1e300, 1e300, false}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        auto result = layer.in_shapes[0];
        const auto before = layer.counts("before"), after = layer.counts("after");
        if (before.size() != result.size() || after.size() != result.size())
            throw LayerError("pads an input of the shape " + shape_text(result) + "; give one number before and after each axis");
        for (std::size_t a = 0; a < result.size(); ++a) result[a] += before[a] + after[a];
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto before = layer.counts("before"), after = layer.counts("after");
        const autodiff::Var<T> y = autodiff::pad(in[0], layer.in_shapes[0], before, after);
        if (layer.numbers.at("value") == 0) return y;
        std::vector<T> around;  // the value where y has a zero for padding
        const T value = in_scalar<T>(layer.numbers.at("value"));
        (void)autodiff::detail::indices_of(layer.out_shape, [&](const autodiff::Shape& p) {
            bool inside = true;
            for (std::size_t a = 0; a < p.size(); ++a) inside = inside && p[a] >= before[a] && p[a] < before[a] + layer.in_shapes[0][a];
            around.push_back(inside ? T(0) : value);
            return std::size_t{0};
        });
        return y + in[0].tape()->constant(around);
    }
};

}  // namespace costate::nn::layers
