// What layers on images share: channels × height × width a sample.
#pragma once

#include "autodiff/var.hpp"
#include "nn/layers/layer.hpp"

namespace costate::nn::layers {

/// Numbers of layers are at most this: with it no size overflows 64 bits before the reader's limits are asked.
inline constexpr double largest_number = 1 << 24;

/// The length of a list of features. Throws LayerError for more axes.
inline std::size_t features(const std::vector<std::size_t>& shape) {
    if (shape.size() != 1) throw LayerError("has an input of the shape " + shape_text(shape) + "; it has to be a list: flatten it first");
    return shape[0];
}

/// Throws LayerError unless there are three axes.
inline autodiff::Image image(const std::vector<std::size_t>& shape) {
    if (shape.size() != 3) throw LayerError("has an input of the shape " + shape_text(shape) + "; it has to be channels x height x width");
    return {shape[0], shape[1], shape[2]};
}

/// Throws LayerError unless the tensor of that role, where there is one, has a value for each channel.
inline void check_channels(const Layer& layer, std::string_view role, std::size_t channels) {
    const auto tensor = layer.tensor_shapes.find(role);
    if (tensor != layer.tensor_shapes.end() && tensor->second != std::vector{channels})
        throw LayerError("has a " + std::string(role) + " of shape " + shape_text(tensor->second) + " for " + std::to_string(channels) +
                         " channels; it has to be one number for each");
}

}  // namespace costate::nn::layers
