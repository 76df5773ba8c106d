#include "nn/onnx/operators.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace costate::nn::onnx {

namespace {

/// channels × anything of an item, its positions in one row.
Shape channels_and_positions(const Value& x) {
    if (x.rank() < 2) throw GraphError("needs channels; export the network again");
    const Shape rest(x.dims.begin() + 2, x.dims.end());
    return {x.dims[1], 1, count_of(rest)};
}

std::string list_weight(Translation& t, std::size_t input, std::size_t size, const char* role) {
    const Tensor& tensor = t.constant(input, "a scale, bias or statistic");
    return t.weight(tensor, {size}, role);
}

/// A constant of the graph, no weight, that is one number throughout.
bool all(const Tensor& tensor, double value) {
    return !tensor.trained && std::ranges::all_of(tensor.values, [&](double v) { return v == value; });
}

/// Group normalisation of each item; a scale of ones and a bias of zeros are left out.
Value group_norm(Translation& t, const Value& x, std::size_t groups, double epsilon, bool affine) {
    const auto item = [&](const Value& v) {
        Texts texts;
        if (affine && !(all(t.constant(1, "a scale"), 1) && all(t.constant(2, "a bias"), 0)))
            texts = {{"weight", list_weight(t, 1, v.dims[1], "weight")}, {"bias", list_weight(t, 2, v.dims[1], "bias")}};
        return t.layer("groupnorm", {t.read(v, channels_and_positions(v))}, v, {{"groups", static_cast<double>(groups)}, {"eps", epsilon}}, {}, texts);
    };
    return t.each(x, item);
}

void instance(Translation& t) { t.result(group_norm(t, t.in(0), t.in(0).dims.at(1), t.node.real("epsilon", 1e-5), true)); }

/// From opset 21 a scale for each channel, before one for each group, repeated over its channels.
void group(Translation& t) {
    const std::int64_t groups = t.node.integer("num_groups", 0);
    const Value& x = t.in(0);
    if (groups < 1 || x.rank() < 2 || x.dims[1] % static_cast<std::size_t>(groups) != 0)
        throw GraphError("has groups that do not divide the channels; export the network again");
    const auto n = static_cast<std::size_t>(groups);
    if (t.in(1).dims == Shape{x.dims[1]}) return t.result(group_norm(t, x, n, t.node.real("epsilon", 1e-5), true));
    const Value y = group_norm(t, x, n, t.node.real("epsilon", 1e-5), false);
    const auto by_channel = [&](std::size_t input) {
        const Tensor& each = t.constant(input, "a scale or bias");
        if (each.values.size() != n) throw GraphError("has a scale or bias that is not one number for each group; export the network again");
        Tensor repeated{each.name, Type::real, {x.dims[1]}, {}, {}, each.trained};
        for (std::size_t c = 0; c < x.dims[1]; ++c) repeated.values.push_back(each.values[c / (x.dims[1] / n)]);
        repeated.shape.insert(repeated.shape.end(), x.rank() - 2, 1);
        return Translation::of(std::move(repeated));
    };
    t.result(t.add(t.multiply(y, by_channel(1)), by_channel(2)));
}

/// With the statistics of training.
void batch(Translation& t) {
    if (t.node.integer("training_mode", 0) != 0) throw GraphError("takes the statistics of the batch (training_mode 1); export the network for evaluation");
    const auto item = [&](const Value& v) {
        const std::size_t channels = v.dims.at(1);
        Texts texts{{"weight", list_weight(t, 1, channels, "weight")},
                    {"bias", list_weight(t, 2, channels, "bias")},
                    {"mean", list_weight(t, 3, channels, "mean")},
                    {"variance", list_weight(t, 4, channels, "variance")}};
        return t.layer("batchnorm", {t.read(v, channels_and_positions(v))}, v, {{"eps", t.node.real("epsilon", 1e-5)}}, {}, texts);
    };
    t.result(t.each(t.in(0), item));
}

void layer(Translation& t) {
    const Value& x = t.in(0);
    const std::size_t axis = axis_of(t.node.integer("axis", -1), x.rank());
    if (x.batch_axis && *x.batch_axis >= axis) throw GraphError("normalises over the batch; export the network so that its samples do not meet");
    const Shape last(x.dims.begin() + static_cast<std::ptrdiff_t>(axis), x.dims.end());
    Texts texts;
    if (!all(t.constant(1, "a scale"), 1)) texts["weight"] = t.weight(t.constant(1, "a scale"), {count_of(last)}, "weight");
    if (t.has(2) && !all(t.constant(2, "a bias"), 0)) texts["bias"] = t.weight(t.constant(2, "a bias"), {count_of(last)}, "bias");
    Shape rows(x.dims.begin(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis));
    rows.push_back(count_of(last));
    if (x.batch_dropped()) rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(*x.batch_axis));
    const double epsilon = t.node.real("epsilon", 1e-5);
    t.result(t.layer("layernorm", {t.read(x, rows)}, x, {{"eps", epsilon}}, {}, texts));
    if (t.node.outputs.size() == 1) return;
    std::vector<std::size_t> axes;
    for (std::size_t a = axis; a < x.rank(); ++a) axes.push_back(a);
    const Value mean = t.reduced("mean", x, axes, true), centred = t.binary("sub", x, mean);
    const Value variance = t.reduced("mean", t.unary("power", centred, {{"exponent", 2}}), axes, true);
    t.result(mean);
    t.result(t.unary("power", t.unary("sqrt", t.affine(variance, 1, epsilon)), {{"exponent", -1}}));
}

/// (x - mean)/√(mean square - mean²) over axes, by default all but the channels.
void mean_variance(Translation& t) {
    const Value& x = t.in(0);
    const auto axes = axes_of(t.node.integers("axes").value_or(std::vector<std::int64_t>{0, 2, 3}), x.rank());
    const Value centred = t.binary("sub", x, t.reduced("mean", x, axes, true));
    const Value variance = t.reduced("mean", t.unary("power", centred, {{"exponent", 2}}), axes, true);
    t.result(t.binary("div", centred, t.affine(t.unary("sqrt", variance), 1, 1e-9)));
}

/// Before opset 13 the axes from the named one on were one.
void soft(Translation& t, const char* op) {
    const Value& x = t.in(0);
    const std::size_t axis = axis_of(t.node.integer("axis", t.opset < 13 ? 1 : -1), x.rank());
    if (t.opset >= 13 || axis + 1 == x.rank()) {
        return t.result(t.layer(op, {t.read(x)}, x, {{"axis", static_cast<double>(x.sample_axis(axis))}}));
    }
    if (x.batch_axis && *x.batch_axis >= axis) throw GraphError("normalises over the batch; export the network so that its samples do not meet");
    const Shape last(x.dims.begin() + static_cast<std::ptrdiff_t>(axis), x.dims.end());
    Shape rows(x.dims.begin(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis));
    rows.push_back(count_of(last));
    if (x.batch_dropped()) rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(*x.batch_axis));
    t.result(t.layer(op, {t.read(x, rows)}, x, {{"axis", static_cast<double>(rows.size() - 1)}}));
}

constexpr std::array<Operator, 7> normalisation_table{{{"BatchNormalization", batch},
                                                       {"GroupNormalization", group},
                                                       {"InstanceNormalization", instance},
                                                       {"LayerNormalization", layer},
                                                       {"LogSoftmax", [](Translation& t) { soft(t, "log_softmax"); }},
                                                       {"MeanVarianceNormalization", mean_variance},
                                                       {"Softmax", [](Translation& t) { soft(t, "softmax"); }}}};

}  // namespace

std::span<const Operator> normalisation_operators() { return normalisation_table; }

}  // namespace costate::nn::onnx
