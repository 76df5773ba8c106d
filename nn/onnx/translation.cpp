#include "nn/onnx/translation.hpp"
#include "nn/onnx/fold.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace costate::nn::onnx {

Shape Value::sample() const {
    Shape shape = dims;
    if (batch_dropped()) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*batch_axis));
    return shape;
}

std::size_t Value::sample_axis(std::size_t axis) const {
    if (batch_axis == axis) throw GraphError("works along the axis of the batch, so that its samples would meet; export the network without that");
    return batch_dropped() && axis > *batch_axis ? axis - 1 : axis;
}

Size Value::size(std::size_t axis) const {
    const auto n = static_cast<double>(dims[axis]);
    return batch_axis == axis ? Size{n, 0} : Size{0, n};
}

Translation::Translation(Emitter& emitter_of_layers, const Node& node_to_do, std::vector<const Value*> inputs, std::int64_t version, std::size_t& numbers,
                         std::size_t batch)
    : node(node_to_do), opset(version), fixed_batch(batch), budget(numbers), emitter(emitter_of_layers), inputs_(std::move(inputs)) {
    for (const Value* value : inputs_) tensors_.push_back(value ? value->constant : nullptr);
}

const Value& Translation::in(std::size_t i) const {
    if (!has(i)) throw GraphError("has no input " + std::to_string(i + 1) + "; export the network again");
    return *inputs_[i];
}

const Tensor& Translation::constant(std::size_t i, std::string_view what) const {
    const TensorPointer tensor = onnx::known(node, tensors_, i, what);
    if (!tensor) throw GraphError("has no " + std::string(what) + "; export the network again");
    return *tensor;
}

Value Translation::of(Tensor tensor) {
    Value value;
    value.dims = tensor.shape;
    value.constant = std::make_shared<const Tensor>(std::move(tensor));
    return value;
}

std::string Translation::read(const Value& value, const Shape& shape) {
    if (!value.known()) return emitter.reshaped(value.layer, shape);
    const bool by_node = value.constant->trained && !value.constant->derived;
    return emitter.constant(*value.constant, shape, by_node ? weight(*value.constant, shape, "value") : value.constant->name);
}

std::string Translation::weight(const Tensor& tensor, const Shape& shape, std::string_view role, bool exchanged) {
    std::string path;
    if (const std::size_t cut = node.name.rfind('/'); cut != std::string::npos && cut > 0) path = node.name.substr(0, cut);
    if (path.starts_with('/')) path.erase(0, 1);
    std::ranges::replace(path, '/', '.');
    if (path.empty()) path = tensor.name;
    return emitter.tensor(tensor, shape, path.empty() ? std::string(role) : path + "." + std::string(role), exchanged);
}

Value Translation::layer(std::string op, std::vector<std::string> in, const Value& like, Numbers numbers, Lists lists, Texts texts) {
    Value result = like;
    result.constant = nullptr;
    Layer made{std::move(op), std::move(in), {}, std::move(texts), std::move(numbers), std::move(lists)};
    result.layer = emitter.write(std::move(made));
    if (values_of(emitter.shape(result.layer)) != count_of(result.dims))
        throw GraphError("becomes a layer with values of the shape " + shape_text(emitter.shape(result.layer)) + " where " + text_of(result.dims) +
                         " is meant; export the network again");
    return result;
}

Value Translation::seen(const Value& value, Shape dims, std::optional<std::size_t> batch_axis, std::size_t outer) {
    Value result = value;
    result.dims = std::move(dims);
    result.batch_axis = batch_axis;
    result.outer = outer;
    if (!value.known() || value.constant->shape == result.dims) return result;
    Tensor reshaped = *value.constant;
    reshaped.shape = result.dims;
    result.constant = std::make_shared<const Tensor>(std::move(reshaped));
    return result;
}

std::optional<double> Translation::scalar(const Value& value) {
    if (!value.known() || value.constant->values.size() != 1 || value.constant->symbolic()) return std::nullopt;
    if (value.constant->trained && (value.rank() > 0 || is_parameter(*value.constant))) return std::nullopt;
    return value.constant->values[0];
}

Value Translation::affine(const Value& x, double scale, double shift) {
    if (!std::isfinite(scale) || !std::isfinite(shift)) throw GraphError("has a constant that is not finite; export the network again");
    if (scale == 1 && shift == 0) return x;
    const Layer* before = x.known() ? nullptr : emitter.source(x.layer);
    if (before && before->op == "affine") {  // two of them are one
        const double inner = before->numbers.at("scale"), offset = before->numbers.at("shift");
        return layer("affine", {emitter.reshaped(std::string(before->in[0]), x.sample())}, x, {{"scale", scale * inner}, {"shift", scale * offset + shift}});
    }
    return unary("affine", x, {{"scale", scale}, {"shift", shift}});
}

Value Translation::binary(std::string op, const Value& a, const Value& b) {
    const std::size_t rank = std::max(a.rank(), b.rank());
    Value like;
    like.dims = broadcast(a.dims, b.dims);
    for (const Value* value : {&a, &b}) {
        if (!value->batch_axis) continue;
        const std::size_t place = rank - value->rank() + *value->batch_axis;
        const Value& other = value == &a ? b : a;
        const bool met = !other.batch_axis || (rank - other.rank() + *other.batch_axis == place && other.outer == value->outer &&
                                               other.dims[*other.batch_axis] == value->dims[*value->batch_axis]);
        const std::size_t fresh = rank - other.rank();
        const bool alone = other.batch_axis || place < fresh || other.dims[place - fresh] == 1;
        if (!met || !alone)
            throw GraphError("has inputs whose batches do not meet: shapes " + text_of(a.dims) + " and " + text_of(b.dims) +
                             "; export the network so that its samples do not meet");
        like.batch_axis = place;
        like.outer = value->outer;
    }
    const auto operand = [&](const Value& value) {
        Shape shape = value.dims;
        const std::size_t fresh = rank - value.rank();
        if (like.batch_dropped() && *like.batch_axis >= fresh) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*like.batch_axis - fresh));
        return read(value, shape);
    };
    const std::string left = operand(a), right = operand(b);
    return layer(std::move(op), {left, right}, like);
}

Value Translation::transposed(const Value& x, const std::vector<std::size_t>& order) {
    Value result = x;
    std::vector<std::int64_t> moved;
    std::vector<std::size_t> real;  // axes longer than 1, which alone matter for where numbers lie
    for (std::size_t i = 0; i < order.size(); ++i) {
        result.dims[i] = x.dims[order[i]];
        if (x.batch_axis == order[i]) result.batch_axis = i;
        if (!(x.batch_dropped() && order[i] == *x.batch_axis))
            moved.push_back(static_cast<std::int64_t>(order[i] - (x.batch_dropped() && order[i] > *x.batch_axis ? 1 : 0)));
        if (x.dims[order[i]] != 1) real.push_back(order[i]);
    }
    if (std::ranges::is_sorted(real)) return result;
    std::string from = read(x);
    if (const Layer* before = emitter.source(from); before && before->op == "transpose" && before->out_shape == x.sample()) {  // two orders are one
        for (std::int64_t& axis : moved) axis = before->list("axes")[static_cast<std::size_t>(axis)];
        from = before->in[0];
    }
    if (std::ranges::is_sorted(moved)) {
        result.layer = from;
        return result;
    }
    return layer("transpose", {from}, result, {}, {{"axes", moved}});
}

Value Translation::gathered(const Value& x, std::size_t axis, const std::vector<std::int64_t>& indices) {
    charge(indices.size(), budget);
    Value like = x;
    like.dims[axis] = indices.size();
    return layer("gather", {read(x)}, like, {{"axis", static_cast<double>(x.sample_axis(axis))}}, {{"indices", indices}});
}

Value Translation::sliced(const Value& x, const Kept& kept) {
    if (kept.count == 0) throw GraphError("keeps nothing of an axis; export the network without it");
    if (kept.count == x.dims[kept.axis] && kept.step == 1) return x;
    if (kept.step < 0) {
        if (kept.count > budget) charge(kept.count, budget);
        std::vector<std::int64_t> indices;
        for (std::size_t i = 0; i < kept.count; ++i) indices.push_back(kept.begin + static_cast<std::int64_t>(i) * kept.step);
        return gathered(x, kept.axis, indices);
    }
    Value like = x;
    like.dims[kept.axis] = kept.count;
    return layer("slice", {read(x)}, like,
                 {{"axis", static_cast<double>(x.sample_axis(kept.axis))},
                  {"begin", static_cast<double>(kept.begin)},
                  {"count", static_cast<double>(kept.count)},
                  {"step", static_cast<double>(kept.step)}});
}

Value Translation::joined(std::span<const Value> values, std::size_t axis) {
    Value like = values[0];
    for (const Value& value : values)
        if (value.batch_axis) like.batch_axis = value.batch_axis, like.outer = value.outer;
    std::vector<std::string> names;
    std::size_t size = 0;
    for (const Value& value : values) {
        Shape shape = value.dims;
        if (shape.size() != like.rank()) throw GraphError("joins values of unequal axes; export the network again");
        if (like.batch_axis) {
            if (value.dims[*like.batch_axis] != like.dims[*like.batch_axis] || value.outer != like.outer)
                throw GraphError("joins values whose batches do not meet; export the network so that its samples do not meet");
            if (like.batch_dropped()) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*like.batch_axis));
        }
        names.push_back(read(value, shape));
        size += value.dims[axis];
    }
    like.dims[axis] = size;
    const auto along = static_cast<double>(like.sample_axis(axis));
    return names.size() == 1 ? values[0] : layer("concat", names, like, {{"axis", along}});
}

Value Translation::reduced(std::string op, const Value& x, const std::vector<std::size_t>& axes, bool keep) {
    Value like = x;
    std::vector<std::int64_t> inside;
    for (const std::size_t axis : axes) inside.push_back(static_cast<std::int64_t>(x.sample_axis(axis))), like.dims[axis] = 1;
    Value result = inside.empty() ? x : layer(std::move(op), {read(x)}, like, {}, {{"axes", inside}});
    if (keep) return result;
    Shape dims;
    std::optional<std::size_t> batch;
    for (std::size_t i = 0; i < result.rank(); ++i) {
        if (std::ranges::find(axes, i) != axes.end()) continue;
        if (result.batch_axis == i) batch = dims.size();
        dims.push_back(result.dims[i]);
    }
    return seen(result, dims, batch, result.outer);
}

Value Translation::each(const Value& x, const std::function<Value(const Value&)>& f) {
    if (x.rank() < 2) throw GraphError("needs a batch and channels, not a value of the shape " + text_of(x.dims) + "; export the network again");
    if (x.batch_axis && *x.batch_axis != 0) throw GraphError("needs the batch as the first axis; export the network so");
    if (x.dims[0] == 1) return f(x);
    if (x.dims[0] > 64)
        throw GraphError("has " + std::to_string(x.dims[0]) + " items in a sample, more than the 64 that are done one by one; export the network otherwise");
    const Value whole = seen(x, x.dims, std::nullopt);
    std::vector<Value> results;
    for (std::size_t i = 0; i < x.dims[0]; ++i) results.push_back(f(sliced(whole, {0, static_cast<std::int64_t>(i), 1, 1})));
    const Value all = joined(results, 0);
    return seen(all, all.dims, x.batch_axis, x.outer);
}

}  // namespace costate::nn::onnx
