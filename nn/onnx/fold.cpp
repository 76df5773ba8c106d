#include "nn/onnx/fold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace costate::nn::onnx {

void charge(std::size_t numbers, std::size_t& budget) {
    if (numbers > budget) throw GraphError("makes more constants than 2^24 numbers in all; export a smaller network");
    budget -= numbers;
}

Tensor made(Type type, Shape shape, std::size_t& budget) {
    const std::size_t count = count_of(shape);
    charge(count, budget);
    return {{}, type, std::move(shape), std::vector<double>(count), {}, false};
}

Tensor moved(const Tensor& from, Shape shape, std::span<const std::size_t> indices, std::size_t& budget) {
    Tensor result = made(from.type, std::move(shape), budget);
    for (std::size_t i = 0; i < indices.size(); ++i) result.values[i] = from.values[indices[i]];
    if (!from.symbolic()) return result;
    for (const std::size_t i : indices) result.batch.push_back(from.batch[i]);
    if (std::ranges::all_of(result.batch, [](double n) { return n == 0; })) result.batch.clear();
    return result;
}

Shape strides_of(const Shape& shape) {
    Shape strides(shape.size(), 0);
    std::size_t distance = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
        if (shape[i] != 1) strides[i] = distance;
        distance *= shape[i];
    }
    return strides;
}

Tensor expanded(const Tensor& x, const Shape& shape, std::size_t& budget) {
    if (x.shape == shape) return x;
    if (count_of(shape) > budget) (void)made(x.type, shape, budget);  // throws before any list is made
    const Shape strides = strides_of(x.shape);
    const std::size_t fresh = shape.size() - x.shape.size();
    return moved(x, shape,
                 indices_of(shape,
                            [&](const Shape& p) {
                                return std::inner_product(strides.begin(), strides.end(), p.begin() + static_cast<std::ptrdiff_t>(fresh), std::size_t{0});
                            }),
                 budget);
}

namespace {

using Inputs = std::span<const TensorPointer>;
using Outputs = std::vector<Tensor>;

/// The same numbers in another shape; a weight keeps its name.
Tensor reshaped(const Tensor& x, Shape shape, std::size_t& budget) {
    if (count_of(shape) != x.values.size())
        throw GraphError("gives the shape " + text_of(shape) + " to " + std::to_string(x.values.size()) + " numbers; export the network again");
    charge(x.values.size(), budget);
    Tensor result = x;
    result.shape = std::move(shape);
    return result;
}

Shape sizes(const Tensor& tensor, std::string_view what) {
    Shape result;
    for (const std::int64_t n : plain_integers(tensor, what)) {
        if (n < 0) throw GraphError("gives a negative size; export the network again");
        result.push_back(static_cast<std::size_t>(n));
    }
    return result;
}

Outputs transpose(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const Tensor& x = *in[0];
    std::vector<std::int64_t> order(x.shape.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(order.size() - 1 - i);
    if (const auto given = node.integers("perm")) order = *given;
    if (order.size() != x.shape.size() || axes_of(order, order.size()).size() != order.size())
        throw GraphError("has an order of axes that is none; export the network again");
    const Shape strides = strides_of(x.shape);
    Shape shape, along;
    for (const std::int64_t a : order) shape.push_back(x.shape[static_cast<std::size_t>(a)]), along.push_back(strides[static_cast<std::size_t>(a)]);
    Tensor result =
        moved(x, shape, indices_of(shape, [&](const Shape& p) { return std::inner_product(p.begin(), p.end(), along.begin(), std::size_t{0}); }), budget);
    result.name = x.name;
    result.trained = x.trained;
    result.derived = x.derived;
    return {std::move(result)};
}

Tensor gathered(const Tensor& x, const Tensor& indices, std::size_t axis, std::size_t& budget) {
    std::vector<std::size_t> chosen;
    for (const std::int64_t i : plain_integers(indices, "indices")) chosen.push_back(axis_of(i, x.shape[axis]));
    Shape flat = x.shape, shape(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    flat[axis] = chosen.size();
    shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
    shape.insert(shape.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape.end());
    if (count_of(flat) > budget) (void)made(x.type, flat, budget);
    const Shape strides = strides_of(x.shape);
    return moved(x, shape,
                 indices_of(flat,
                            [&](Shape p) {
                                p[axis] = chosen[p[axis]];
                                return std::inner_product(p.begin(), p.end(), strides.begin(), std::size_t{0});
                            }),
                 budget);
}

Tensor sliced(const Tensor& x, std::span<const Kept> ranges, std::size_t& budget) {
    Shape shape = x.shape;
    const Shape strides = strides_of(x.shape);
    for (const Kept& k : ranges) shape[k.axis] = k.count;
    return moved(x, shape,
                 indices_of(shape,
                            [&](Shape p) {
                                for (const Kept& k : ranges) p[k.axis] = static_cast<std::size_t>(k.begin + static_cast<std::int64_t>(p[k.axis]) * k.step);
                                return std::inner_product(p.begin(), p.end(), strides.begin(), std::size_t{0});
                            }),
                 budget);
}

Outputs concat(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const std::size_t axis = axis_of(node.integer("axis", 0), in[0]->shape.size());
    Shape shape = in[0]->shape;
    shape[axis] = 0;
    bool symbolic = false;
    for (const TensorPointer& x : in) {
        Shape other = x->shape;
        if (other.size() != shape.size()) throw GraphError("joins values of unequal axes; export the network again");
        shape[axis] += std::exchange(other[axis], shape[axis]);
        if (!std::equal(other.begin(), other.end(), shape.begin(),
                        [&, i = std::size_t{0}](std::size_t a, std::size_t b) mutable { return i++ == axis || a == b; }))
            throw GraphError("joins values of shapes that do not agree; export the network again");
        symbolic = symbolic || x->symbolic();
    }
    Tensor result = made(in[0]->type, shape, budget);
    if (symbolic) result.batch.assign(result.values.size(), 0);
    const auto product = [&](std::size_t from, std::size_t to) {
        return count_of(Shape(shape.begin() + static_cast<std::ptrdiff_t>(from), shape.begin() + static_cast<std::ptrdiff_t>(to)));
    };
    const std::size_t outer = product(0, axis), inner = product(axis + 1, shape.size());
    std::size_t to = 0;
    for (std::size_t o = 0; o < outer; ++o)
        for (const TensorPointer& x : in)
            for (std::size_t i = 0; i < x->shape[axis] * inner; ++i, ++to) {
                const Size value = size_at(*x, o * x->shape[axis] * inner + i);
                result.values[to] = value.v;
                if (symbolic) result.batch[to] = value.n;
            }
    return {std::move(result)};
}

Outputs slice(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    return {sliced(*in[0], slices(node, in, in[0]->shape, std::nullopt), budget)};
}

Outputs split(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const std::size_t axis = axis_of(node.integer("axis", 0), in[0]->shape.size());
    Outputs parts;
    std::int64_t begin = 0;
    for (const std::size_t count : split_sizes(node, in, in[0]->shape[axis])) {
        parts.push_back(sliced(*in[0], std::array{Kept{axis, begin, count, 1}}, budget));
        begin += static_cast<std::int64_t>(count);
    }
    return parts;
}

Outputs unsqueeze(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const auto given = list_argument(node, in, 1, "axes");
    if (!given) throw GraphError("names no axes; export the network again");
    Shape shape = in[0]->shape;
    for (const std::size_t axis : axes_of(*given, shape.size() + given->size())) shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
    return {reshaped(*in[0], shape, budget)};
}

Outputs squeeze(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const auto given = list_argument(node, in, 1, "axes");
    Shape shape;
    const auto dropped = given ? axes_of(*given, in[0]->shape.size()) : std::vector<std::size_t>();
    for (std::size_t i = 0; i < in[0]->shape.size(); ++i)
        if (given ? std::ranges::find(dropped, i) == dropped.end() : in[0]->shape[i] != 1) shape.push_back(in[0]->shape[i]);
    return {reshaped(*in[0], shape, budget)};
}

Outputs reshape(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    std::vector<std::int64_t> wanted = plain_integers(*in[1], "shape");
    std::size_t known_size = 1;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == 0 && node.integer("allowzero", 0) == 0 && i < in[0]->shape.size()) wanted[i] = static_cast<std::int64_t>(in[0]->shape[i]);
        if (wanted[i] < -1) throw GraphError("gives a negative size; export the network again");
        if (wanted[i] > 0) known_size = count_of({known_size, static_cast<std::size_t>(wanted[i])});
    }
    Shape shape;
    for (const std::int64_t n : wanted) shape.push_back(n >= 0 ? static_cast<std::size_t>(n) : in[0]->values.size() / known_size);
    return {reshaped(*in[0], shape, budget)};
}

Outputs expand(const Node&, Inputs in, std::int64_t, std::size_t& budget) {
    const Shape shape = broadcast(in[0]->shape, sizes(*in[1], "shape"));
    if (shape == in[0]->shape) charge(count_of(shape), budget);
    return {expanded(*in[0], shape, budget)};
}

Outputs fill(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const auto value = node.attributes.find("value");
    const bool given = value != node.attributes.end() && value->second.tensor && value->second.tensor->values.size() == 1;
    Tensor result = made(given ? value->second.tensor->type : Type::real, sizes(*in[0], "shape"), budget);
    if (given) std::ranges::fill(result.values, value->second.tensor->values[0]);
    return {std::move(result)};
}

Outputs range(const Node&, Inputs in, std::int64_t, std::size_t& budget) {
    std::array<double, 3> a{};
    for (std::size_t i = 0; i < 3; ++i) {
        if (in[i]->values.size() != 1) throw GraphError("counts from, to or by several numbers; export the network again");
        if (in[i]->symbolic()) throw GraphError("counts up to the size of the batch; export the network so that its samples do not meet");
        a[i] = in[i]->values[0];
    }
    const double count = std::max(0.0, std::ceil((a[1] - a[0]) / a[2]));
    if (!(count <= static_cast<double>(largest_folded))) throw GraphError("counts further than 2^24; export a smaller network");
    Tensor result = made(in[0]->type, {static_cast<std::size_t>(count)}, budget);
    for (std::size_t i = 0; i < result.values.size(); ++i) result.values[i] = a[0] + static_cast<double>(i) * a[2];
    return {std::move(result)};
}

Outputs cast(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    Tensor result = reshaped(*in[0], in[0]->shape, budget);
    const std::int64_t to = node.integer("to", 1);
    result.type = to == 9 ? Type::boolean : to == 1 || to == 10 || to == 11 || to == 16 ? Type::real : Type::integer;
    if (result.type != in[0]->type) {
        result.trained = result.derived = false;
        result.name.clear();
    }
    if (in[0]->type == Type::real && result.type == Type::integer)
        for (double& value : result.values) value = std::trunc(value);
    if (result.type == Type::boolean)
        for (double& value : result.values) value = value != 0 ? 1 : 0;
    return {std::move(result)};
}

Outputs same(const Node&, Inputs in, std::int64_t, std::size_t& budget) { return {reshaped(*in[0], in[0]->shape, budget)}; }

Outputs flatten(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const std::int64_t rank = static_cast<std::int64_t>(in[0]->shape.size()), axis = node.integer("axis", 1);
    if (axis < -rank || axis > rank) throw GraphError("names an axis that there is not; export the network again");
    const auto cut = in[0]->shape.begin() + (axis < 0 ? axis + rank : axis);
    return {reshaped(*in[0], {count_of(Shape(in[0]->shape.begin(), cut)), count_of(Shape(cut, in[0]->shape.end()))}, budget)};
}

Outputs gather(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    return {gathered(*in[0], *in[1], axis_of(node.integer("axis", 0), in[0]->shape.size()), budget)};
}

/// Sums, products and the like over all or some axes.
Outputs reduce(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const Tensor& x = *in[0];
    if (x.symbolic()) throw GraphError("adds or multiplies sizes of the batch; export the network with fixed shapes");
    const auto given = list_argument(node, in, 1, "axes");
    std::vector<std::int64_t> axes = given.value_or(std::vector<std::int64_t>());
    if (axes.empty() && node.integer("noop_with_empty_axes", 0) != 0) return same(node, in, 0, budget);
    if (axes.empty()) axes.resize(x.shape.size()), std::iota(axes.begin(), axes.end(), 0);
    Shape with_ones = x.shape, shape;
    const auto dropped = axes_of(axes, x.shape.size());
    for (const std::size_t a : dropped) with_ones[a] = 1;
    for (std::size_t i = 0; i < x.shape.size(); ++i)
        if (node.integer("keepdims", 1) != 0 || std::ranges::find(dropped, i) == dropped.end()) shape.push_back(with_ones[i]);
    Tensor result = made(x.type, shape, budget);
    const bool product = node.op == "ReduceProd", largest = node.op == "ReduceMax", least = node.op == "ReduceMin";
    std::ranges::fill(result.values, product   ? 1.0
                                     : largest ? -std::numeric_limits<double>::infinity()
                                     : least   ? std::numeric_limits<double>::infinity()
                                               : 0.0);
    const Shape strides = strides_of(with_ones);
    const auto places = indices_of(x.shape, [&](const Shape& p) { return std::inner_product(p.begin(), p.end(), strides.begin(), std::size_t{0}); });
    for (std::size_t i = 0; i < places.size(); ++i) {
        double& y = result.values[places[i]];
        y = product ? y * x.values[i] : largest ? std::max(y, x.values[i]) : least ? std::min(y, x.values[i]) : y + x.values[i];
    }
    if (node.op == "ReduceMean")
        for (double& y : result.values) y *= static_cast<double>(result.values.size()) / static_cast<double>(x.values.size());
    return {std::move(result)};
}

/// Of the last two axes i and j, what j - i ≥ k leaves (upper) or j - i ≤ k, else 0.
Outputs triangle(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    const Tensor& x = *in[0];
    if (x.shape.size() < 2) throw GraphError("takes a triangle of what is no matrix; export the network again");
    const bool upper = node.integer("upper", 1) != 0;
    const auto given = list_argument(node, in, 1, "k");
    const std::int64_t k = given ? given->at(0) : 0;
    const std::size_t columns = x.shape.back(), rows = x.shape[x.shape.size() - 2];
    Tensor result = reshaped(x, x.shape, budget);
    result.trained = result.derived = false;  // other numbers than those of that name
    result.name.clear();
    for (std::size_t i = 0; i < x.values.size(); ++i) {
        const auto from_diagonal = static_cast<std::int64_t>(i % columns) - static_cast<std::int64_t>(i / columns % rows);
        if (upper ? from_diagonal >= k : from_diagonal <= k) continue;
        result.values[i] = 0;
        if (x.symbolic()) result.batch[i] = 0;
    }
    return {std::move(result)};
}

/// 1 where j - i = k.
Outputs eye(const Node& node, Inputs in, std::int64_t, std::size_t& budget) {
    if (in[0]->shape.size() != 2) throw GraphError("wants a matrix; export the network again");
    const auto type = node.integer("dtype", 1);
    Tensor result = made(type == 1 || type == 10 || type == 11 ? Type::real : Type::integer, in[0]->shape, budget);
    const std::int64_t k = node.integer("k", 0);
    const std::size_t columns = in[0]->shape[1];
    for (std::size_t i = 0; i < result.values.size(); ++i)
        result.values[i] = static_cast<std::int64_t>(i % columns) - static_cast<std::int64_t>(i / columns) == k ? 1 : 0;
    return {std::move(result)};
}

struct Folding {
    std::string_view name;
    std::size_t least_inputs;
    Outputs (*work)(const Node&, Inputs, std::int64_t, std::size_t&);
};
constexpr std::array<Folding, 21> foldings{{{"Transpose", 1, transpose},
                                            {"Trilu", 1, triangle},
                                            {"EyeLike", 1, eye},
                                            {"Concat", 1, concat},
                                            {"Slice", 3, slice},
                                            {"Split", 1, split},
                                            {"Unsqueeze", 1, unsqueeze},
                                            {"Squeeze", 1, squeeze},
                                            {"Reshape", 2, reshape},
                                            {"Expand", 2, expand},
                                            {"ConstantOfShape", 1, fill},
                                            {"Range", 3, range},
                                            {"Cast", 1, cast},
                                            {"Identity", 1, same},
                                            {"Flatten", 1, flatten},
                                            {"Gather", 2, gather},
                                            {"ReduceSum", 1, reduce},
                                            {"ReduceProd", 1, reduce},
                                            {"ReduceMax", 1, reduce},
                                            {"ReduceMin", 1, reduce},
                                            {"ReduceMean", 1, reduce}}};

/// What comes of a parameter is one: numbers that training moves, as long as they are no more than there were.
void inherit(const Node& node, Inputs in, Outputs& results) {
    std::size_t count = 0;
    const Tensor* first = nullptr;
    for (const TensorPointer& x : in) {
        if (!x || !is_parameter(*x)) continue;
        count += x->values.size();
        if (first == nullptr) first = x.get();
    }
    for (Tensor& y : results) {
        if (first == nullptr || y.trained || y.type != Type::real || y.values.size() > count) continue;
        y.trained = y.derived = true;
        y.name = first->name;
        if (first->derived) continue;
        y.name += ".";
        for (const char c : node.op) y.name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
}

std::optional<Outputs> worked_out(const Node& node, std::span<const TensorPointer> inputs, std::int64_t opset, std::size_t& budget) {
    if (inputs.empty() || !inputs[0]) return std::nullopt;
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (!inputs[i] && !node.inputs[i].empty()) return std::nullopt;
    const bool all = std::ranges::all_of(inputs, [](const TensorPointer& t) { return t != nullptr; });
    if (!all && node.op == "Concat") return std::nullopt;
    if (all)
        if (auto result = fold_arithmetic(node, inputs, budget)) return Outputs{std::move(*result)};
    const auto found = std::ranges::find(foldings, node.op, &Folding::name);
    if (found == foldings.end()) return std::nullopt;
    for (std::size_t i = 0; i < found->least_inputs; ++i)
        if (i >= inputs.size() || !inputs[i]) return std::nullopt;
    return found->work(node, inputs, opset, budget);
}

}  // namespace

std::optional<std::vector<Tensor>> fold(const Node& node, std::span<const TensorPointer> inputs, std::int64_t opset, std::size_t& budget) {
    auto results = worked_out(node, inputs, opset, budget);
    if (results) inherit(node, inputs, *results);
    return results;
}

}  // namespace costate::nn::onnx
