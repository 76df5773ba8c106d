// (x - mean)/√(variance + eps) · w + b over groups of channels, over the last axis, or with constants for mean and variance
#pragma once

#include "autodiff/token_functions.hpp"
#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"
#include "scalar/traits.hpp"

#include <array>

namespace costate::nn::layers {

/// What these share: one input, `eps`, and a scale and a bias that may be absent.
struct Normalisation {
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 2> roles{{{"weight", TensorUse::parameter, false}, {"bias", TensorUse::parameter, false}}};
    static constexpr std::array<std::string_view, 0> options{};
    static constexpr NumberRole epsilon{"eps", false, 1e-5, 1e-300, 1, false};
    static constexpr std::array<NumberRole, 1> numbers{{epsilon}};
    static double work(const Layer&) { return 8; }

protected:
    /// The tensor of that role, or as many times `otherwise`.
    template <class T>
    static autodiff::Var<T> tensor(const autodiff::Var<T>& x, const Tensors<T>& tensors, const char* role, std::size_t size, int otherwise) {
        const auto found = tensors.find(role);
        return found != tensors.end() ? found->second : x.tape()->constant(std::vector<T>(size, T(otherwise)));
    }
};

/// `groups` divides the channels; groups = channels is instance normalisation.
struct GroupNorm : Normalisation {
    static constexpr std::string_view name = "groupnorm", meaning = "(x - mean)/sqrt(variance + eps) weight + bias over groups of channels";
    static constexpr std::array<NumberRole, 2> numbers{{{"groups", true, 1, 1, largest_number, true}, epsilon}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        if (x.channels % layer.count("groups") != 0)
            throw LayerError("has " + std::to_string(layer.count("groups")) + " groups for " + std::to_string(x.channels) +
                             " channels; they have to divide them");
        check_channels(layer, "weight", x.channels);
        check_channels(layer, "bias", x.channels);
        return layer.in_shapes[0];
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        const autodiff::NormalisationShape shape{.channels = static_cast<std::uint32_t>(x.channels),
                                                 .pixels = static_cast<std::uint32_t>(x.plane()),
                                                 .groups = static_cast<std::uint32_t>(layer.count("groups"))};
        const T eps = in_scalar<T>(layer.numbers.at("eps"));
        if (tensors.empty()) return autodiff::normalise(in[0], shape, eps);
        return autodiff::normalise(in[0], tensor(in[0], tensors, "weight", x.channels, 1), tensor(in[0], tensors, "bias", x.channels, 0), shape, eps);
    }
};

/// Every row of the last axis by itself.
struct LayerNorm : Normalisation {
    static constexpr std::string_view name = "layernorm", meaning = "(x - mean)/sqrt(variance + eps) weight + bias over the last axis";

    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& in = layer.in_shapes[0];
        if (in.empty()) throw LayerError("has an input without an axis; it has to have one");
        for (const char* role : {"weight", "bias"}) {
            const auto found = layer.tensor_shapes.find(role);
            if (found != layer.tensor_shapes.end() && found->second != std::vector{in.back()})
                throw LayerError("has a " + std::string(role) + " of shape " + shape_text(found->second) + " for rows of " + std::to_string(in.back()) +
                                 " values; it has to be one number for each");
        }
        return in;
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        return recorded(in[0], tensors, layer, true);
    }

protected:
    template <class T>
    static autodiff::Var<T> recorded(const autodiff::Var<T>& x, const Tensors<T>& tensors, const Layer& layer, bool centred) {
        const std::size_t width = layer.in_shapes[0].back();
        return autodiff::layer_norm(x, tensor(x, tensors, "weight", width, 1), tensor(x, tensors, "bias", width, 0), in_scalar<T>(layer.numbers.at("eps")),
                                    centred);
    }
};

struct RmsNorm : LayerNorm {
    static constexpr std::string_view name = "rmsnorm", meaning = "x/sqrt(mean x² + eps) weight + bias over the last axis";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        return recorded(in[0], tensors, layer, false);
    }
};

/// With the mean and the variance of training, which have no gradient.
struct BatchNorm : Normalisation {
    static constexpr std::string_view name = "batchnorm", meaning = "(x - `mean`)/sqrt(`variance` + eps) weight + bias by channel";
    static constexpr std::array<TensorRole, 4> roles{{{"weight", TensorUse::parameter, false},
                                                      {"bias", TensorUse::parameter, false},
                                                      {"mean", TensorUse::constant, true},
                                                      {"variance", TensorUse::constant, true}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        for (const char* role : {"weight", "bias", "mean", "variance"}) check_channels(layer, role, x.channels);
        return layer.in_shapes[0];
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const std::size_t channels = layer.in_shapes[0][0];
        return autodiff::batch_norm(in[0], tensors.at("mean"), tensors.at("variance"), tensor(in[0], tensors, "weight", channels, 1),
                                    tensor(in[0], tensors, "bias", channels, 0), in_scalar<T>(layer.numbers.at("eps")));
    }
};

}  // namespace costate::nn::layers
