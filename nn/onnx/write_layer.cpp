// Layers as nodes of opset 17.
#include "nn/onnx/builder.hpp"

#include <array>
#include <cmath>
#include <numeric>

namespace costate::nn::onnx {

namespace {

using Integers = Builder::Integers;

double number(const Layer& layer, std::string_view key) { return layer.numbers.find(key)->second; }
const std::string& in(const Layer& layer, std::size_t i = 0) { return layer.in[i]; }
std::int64_t axis_with_batch(const Layer& layer) { return static_cast<std::int64_t>(layer.count("axis")) + 1; }
std::vector<std::string> with_tensors(const Layer& layer, std::initializer_list<const char*> roles) {
    std::vector<std::string> names{in(layer)};
    for (const char* role : roles)
        if (const auto found = layer.texts.find(role); found != layer.texts.end()) names.push_back(found->second);
    return names;
}
Integers repeated(const Layer& layer, const char* key, std::size_t count) {
    const auto list = layer.list(key);
    if (!list.empty()) return {list.begin(), list.end()};
    return Integers(count, static_cast<std::int64_t>(layer.count(key)));
}

/// The value in as many axes as the result has, ones before it: with N in front the others would not meet.
std::string ranked(Builder& b, const Layer& layer, std::size_t i) {
    std::vector<std::size_t> shape = layer.in_shapes[i];
    if (shape.size() == layer.out_shape.size()) return layer.in[i];
    shape.insert(shape.begin(), layer.out_shape.size() - shape.size(), 1);
    return b.reshape(layer.in[i], shape);
}

void affine(Builder& b, const Layer& layer) {
    const double scale = number(layer, "scale"), shift = number(layer, "shift");
    const std::string scaled = shift == 0 ? b.node("Mul", {in(layer), b.numbers({scale})}, {}, layer.out) : b.node("Mul", {in(layer), b.numbers({scale})});
    if (shift != 0) b.node("Add", {scaled, b.numbers({shift})}, {}, layer.out);
}

void clamp(Builder& b, const Layer& layer) {
    const auto bound = [&](const char* key) { return std::isfinite(number(layer, key)) ? b.numbers({number(layer, key)}) : std::string(); };
    const std::string low = bound("low"), high = bound("high");
    b.node("Clip", {in(layer), low, high}, {}, layer.out);
}

void gelu(Builder& b, const Layer& layer) {
    const std::string gate = b.node("Add", {b.node("Erf", {b.node("Div", {in(layer), b.numbers({std::sqrt(2.0)})})}), b.numbers({1})});
    b.node("Mul", {b.node("Mul", {in(layer), gate}), b.numbers({0.5})}, {}, layer.out);
}

void linear(Builder& b, const Layer& layer) {
    if (layer.in_shapes[0].size() == 1) {
        b.node("Gemm", with_tensors(layer, {"weight", "bias"}), {Builder::integer("transB", 1)}, layer.out);
        return;
    }
    const bool bias = layer.texts.contains("bias");
    const std::string weight = b.node("Transpose", {layer.texts.at("weight")}, {Builder::list("perm", {1, 0})});
    const std::string product = b.node("MatMul", {in(layer), weight}, {}, bias ? "" : layer.out);
    if (bias) b.node("Add", {product, layer.texts.at("bias")}, {}, layer.out);
}

void convolution(Builder& b, const Layer& layer, const char* op) {
    Builder::Attributes attributes{Builder::list("strides", repeated(layer, "stride", 2)), Builder::list("pads", repeated(layer, "padding", 4)),
                                   Builder::list("dilations", repeated(layer, "dilation", 2)),
                                   Builder::integer("group", static_cast<std::int64_t>(layer.count("groups")))};
    if (layer.op == "conv_transpose2d") attributes.push_back(Builder::list("output_padding", repeated(layer, "output_padding", 2)));
    b.node(op, with_tensors(layer, {"weight", "bias"}), attributes, layer.out);
}

void pooling(Builder& b, const Layer& layer, const char* op) {
    const Integers kernel = repeated(layer, "kernel", 2);
    Integers stride = repeated(layer, "stride", 2);
    for (std::size_t a = 0; a < 2; ++a) stride[a] = stride[a] == 0 ? kernel[a] : stride[a];
    Builder::Attributes attributes{Builder::list("kernel_shape", kernel), Builder::list("strides", stride),
                                   Builder::list("pads", repeated(layer, "padding", 4)),
                                   Builder::integer("ceil_mode", static_cast<std::int64_t>(layer.count("ceil")))};
    const Integers dilation = repeated(layer, "dilation", 2);
    if (layer.op == "max_pool2d") attributes.push_back(Builder::list("dilations", dilation));
    else if (dilation != Integers{1, 1}) throw std::invalid_argument("an average over dilated windows has no like in ONNX");
    else attributes.push_back(Builder::integer("count_include_pad", static_cast<std::int64_t>(layer.count("count_padding"))));
    b.node(op, {in(layer)}, attributes, layer.out);
}

/// One number a channel on channels × height × width.
std::string by_channel(Builder& b, const Layer& layer, const char* role) { return b.node("Unsqueeze", {layer.texts.at(role), b.integers({1, 2})}); }

/// ONNX has it from opset 18 on: instance normalisation of the groups, then scale and bias.
void group_norm(Builder& b, const Layer& layer) {
    const auto& shape = layer.in_shapes[0];
    const std::size_t groups = layer.count("groups");
    const std::string apart = b.reshape(in(layer), {groups, values_of(shape) / groups});
    const std::string ones = b.numbers(std::vector<double>(groups, 1), {groups}), zeros = b.numbers(std::vector<double>(groups, 0), {groups});
    const std::string normal = b.node("InstanceNormalization", {apart, ones, zeros}, {Builder::number("epsilon", number(layer, "eps"))});
    const bool weight = layer.texts.contains("weight"), bias = layer.texts.contains("bias");
    std::string y = b.reshape(normal, shape, weight || bias ? "" : layer.out);
    if (weight) y = b.node("Mul", {y, by_channel(b, layer, "weight")}, {}, bias ? "" : layer.out);
    if (bias) b.node("Add", {y, by_channel(b, layer, "bias")}, {}, layer.out);
}

std::string tensor_or(Builder& b, const Layer& layer, const char* role, std::size_t size, double otherwise) {
    const auto found = layer.texts.find(role);
    return found != layer.texts.end() ? found->second : b.numbers(std::vector<double>(size, otherwise), {size});
}

void layer_norm(Builder& b, const Layer& layer) {
    const std::size_t width = layer.in_shapes[0].back();
    const std::string weight = tensor_or(b, layer, "weight", width, 1), bias = tensor_or(b, layer, "bias", width, 0);
    b.node("LayerNormalization", {in(layer), weight, bias}, {Builder::integer("axis", -1), Builder::number("epsilon", number(layer, "eps"))}, layer.out);
}

void rms_norm(Builder& b, const Layer& layer) {
    const std::size_t width = layer.in_shapes[0].back();
    const std::string square = b.node("ReduceMean", {b.node("Mul", {in(layer), in(layer)})}, {Builder::list("axes", {-1}), Builder::integer("keepdims", 1)});
    const std::string root = b.node("Sqrt", {b.node("Add", {square, b.numbers({number(layer, "eps")})})});
    const std::string scaled = b.node("Mul", {b.node("Div", {in(layer), root}), tensor_or(b, layer, "weight", width, 1)});
    b.node("Add", {scaled, tensor_or(b, layer, "bias", width, 0)}, {}, layer.out);
}

void batch_norm(Builder& b, const Layer& layer) {
    const std::size_t channels = layer.in_shapes[0][0];
    const std::string weight = tensor_or(b, layer, "weight", channels, 1), bias = tensor_or(b, layer, "bias", channels, 0);
    b.node("BatchNormalization", {in(layer), weight, bias, layer.texts.at("mean"), layer.texts.at("variance")},
           {Builder::number("epsilon", number(layer, "eps"))}, layer.out);
}

void time_embedding(Builder& b, const Layer& layer) {
    const std::string angle = b.node("Mul", {in(layer), layer.texts.at("frequencies")});
    const std::string sine = b.node("Sin", {angle}), cosine = b.node("Cos", {angle});
    b.node("Concat", {sine, cosine}, {Builder::integer("axis", 1)}, layer.out);
}

void embedding(Builder& b, const Layer& layer) {
    const std::string index = b.node("Cast", {in(layer)}, {Builder::integer("to", 7)});
    b.reshape(b.node("Gather", {layer.texts.at("weight"), index}), layer.out_shape, layer.out);
}

void slice(Builder& b, const Layer& layer) {
    const auto begin = static_cast<std::int64_t>(layer.count("begin")), step = static_cast<std::int64_t>(layer.count("step"));
    const std::int64_t end = begin + static_cast<std::int64_t>(layer.count("count") - 1) * step + 1;
    const std::string from = b.integers({begin}), to = b.integers({end}), axis = b.integers({axis_with_batch(layer)}), by = b.integers({step});
    b.node("Slice", {in(layer), from, to, axis, by}, {}, layer.out);
}

void pad(Builder& b, const Layer& layer) {
    Integers pads{0};
    for (const std::int64_t n : layer.list("before")) pads.push_back(n);
    pads.push_back(0);
    for (const std::int64_t n : layer.list("after")) pads.push_back(n);
    const std::string amounts = b.integers(pads), value = b.numbers({number(layer, "value")});
    b.node("Pad", {in(layer), amounts, value}, {}, layer.out);
}

void reduction(Builder& b, const Layer& layer, const char* op) {
    Integers axes;
    for (const std::int64_t a : layer.list("axes")) axes.push_back(a + 1);
    if (layer.op == "sum") b.node(op, {in(layer), b.integers(axes)}, {Builder::integer("keepdims", 0)}, layer.out);
    else b.node(op, {in(layer)}, {Builder::list("axes", axes), Builder::integer("keepdims", 0)}, layer.out);
}

void resize(Builder& b, const Layer& layer) {
    const bool repeats = layer.op == "upsample_nearest";
    const auto said = [&](const char* key, const char* otherwise) { return layer.texts.contains(key) ? layer.texts.at(key) : std::string(otherwise); };
    const std::string mode = said("mode", "nearest"), where = repeats ? "asymmetric" : said("coordinates", "half_pixel"),
                      rounding = repeats ? "floor" : said("rounding", "round_prefer_floor");
    std::vector<std::string> inputs{in(layer), ""};
    if (repeats || number(layer, "scale_y") > 0 || number(layer, "scale_x") > 0) {
        const auto scale = [&](const char* key, std::size_t axis) {
            const double given = number(layer, repeats ? "scale" : key);
            return given > 0 ? given : static_cast<double>(layer.out_shape[axis]) / static_cast<double>(layer.in_shapes[0][axis]);
        };
        inputs.push_back(b.numbers({1, 1, scale("scale_y", 1), scale("scale_x", 2)}, {4}));
    } else {  // the new sizes, N and the channels as they are
        const std::string shape = b.node("Shape", {in(layer)}), zero = b.integers({0}), two = b.integers({2});
        const std::string kept = b.node("Slice", {shape, zero, two});
        const std::string size = b.integers({static_cast<std::int64_t>(layer.out_shape[1]), static_cast<std::int64_t>(layer.out_shape[2])});
        inputs.push_back("");
        inputs.push_back(b.node("Concat", {kept, size}, {Builder::integer("axis", 0)}));
    }
    b.node("Resize", inputs, {Builder::text("mode", mode), Builder::text("coordinate_transformation_mode", where), Builder::text("nearest_mode", rounding)},
           layer.out);
}

/// softmax(s q kᵀ) v on the last two axes; all have the same axes before.
std::string attend(Builder& b, const std::string& q, const std::string& k, const std::string& v, std::size_t rank, double scale, const std::string& out) {
    std::vector<std::size_t> order(rank);
    std::iota(order.begin(), order.end(), 0);
    std::swap(order[rank - 1], order[rank - 2]);
    const std::string scores = b.node("Mul", {b.node("MatMul", {q, b.transpose(k, order)}), b.numbers({scale})});
    return b.node("MatMul", {b.node("Softmax", {scores}, {Builder::integer("axis", -1)}), v}, {}, out);
}

void attention(Builder& b, const Layer& layer) {
    const auto& q = layer.in_shapes[0];
    const double scale = number(layer, "scale") == 0 ? 1 / std::sqrt(static_cast<double>(q.back())) : number(layer, "scale");
    attend(b, in(layer, 0), in(layer, 1), in(layer, 2), q.size(), scale, layer.out);
}

void self_attention(Builder& b, const Layer& layer) {
    const std::size_t tokens = layer.in_shapes[0][0], heads = layer.count("heads"), depth = layer.out_shape[1] / heads;
    const std::string apart = b.transpose(b.reshape(in(layer), {tokens, 3, heads, depth}), {1, 2, 0, 3});
    std::array<std::string, 3> parts;
    for (std::int64_t i = 0; i < 3; ++i) {
        const std::string from = b.integers({i}), to = b.integers({i + 1}), axis = b.integers({1});
        parts[static_cast<std::size_t>(i)] = b.reshape(b.node("Slice", {apart, from, to, axis}), {heads, tokens, depth});
    }
    const std::string y = attend(b, parts[0], parts[1], parts[2], 3, 1 / std::sqrt(static_cast<double>(depth)), "");
    b.reshape(b.transpose(y, {1, 0, 2}), layer.out_shape, layer.out);
}

void tokens(Builder& b, const Layer& layer) {
    const auto& shape = layer.in_shapes[0];
    b.transpose(b.reshape(in(layer), {shape[0], shape[1] * shape[2]}), {1, 0}, layer.out);
}
void untokens(Builder& b, const Layer& layer) { b.reshape(b.transpose(in(layer), {1, 0}), layer.out_shape, layer.out); }

void compared(Builder& b, const Layer& layer, const char* op) {
    const std::string truth = b.node(op, {ranked(b, layer, 0), ranked(b, layer, 1)});
    b.node("Cast", {truth}, {Builder::integer("to", 1)}, layer.out);
}

void where(Builder& b, const Layer& layer) {
    const std::string condition = b.node("Cast", {ranked(b, layer, 0)}, {Builder::integer("to", 9)});
    const std::string yes = ranked(b, layer, 1), no = ranked(b, layer, 2);
    b.node("Where", {condition, yes, no}, {}, layer.out);
}

void binary(Builder& b, const Layer& layer, const char* op) {
    const std::string left = ranked(b, layer, 0), right = ranked(b, layer, 1);
    b.node(op, {left, right}, {}, layer.out);
}
void power(Builder& b, const Layer& layer) { b.node("Pow", {in(layer), b.numbers({number(layer, "exponent")})}, {}, layer.out); }
void silu(Builder& b, const Layer& layer) { b.node("Mul", {in(layer), b.node("Sigmoid", {in(layer)})}, {}, layer.out); }
void add_channel(Builder& b, const Layer& layer) { b.node("Add", {in(layer), b.reshape(in(layer, 1), {layer.in_shapes[1][0], 1, 1})}, {}, layer.out); }
void value(Builder& b, const Layer& layer) { b.node("Unsqueeze", {layer.texts.at("value"), b.integers({0})}, {}, layer.out); }
void reshape(Builder& b, const Layer& layer) { b.reshape(in(layer), layer.out_shape, layer.out); }
void transpose(Builder& b, const Layer& layer) { b.transpose(in(layer), layer.counts("axes"), layer.out); }
void concat(Builder& b, const Layer& layer) {
    b.node("Concat", layer.in, {Builder::integer("axis", layer.op == "concat" ? axis_with_batch(layer) : 1)}, layer.out);
}
void gather(Builder& b, const Layer& layer) {
    const auto list = layer.list("indices");
    b.node("Gather", {in(layer), b.integers({list.begin(), list.end()})}, {Builder::integer("axis", axis_with_batch(layer))}, layer.out);
}
void expand(Builder& b, const Layer& layer) {
    Integers shape{1};
    for (const std::int64_t n : layer.list("shape")) shape.push_back(n);
    const std::string x = ranked(b, layer, 0);
    b.node("Expand", {x, b.integers(shape)}, {}, layer.out);
}
void softmax(Builder& b, const Layer& layer, const char* op) { b.node(op, {in(layer)}, {Builder::integer("axis", axis_with_batch(layer))}, layer.out); }

using Writing = void (*)(Builder&, const Layer&);
struct Like {
    std::string_view layer;
    Writing write;
};
/// Layers that are one node each.
struct Named {
    std::string_view layer;
    const char* op;
    void (*write)(Builder&, const Layer&, const char*);
};
void unary(Builder& b, const Layer& layer, const char* op) { b.node(op, {in(layer)}, {}, layer.out); }

constexpr std::array<Named, 37> named{{{"tanh", "Tanh", unary},
                                       {"softplus", "Softplus", unary},
                                       {"relu", "Relu", unary},
                                       {"sigmoid", "Sigmoid", unary},
                                       {"exp", "Exp", unary},
                                       {"log", "Log", unary},
                                       {"sqrt", "Sqrt", unary},
                                       {"sin", "Sin", unary},
                                       {"cos", "Cos", unary},
                                       {"erf", "Erf", unary},
                                       {"abs", "Abs", unary},
                                       {"floor", "Floor", unary},
                                       {"ceil", "Ceil", unary},
                                       {"round", "Round", unary},
                                       {"sign", "Sign", unary},
                                       {"add", "Add", binary},
                                       {"sub", "Sub", binary},
                                       {"mul", "Mul", binary},
                                       {"div", "Div", binary},
                                       {"maximum", "Max", binary},
                                       {"minimum", "Min", binary},
                                       {"pow", "Pow", binary},
                                       {"less", "Less", compared},
                                       {"less_equal", "LessOrEqual", compared},
                                       {"equal", "Equal", compared},
                                       {"conv2d", "Conv", convolution},
                                       {"conv_transpose2d", "ConvTranspose", convolution},
                                       {"max_pool2d", "MaxPool", pooling},
                                       {"avg_pool2d", "AveragePool", pooling},
                                       {"sum", "ReduceSum", reduction},
                                       {"mean", "ReduceMean", reduction},
                                       {"max", "ReduceMax", reduction},
                                       {"min", "ReduceMin", reduction},
                                       {"prod", "ReduceProd", reduction},
                                       {"softmax", "Softmax", softmax},
                                       {"log_softmax", "LogSoftmax", softmax},
                                       {"matmul", "MatMul", binary}}};

constexpr std::array<Like, 32> likes{{{"affine", affine},
                                      {"clamp", clamp},
                                      {"power", power},
                                      {"gelu", gelu},
                                      {"silu", silu},
                                      {"linear", linear},
                                      {"groupnorm", group_norm},
                                      {"layernorm", layer_norm},
                                      {"rmsnorm", rms_norm},
                                      {"batchnorm", batch_norm},
                                      {"time_embedding", time_embedding},
                                      {"embedding", embedding},
                                      {"slice", slice},
                                      {"pad", pad},
                                      {"resize", resize},
                                      {"upsample_nearest", resize},
                                      {"attention", attention},
                                      {"self_attention", self_attention},
                                      {"tokens", tokens},
                                      {"untokens", untokens},
                                      {"where", where},
                                      {"add_channel", add_channel},
                                      {"constant", value},
                                      {"parameter", value},
                                      {"reshape", reshape},
                                      {"flatten", reshape},
                                      {"transpose", transpose},
                                      {"concat", concat},
                                      {"concat_skip", concat},
                                      {"concat_time", concat},
                                      {"gather", gather},
                                      {"expand", expand}}};

}  // namespace

void write_layer(Builder& builder, const Layer& layer) {
    for (const Named& one : named)
        if (one.layer == layer.op) return one.write(builder, layer, one.op);
    for (const Like& like : likes)
        if (like.layer == layer.op) return like.write(builder, layer);
    throw std::invalid_argument("the layer " + layer.op + " has no like in ONNX; write a safetensors file");
}

}  // namespace costate::nn::onnx
