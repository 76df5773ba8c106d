#include "nn/modules.hpp"

#include <cmath>
#include <stdexcept>

namespace costate::nn {

namespace {

std::size_t axis(const Value& x, std::size_t i) { return i < x.shape().size() ? x.shape()[i] : 0; }

double number(std::size_t value) { return static_cast<double>(value); }

/// `weight` and, where asked for, `bias`, uniform within ±1/√(values that one output reads): PyTorch's Linear and convolutions.
std::vector<NewTensor> weight_and_bias(const Value& x, const std::string& name, const std::vector<std::size_t>& shape, std::size_t biases) {
    std::size_t reads = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) reads *= shape[i];
    const double bound = reads == 0 ? 0 : 1 / std::sqrt(number(reads));
    std::vector<NewTensor> tensors{{"weight", name + ".weight", x.builder().uniform(name + ".weight", shape, bound)}};
    if (biases > 0) tensors.push_back({"bias", name + ".bias", x.builder().uniform(name + ".bias", {biases}, bound)});
    return tensors;
}

Value elementwise(const char* op, const Value& x) { return x.builder().layer(op, {x}); }

}  // namespace

Value Linear::operator()(const Value& x) const {
    return x.builder().layer("linear", {x}, {}, weight_and_bias(x, name, {out, x.shape().empty() ? 0 : x.shape().back()}, bias ? out : 0));
}

Value Conv2d::operator()(const Value& x) const {
    const LayerOptions options{
        .numbers = {{"stride", number(stride)}, {"padding", number(padding)}, {"dilation", number(dilation)}, {"groups", number(groups)}}};
    const std::size_t in = groups == 0 ? 0 : axis(x, 0) / groups;
    return x.builder().layer("conv2d", {x}, options, weight_and_bias(x, name, {out, in, kernel, kernel}, bias ? out : 0));
}

Value ConvTranspose2d::operator()(const Value& x) const {
    const LayerOptions options{.numbers = {{"stride", number(stride)}, {"padding", number(padding)}, {"output_padding", number(output_padding)},
                                           {"dilation", number(dilation)}, {"groups", number(groups)}}};
    const std::size_t each = groups == 0 ? 0 : out / groups;
    return x.builder().layer("conv_transpose2d", {x}, options, weight_and_bias(x, name, {axis(x, 0), each, kernel, kernel}, bias ? out : 0));
}

Value LayerNorm::operator()(const Value& x) const {
    const Array::shape_type width{x.shape().empty() ? 0 : x.shape().back()};
    return x.builder().layer("layernorm", {x}, {.numbers = {{"eps", eps}}},
                             {{"weight", name + ".weight", Array(width, 1.0)}, {"bias", name + ".bias", Array(width, 0.0)}});
}

Value Embedding::operator()(const Value& x) const {
    return x.builder().layer("embedding", {x}, {}, {{"weight", name + ".weight", x.builder().normal(name + ".weight", {rows, width})}});
}

Value GroupNorm::operator()(const Value& x) const {
    const Array::shape_type channels{axis(x, 0)};
    return x.builder().layer("groupnorm", {x}, {.numbers = {{"groups", number(groups)}, {"eps", eps}}},
                             {{"weight", name + ".weight", Array(channels, 1.0)}, {"bias", name + ".bias", Array(channels, 0.0)}});
}

Value TimeEmbedding::operator()(const Value& t) const {
    Array values(Array::shape_type{frequencies});
    const double last = frequencies > 1 ? number(frequencies - 1) : 1;
    for (std::size_t k = 0; k < frequencies; ++k) values.flat(k) = lowest * std::pow(highest / lowest, number(k) / last);
    return t.builder().layer("time_embedding", {t}, {}, {{"frequencies", name + ".frequencies", std::move(values)}});
}

Value silu(const Value& x) { return elementwise("silu", x); }
Value tanh(const Value& x) { return elementwise("tanh", x); }
Value gelu(const Value& x) { return elementwise("gelu", x); }
Value softplus(const Value& x) { return elementwise("softplus", x); }
Value relu(const Value& x) { return elementwise("relu", x); }
Value sigmoid(const Value& x) { return elementwise("sigmoid", x); }

Value operator+(const Value& a, const Value& b) { return a.builder().layer("add", {a, b}); }
Value operator-(const Value& a, const Value& b) { return a.builder().layer("sub", {a, b}); }
Value operator*(const Value& a, const Value& b) { return a.builder().layer("mul", {a, b}); }

Value concat(const std::vector<Value>& parts) {
    if (parts.empty()) throw std::invalid_argument("concat: there is nothing to put together; give at least one value");
    return parts[0].builder().layer(parts[0].shape().size() == 3 ? "concat_skip" : "concat", parts);
}

Value add_channel(const Value& image, const Value& channels) { return image.builder().layer("add_channel", {image, channels}); }
Value upsample_nearest(const Value& image, std::size_t scale) {
    return image.builder().layer("upsample_nearest", {image}, {.numbers = {{"scale", number(scale)}}});
}
Value avg_pool2d(const Value& image, std::size_t kernel) { return image.builder().layer("avg_pool2d", {image}, {.numbers = {{"kernel", number(kernel)}}}); }

Value max_pool2d(const Value& image, std::size_t kernel, std::size_t stride, std::size_t padding) {
    const LayerOptions options{.numbers = {{"kernel", number(kernel)}, {"stride", number(stride == 0 ? kernel : stride)}, {"padding", number(padding)}}};
    return image.builder().layer("max_pool2d", {image}, options);
}

Value softmax(const Value& x, std::size_t axis) { return x.builder().layer("softmax", {x}, {.numbers = {{"axis", number(axis)}}}); }
Value attention(const Value& q, const Value& k, const Value& v) { return q.builder().layer("attention", {q, k, v}); }
Value self_attention(const Value& columns, std::size_t heads) {
    return columns.builder().layer("self_attention", {columns}, {.numbers = {{"heads", number(heads)}}});
}
Value tokens(const Value& image) { return elementwise("tokens", image); }
Value untokens(const Value& x, std::size_t height, std::size_t width) {
    return x.builder().layer("untokens", {x}, {.numbers = {{"height", number(height)}, {"width", number(width)}}});
}
Value reshape(const Value& x, const std::vector<std::size_t>& shape) {
    return x.builder().layer("reshape", {x}, {.lists = {{"shape", {shape.begin(), shape.end()}}}});
}
Value transpose(const Value& x, const std::vector<std::size_t>& order) {
    return x.builder().layer("transpose", {x}, {.lists = {{"axes", {order.begin(), order.end()}}}});
}
Value flatten(const Value& image) { return elementwise("flatten", image); }

}  // namespace costate::nn
