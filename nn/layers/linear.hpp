// y = x Wᵀ + b
#pragma once

#include "autodiff/var.hpp"
#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// `weight` is out × in, `bias` (may be absent) has out values.
struct Linear {
    static constexpr std::string_view name = "linear", meaning = "x Wᵀ + b";
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 2> roles{
        {{"weight", TensorUse::parameter, true}, {"bias", TensorUse::parameter, false}}};
    static constexpr std::array<std::string_view, 0> options{};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& weight = layer.tensor_shapes.at("weight");
        const std::size_t values = features(layer.in_shapes[0]);
        if (weight.size() != 2 || weight[1] != values || weight[0] == 0)
            throw LayerError("has a weight of shape " + shape_text(weight) + " for an input of " + std::to_string(values) +
                             " values; it has to be out x in");
        const auto bias = layer.tensor_shapes.find("bias");
        if (bias != layer.tensor_shapes.end() && bias->second != std::vector{weight[0]})
            throw LayerError("has a bias of shape " + shape_text(bias->second) + " for " + std::to_string(weight[0]) +
                             " outputs; they have to agree");
        return {weight[0]};
    }
    static double work(const Layer& layer) { return 2.0 * static_cast<double>(layer.tensor_shapes.at("weight")[1]); }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer&) {
        const auto bias = tensors.find("bias");
        if (bias == tensors.end()) return autodiff::linear(in[0], tensors.at("weight"));
        return autodiff::linear(in[0], tensors.at("weight"), bias->second);
    }
};

}  // namespace costate::nn::layers
