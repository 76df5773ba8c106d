// Layers of a network written in C++: structs for those with weights, functions for those without.
//   nn::NetworkBuilder net({.input_shape = {2}});
//   const nn::Value h = silu(nn::Linear{"hidden", 64}(nn::concat({net.x(), net.t()})));
//   const nn::Network network = net.network(nn::Linear{"out", 2}(h));
// Weights begin as PyTorch's do, by the builder's seed. One struct called twice is one layer at two places, with the same weights.
// All throw std::invalid_argument, one sentence, for shapes that do not fit.
#pragma once

#include "nn/build.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace costate::nn {

/// x Wᵀ + b on lists. NAME.weight (out × in) and NAME.bias uniform within ±1/√in.
struct Linear {
    std::string name;
    std::size_t out;
    bool bias = true;
    Value operator()(const Value& x) const;
};

/// W ∗ x + b on channels × height × width, a cross-correlation with zeros around the image. NAME.weight (out × in/groups × kernel × kernel) and
/// NAME.bias uniform within ±1/√(in/groups kernel²).
struct Conv2d {
    std::string name;
    std::size_t out, kernel;
    std::size_t stride = 1, padding = 0, dilation = 1, groups = 1;
    bool bias = true;
    Value operator()(const Value& x) const;
};

/// (x − mean)/√(variance + eps) · weight + bias over each group of channels and its pixels (Wu and He 2018). NAME.weight 1, NAME.bias 0.
struct GroupNorm {
    std::string name;
    std::size_t groups;
    double eps = 1e-5;
    Value operator()(const Value& x) const;
};

/// The transpose of a Conv2d of the same numbers. NAME.weight (in × out/groups × kernel × kernel) and NAME.bias uniform within ±1/√(out/groups kernel²).
struct ConvTranspose2d {
    std::string name;
    std::size_t out, kernel;
    std::size_t stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1;
    bool bias = true;
    Value operator()(const Value& x) const;
};

/// (x − mean)/√(variance + eps) · weight + bias over the last axis (Ba and others 2016). NAME.weight 1, NAME.bias 0.
struct LayerNorm {
    std::string name;
    double eps = 1e-5;
    Value operator()(const Value& x) const;
};

/// Row x of a table, x integers, as the time may be one. NAME.weight (rows × width) from N(0, 1).
struct Embedding {
    std::string name;
    std::size_t rows, width;
    Value operator()(const Value& x) const;
};

/// [sin(t f₁) … sin(t f_n), cos(t f₁) … cos(t f_n)], NAME.frequencies in geometric progression from `lowest` to `highest`, constants.
struct TimeEmbedding {
    std::string name;
    std::size_t frequencies;
    double lowest = 1, highest = 100;
    Value operator()(const Value& t) const;
};

Value silu(const Value& x);
Value tanh(const Value& x);
Value gelu(const Value& x);
Value softplus(const Value& x);
Value relu(const Value& x);
Value sigmoid(const Value& x);

/// Element by element; axes of 1 are repeated.
Value operator+(const Value& a, const Value& b);
Value operator-(const Value& a, const Value& b);
Value operator*(const Value& a, const Value& b);

/// Lists one after the other, or images along their channels.
Value concat(const std::vector<Value>& parts);
/// An image plus one number for each channel.
Value add_channel(const Value& image, const Value& channels);
/// Every pixel `scale` × `scale` times.
Value upsample_nearest(const Value& image, std::size_t scale);
/// Means over squares of `kernel` × `kernel` pixels, side by side.
Value avg_pool2d(const Value& image, std::size_t kernel);
/// The largest of windows of `kernel` × `kernel` pixels; `stride` 0 is the kernel.
Value max_pool2d(const Value& image, std::size_t kernel, std::size_t stride = 0, std::size_t padding = 0);
/// exp(x)/Σ exp(x) along an axis of a sample.
Value softmax(const Value& x, std::size_t axis);
/// softmax(q kᵀ/√depth) v on the last two axes: queries × depth, keys × depth, keys × width.
Value attention(const Value& q, const Value& k, const Value& v);
/// Tokens × columns q | k | v, each in `heads` side by side: attention by head, side by side (Vaswani and others 2017).
Value self_attention(const Value& columns, std::size_t heads);
/// Channels × height × width as height · width tokens of channels, and back.
Value tokens(const Value& image);
Value untokens(const Value& x, std::size_t height, std::size_t width);
/// The same values in another shape; axis i of the result is axis order[i].
Value reshape(const Value& x, const std::vector<std::size_t>& shape);
Value transpose(const Value& x, const std::vector<std::size_t>& order);
/// An image as a list: channels, rows, columns.
Value flatten(const Value& image);

}  // namespace costate::nn
