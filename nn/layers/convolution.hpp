// y = W ∗ x + b on images
#pragma once

#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// Cross-correlation; `weight` is out × in/groups × kernel height × kernel width, `bias` (may be absent) has out values; stride, zero padding and
/// dilation are the same in both directions.
struct Conv2d {
    static constexpr std::string_view name = "conv2d", meaning = "W * x + b on channels x height x width, a cross-correlation";
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 2> roles{
        {{"weight", TensorUse::parameter, true}, {"bias", TensorUse::parameter, false}}};
    static constexpr std::array<std::string_view, 0> options{};
    static constexpr std::array<NumberRole, 4> numbers{{{"stride", false, 1, 1, largest_number, true},
                                                        {"padding", false, 0, 0, largest_number, true},
                                                        {"dilation", false, 1, 1, largest_number, true},
                                                        {"groups", false, 1, 1, largest_number, true}}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        const auto& weight = layer.tensor_shapes.at("weight");
        const std::size_t groups = layer.count("groups");
        const auto wrong = [&](const std::string& remedy) {
            return LayerError("has a weight of shape " + shape_text(weight) + " for an input of the shape " + shape_text(layer.in_shapes[0]) + "; " + remedy);
        };
        if (weight.size() != 4 || values_of(weight) == 0) throw wrong("it has to be out x in/groups x height x width");
        if (x.channels % groups != 0 || weight[0] % groups != 0)
            throw LayerError("has " + std::to_string(groups) + " groups for " + std::to_string(x.channels) + " channels and " + std::to_string(weight[0]) +
                             " outputs; they have to divide both");
        if (weight[1] != x.channels / groups) throw wrong("it has to be out x in/groups x height x width");
        check_channels(layer, "bias", weight[0]);
        return {weight[0], extent(layer, x.height, weight[2], wrong), extent(layer, x.width, weight[3], wrong)};
    }
    static double work(const Layer& layer) {
        const auto& weight = layer.tensor_shapes.at("weight");
        return 2.0 * static_cast<double>(weight[1]) * static_cast<double>(weight[2] * weight[3]);
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const auto& weight = tensors.at("weight");
        const auto bias = tensors.find("bias");
        const autodiff::ConvolutionShape shape = geometry(layer);
        if (bias == tensors.end()) return autodiff::conv2d(in[0], weight, shape);
        return autodiff::conv2d(in[0], weight, bias->second, shape);
    }

private:
    /// ⌊(n + 2 padding - dilation (kernel - 1) - 1)/stride⌋ + 1
    template <class Wrong>
    static std::size_t extent(const Layer& layer, std::size_t n, std::size_t kernel, const Wrong& wrong) {
        const std::size_t padded = n + 2 * layer.count("padding");
        const std::size_t reach = kernel > padded ? kernel : layer.count("dilation") * (kernel - 1) + 1;
        if (reach > padded) throw wrong("the kernel has to fit the padded image: pad it or take a smaller one");
        return (padded - reach) / layer.count("stride") + 1;
    }

    static autodiff::ConvolutionShape geometry(const Layer& layer) {
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        const auto number = [&](const char* key) { return n(layer.count(key)); };
        const auto& in = layer.in_shapes[0];
        const auto& weight = layer.tensor_shapes.at("weight");
        return {.channels = n(in[0]), .height = n(in[1]), .width = n(in[2]), .outputs = n(weight[0]), .kernel_height = n(weight[2]),
                .kernel_width = n(weight[3]), .stride_y = number("stride"), .stride_x = number("stride"), .top = number("padding"),
                .left = number("padding"), .bottom = number("padding"), .right = number("padding"), .dilation_y = number("dilation"),
                .dilation_x = number("dilation"), .groups = number("groups")};
    }
};

}  // namespace costate::nn::layers
