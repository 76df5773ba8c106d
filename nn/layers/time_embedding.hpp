// [sin(t f₁) … sin(t f_m), cos(t f₁) … cos(t f_m)]
#pragma once

#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// `frequencies` is a list of m constants: they belong to the description, no gradient is taken with respect to them.
struct TimeEmbedding {
    static constexpr std::string_view name = "time_embedding", meaning = "[sin(t f), cos(t f)] for the tensor `frequencies`";
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 1> roles{{{"frequencies", TensorUse::constant, true}}};
    static constexpr std::array<std::string_view, 1> options{"order"};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& frequencies = layer.tensor_shapes.at("frequencies");
        if (values_of(layer.in_shapes[0]) != 1)
            throw LayerError("has an input of " + std::to_string(values_of(layer.in_shapes[0])) + " values; it has to be the time, one number");
        if (frequencies.size() != 1 || frequencies[0] == 0)
            throw LayerError("has frequencies of shape " + shape_text(frequencies) + "; they have to be a list");
        return {2 * frequencies[0]};
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer&) {
        return autodiff::time_embedding(in[0], tensors.at("frequencies"));
    }
};

}  // namespace costate::nn::layers
