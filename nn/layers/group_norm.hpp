// (x - mean)/√(variance + eps) · w + b over groups of channels
#pragma once

#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"
#include "scalar/traits.hpp"

#include <array>

namespace costate::nn::layers {

/// `weight` and `bias` have a value for each channel; `groups` divides the channels.
struct GroupNorm {
    static constexpr std::string_view name = "groupnorm", meaning = "(x - mean)/sqrt(variance + eps) weight + bias over groups of channels";
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 2> roles{{{"weight", TensorUse::parameter, true}, {"bias", TensorUse::parameter, true}}};
    static constexpr std::array<std::string_view, 0> options{};
    static constexpr std::array<NumberRole, 2> numbers{{{"groups", true, 1, 1, largest_number, true}, {"eps", false, 1e-5, 1e-300, 1, false}}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        if (x.channels % layer.count("groups") != 0)
            throw LayerError("has " + std::to_string(layer.count("groups")) + " groups for " + std::to_string(x.channels) + " channels; they have to divide them");
        check_channels(layer, "weight", x.channels);
        check_channels(layer, "bias", x.channels);
        return layer.in_shapes[0];
    }
    static double work(const Layer&) { return 8; }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        const autodiff::NormalisationShape shape{.channels = static_cast<std::uint32_t>(x.channels), .pixels = static_cast<std::uint32_t>(x.plane()),
                                                 .groups = static_cast<std::uint32_t>(layer.count("groups"))};
        return autodiff::normalise(in[0], tensors.at("weight"), tensors.at("bias"), shape, in_scalar<T>(layer.numbers.at("eps")));
    }
};

}  // namespace costate::nn::layers
