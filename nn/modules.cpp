#include "nn/modules.hpp"

#include <cmath>
#include <stdexcept>

namespace costate::nn {

namespace {

std::size_t axis(const Value& x, std::size_t i) { return i < x.shape().size() ? x.shape()[i] : 0; }

double number(std::size_t value) { return static_cast<double>(value); }

/// `weight` and, where asked for, `bias`, uniform within ±1/√(values that one output reads): PyTorch's Linear and convolutions.
std::vector<NewTensor> weight_and_bias(const Value& x, const std::string& name, const std::vector<std::size_t>& shape, bool bias) {
    std::size_t reads = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) reads *= shape[i];
    const double bound = reads == 0 ? 0 : 1 / std::sqrt(number(reads));
    std::vector<NewTensor> tensors{{"weight", name + ".weight", x.builder().uniform(name + ".weight", shape, bound)}};
    if (bias) tensors.push_back({"bias", name + ".bias", x.builder().uniform(name + ".bias", {shape[0]}, bound)});
    return tensors;
}

Value elementwise(const char* op, const Value& x) { return x.builder().layer(op, {x}); }

}  // namespace

Value Linear::operator()(const Value& x) const {
    return x.builder().layer("linear", {x}, {}, weight_and_bias(x, name, {out, x.shape().empty() ? 0 : x.shape().back()}, bias));
}

Value Conv2d::operator()(const Value& x) const {
    const LayerNumbers numbers{{"stride", number(stride)}, {"padding", number(padding)}, {"dilation", number(dilation)}, {"groups", number(groups)}};
    const std::size_t in = groups == 0 ? 0 : axis(x, 0) / groups;
    return x.builder().layer("conv2d", {x}, numbers, weight_and_bias(x, name, {out, in, kernel, kernel}, bias));
}

Value GroupNorm::operator()(const Value& x) const {
    const Array::shape_type channels{axis(x, 0)};
    return x.builder().layer("groupnorm", {x}, {{"groups", number(groups)}, {"eps", eps}},
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
Value operator*(const Value& a, const Value& b) { return a.builder().layer("mul", {a, b}); }

Value concat(const std::vector<Value>& parts) {
    if (parts.empty()) throw std::invalid_argument("concat: there is nothing to put together; give at least one value");
    return parts[0].builder().layer(parts[0].shape().size() == 3 ? "concat_skip" : "concat", parts);
}

Value add_channel(const Value& image, const Value& channels) { return image.builder().layer("add_channel", {image, channels}); }
Value upsample_nearest(const Value& image, std::size_t scale) { return image.builder().layer("upsample_nearest", {image}, {{"scale", number(scale)}}); }
Value avg_pool2d(const Value& image, std::size_t kernel) { return image.builder().layer("avg_pool2d", {image}, {{"kernel", number(kernel)}}); }
Value flatten(const Value& image) { return elementwise("flatten", image); }

}  // namespace costate::nn
