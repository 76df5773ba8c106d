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

/// Element by element, equal shapes.
Value operator+(const Value& a, const Value& b);
Value operator*(const Value& a, const Value& b);

/// Lists one after the other, or images along their channels.
Value concat(const std::vector<Value>& parts);
/// An image plus one number for each channel.
Value add_channel(const Value& image, const Value& channels);
/// Every pixel `scale` × `scale` times.
Value upsample_nearest(const Value& image, std::size_t scale);
/// Means over squares of `kernel` × `kernel` pixels, side by side.
Value avg_pool2d(const Value& image, std::size_t kernel);
/// An image as a list: channels, rows, columns.
Value flatten(const Value& image);

}  // namespace costate::nn
