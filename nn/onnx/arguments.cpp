#include "nn/onnx/arguments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

namespace costate::nn::onnx {

Size size_at(const Tensor& tensor, std::size_t i) { return {tensor.symbolic() ? tensor.batch[i] : 0, tensor.values[i]}; }

bool is_parameter(const Tensor& tensor) {
    if (!tensor.trained || tensor.type != Type::real || tensor.derived) return tensor.trained && tensor.derived;
    std::string name = tensor.name;
    const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; };
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (!std::ranges::all_of(name, word) || name.find_first_not_of("0123456789") == std::string::npos) return false;
    constexpr std::array<std::string_view, 3> inside{"const", "scalar_tensor", "lifted_tensor"};
    return !name.starts_with("_v_") && !name.starts_with("val_") &&
           std::ranges::none_of(inside, [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

std::vector<std::int64_t> plain_integers(const Tensor& tensor, std::string_view what) {
    std::vector<std::int64_t> result;
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
        const Size size = size_at(tensor, i);
        if (!size.plain()) throw GraphError("takes its " + std::string(what) + " from the size of the batch; make it a constant");
        if (std::isnan(size.v)) throw GraphError("has a NaN where integers are needed; export the network again");
        result.push_back(size.v >= 0x1p62 ? std::int64_t{1} << 62 : size.v <= -0x1p62 ? -(std::int64_t{1} << 62) : static_cast<std::int64_t>(size.v));
    }
    return result;
}

std::size_t axis_of(std::int64_t axis, std::size_t rank) {
    const auto signed_rank = static_cast<std::int64_t>(rank);
    if (axis < -signed_rank || axis >= signed_rank)
        throw GraphError("names the axis " + std::to_string(axis) + " of a value of " + std::to_string(rank) + " axes; export the network again");
    return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::vector<std::size_t> axes_of(std::span<const std::int64_t> axes, std::size_t rank) {
    std::set<std::size_t> unique;
    for (const std::int64_t axis : axes)
        if (!unique.insert(axis_of(axis, rank)).second) throw GraphError("names an axis twice; export the network again");
    return {unique.begin(), unique.end()};
}

TensorPointer known(const Node& node, std::span<const TensorPointer> inputs, std::size_t position, std::string_view what) {
    if (position >= node.inputs.size() || node.inputs[position].empty()) return nullptr;
    if (!inputs[position]) throw GraphError("has " + std::string(what) + " that depend on x or t; this version needs known ones");
    return inputs[position];
}

std::optional<std::vector<std::int64_t>> list_argument(const Node& node, std::span<const TensorPointer> inputs, std::size_t position, std::string_view key) {
    if (node.has(key)) {
        const auto attribute = node.attributes.find(key);
        if (attribute->second.integer) return std::vector{*attribute->second.integer};
        return node.integers(key);
    }
    const TensorPointer tensor = known(node, inputs, position, key);
    if (!tensor) return std::nullopt;
    return plain_integers(*tensor, key);
}

namespace {

Kept kept(std::size_t axis, std::int64_t size, std::int64_t begin, std::int64_t end, std::int64_t step) {
    if (step == 0) throw GraphError("has a step of 0; export the network again");
    if (begin < 0) begin += size;
    if (end < 0) end += size;
    const std::int64_t last = step > 0 ? size : size - 1, first = step > 0 ? 0 : -1;
    begin = std::clamp<std::int64_t>(begin, std::max<std::int64_t>(first, 0), std::max<std::int64_t>(last, 0));
    end = std::clamp<std::int64_t>(end, first, last);
    const std::int64_t span = step > 0 ? end - begin : begin - end, stride = std::abs(step);
    return {axis, begin, span <= 0 ? 0 : static_cast<std::size_t>((span - 1) / stride + 1), step};
}

}  // namespace

std::vector<Kept> slices(const Node& node, std::span<const TensorPointer> inputs, const Shape& sizes, std::optional<std::size_t> batch_axis,
                         std::size_t fixed_batch) {
    const auto begins = list_argument(node, inputs, 1, "starts"), ends = list_argument(node, inputs, 2, "ends");
    if (!begins || !ends || begins->size() != ends->size()) throw GraphError("needs as many starts as ends; export the network again");
    std::vector<std::int64_t> axes(begins->size());
    std::iota(axes.begin(), axes.end(), 0);
    if (const auto given = list_argument(node, inputs, 3, "axes")) axes = *given;
    std::vector<std::int64_t> steps(begins->size(), 1);
    if (const auto given = list_argument(node, inputs, 4, "steps")) steps = *given;
    if (axes.size() != begins->size() || steps.size() != begins->size())
        throw GraphError("needs an axis and a step for each start; export the network again");
    (void)axes_of(axes, sizes.size());
    std::vector<Kept> result;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::size_t axis = axis_of(axes[i], sizes.size());
        if (axis == batch_axis) {
            const std::int64_t whole = fixed_batch == 0 ? std::int64_t{1} << 31 : static_cast<std::int64_t>(fixed_batch * sizes[axis]);
            if ((*begins)[i] != 0 || (*ends)[i] < whole || steps[i] != 1) throw GraphError("takes a part of the batch; slice other axes");
            continue;
        }
        result.push_back(kept(axis, static_cast<std::int64_t>(sizes[axis]), (*begins)[i], (*ends)[i], steps[i]));
    }
    return result;
}

std::vector<std::size_t> split_sizes(const Node& node, std::span<const TensorPointer> inputs, std::size_t size) {
    if (const auto given = list_argument(node, inputs, 1, "split")) {
        std::vector<std::size_t> sizes;
        std::size_t sum = 0;
        for (const std::int64_t part : *given) {
            if (part < 0 || static_cast<std::size_t>(part) > size - sum)
                throw GraphError("splits an axis of " + std::to_string(size) + " into more; export the network again");
            sizes.push_back(static_cast<std::size_t>(part));
            sum += sizes.back();
        }
        if (sum != size || sizes.size() != node.outputs.size())
            throw GraphError("splits an axis of " + std::to_string(size) + " into other parts; export the network again");
        return sizes;
    }
    const std::size_t parts = node.outputs.size(), part = (size + parts - 1) / std::max<std::size_t>(parts, 1);
    std::vector<std::size_t> sizes(parts, part);
    if (part * (parts - 1) > size || (part * parts != size && !node.has("num_outputs")))
        throw GraphError("splits an axis of " + std::to_string(size) + " into " + std::to_string(parts) + " equal parts; export the network again");
    sizes.back() = size - part * (parts - 1);
    return sizes;
}

Shape broadcast(const Shape& a, const Shape& b) {
    Shape result(std::max(a.size(), b.size()));
    for (std::size_t i = 0; i < result.size(); ++i) {
        const std::size_t n = i < a.size() ? a[a.size() - 1 - i] : 1, m = i < b.size() ? b[b.size() - 1 - i] : 1;
        if (n != m && n != 1 && m != 1) throw GraphError("has inputs of the shapes " + text_of(a) + " and " + text_of(b) + ", which do not go together");
        result[result.size() - 1 - i] = n == 1 ? m : n;
    }
    return result;
}

std::size_t count_of(const Shape& shape) {
    constexpr std::size_t most = std::size_t{1} << 62;
    std::size_t n = 1;
    for (const std::size_t axis : shape) n = axis != 0 && n > most / axis ? most : n * axis;
    return n;
}

}  // namespace costate::nn::onnx
