// y = W ∗ x + b on images
#pragma once

#include "autodiff/window_functions.hpp"
#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// What moves over images: a stride, padding with zeros and dilation, each one number or a list: [down, across], of padding
/// [top, left, bottom, right].
struct OfWindows {
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<std::string_view, 0> options{};
    static constexpr NumberRole stride_number{"stride", false, 1, 1, largest_number, true}, padding_number{"padding", false, 0, 0, largest_number, true},
        dilation_number{"dilation", false, 1, 1, largest_number, true}, groups_number{"groups", false, 1, 1, largest_number, true};
    static constexpr ListRole stride_list{"stride", false, 1, 1 << 24}, padding_list{"padding", false, 0, 1 << 24},
        dilation_list{"dilation", false, 1, 1 << 24};

    /// `count` numbers: the list, or the number `count` times. Throws LayerError for a list of another length.
    static std::vector<std::size_t> sizes(const Layer& layer, const char* key, std::size_t count) {
        if (!layer.lists.contains(key)) return std::vector<std::size_t>(count, layer.count(key));
        const auto list = layer.counts(key);
        if (list.size() != count)
            throw LayerError("has a list \"" + std::string(key) + "\" of " + std::to_string(list.size()) + " numbers; give one number or a list of " +
                             std::to_string(count));
        return list;
    }
};

/// What convolution and its transpose share.
struct Convolution : OfWindows {
    static constexpr std::array<TensorRole, 2> roles{{{"weight", TensorUse::parameter, true}, {"bias", TensorUse::parameter, false}}};

protected:
    static LayerError wrong(const Layer& layer, const std::string& remedy) {
        return LayerError("has a weight of shape " + shape_text(layer.tensor_shapes.at("weight")) + " for an input of the shape " +
                          shape_text(layer.in_shapes[0]) + "; " + remedy);
    }
    static const std::vector<std::size_t>& kernel(const Layer& layer) { return layer.tensor_shapes.at("weight"); }

    /// stride, padding, dilation, groups and the kernel's size.
    static autodiff::ConvolutionShape numbers_of(const Layer& layer) {
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        const auto stride = sizes(layer, "stride", 2), padding = sizes(layer, "padding", 4), dilation = sizes(layer, "dilation", 2);
        const auto& weight = kernel(layer);
        return {.kernel_height = n(weight[2]),
                .kernel_width = n(weight[3]),
                .stride_y = n(stride[0]),
                .stride_x = n(stride[1]),
                .top = n(padding[0]),
                .left = n(padding[1]),
                .bottom = n(padding[2]),
                .right = n(padding[3]),
                .dilation_y = n(dilation[0]),
                .dilation_x = n(dilation[1]),
                .groups = n(layer.count("groups"))};
    }
    static void check_groups(const Layer& layer, std::size_t channels, std::size_t outputs) {
        const std::size_t groups = layer.count("groups");
        if (channels % groups != 0 || outputs % groups != 0)
            throw LayerError("has " + std::to_string(groups) + " groups for " + std::to_string(channels) + " channels and " + std::to_string(outputs) +
                             " outputs; they have to divide both");
    }
};

/// Cross-correlation; `weight` is out × in/groups × kernel height × kernel width, `bias` (may be absent) has out values.
struct Conv2d : Convolution {
    static constexpr std::string_view name = "conv2d", meaning = "W * x + b on channels x height x width, a cross-correlation";
    static constexpr std::array<NumberRole, 4> numbers{{stride_number, padding_number, dilation_number, groups_number}};
    static constexpr std::array<ListRole, 3> lists{{stride_list, padding_list, dilation_list}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        const auto& weight = kernel(layer);
        if (weight.size() != 4 || values_of(weight) == 0) throw wrong(layer, "it has to be out x in/groups x height x width");
        check_groups(layer, x.channels, weight[0]);
        if (weight[1] != x.channels / layer.count("groups")) throw wrong(layer, "it has to be out x in/groups x height x width");
        check_channels(layer, "bias", weight[0]);
        const auto padding = sizes(layer, "padding", 4);
        return {weight[0], extent(layer, 0, x.height + padding[0] + padding[2]), extent(layer, 1, x.width + padding[1] + padding[3])};
    }
    static double work(const Layer& layer) { return 2.0 * static_cast<double>(kernel(layer)[1]) * static_cast<double>(kernel(layer)[2] * kernel(layer)[3]); }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const auto& weight = tensors.at("weight");
        const auto bias = tensors.find("bias");
        autodiff::ConvolutionShape shape = numbers_of(layer);
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        const auto& x = layer.in_shapes[0];
        shape.channels = n(x[0]), shape.height = n(x[1]), shape.width = n(x[2]), shape.outputs = n(layer.out_shape[0]);
        if (bias == tensors.end()) return autodiff::conv2d(in[0], weight, shape);
        return autodiff::conv2d(in[0], weight, bias->second, shape);
    }

private:
    /// ⌊(padded - dilation (kernel - 1) - 1)/stride⌋ + 1
    static std::size_t extent(const Layer& layer, std::size_t axis, std::size_t padded) {
        const std::size_t length = kernel(layer)[2 + axis];
        const std::size_t reach = length > padded ? length : sizes(layer, "dilation", 2)[axis] * (length - 1) + 1;
        if (reach > padded) throw wrong(layer, "the kernel has to fit the padded image: pad it or take a smaller one");
        return (padded - reach) / sizes(layer, "stride", 2)[axis] + 1;
    }
};

/// The transpose of a convolution; `weight` is in × out/groups × kernel height × kernel width.
struct ConvTranspose2d : Convolution {
    static constexpr std::string_view name = "conv_transpose2d", meaning = "the transpose of a convolution, + b, on channels x height x width";
    static constexpr std::array<NumberRole, 5> numbers{
        {stride_number, padding_number, dilation_number, groups_number, {"output_padding", false, 0, 0, largest_number, true}}};
    static constexpr std::array<ListRole, 4> lists{{stride_list, padding_list, dilation_list, {"output_padding", false, 0, 1 << 24}}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        const auto& weight = kernel(layer);
        if (weight.size() != 4 || values_of(weight) == 0 || weight[0] != x.channels) throw wrong(layer, "it has to be in x out/groups x height x width");
        const std::size_t outputs = weight[1] * layer.count("groups");
        check_groups(layer, x.channels, outputs);
        check_channels(layer, "bias", outputs);
        return {outputs, extent(layer, 0, x.height), extent(layer, 1, x.width)};
    }
    static double work(const Layer& layer) {
        const auto& weight = kernel(layer);
        return 2.0 * static_cast<double>(values_of(weight)) * static_cast<double>(layer.in_shapes[0][1] * layer.in_shapes[0][2]) /
               static_cast<double>(std::max<std::size_t>(values_of(layer.out_shape), 1));
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const auto& weight = tensors.at("weight");
        const auto bias = tensors.find("bias");
        const auto& x = layer.in_shapes[0];
        const auto more = sizes(layer, "output_padding", 2);
        const autodiff::ConvolutionShape shape = autodiff::transposed_shape(x[0], x[1], x[2], layer.out_shape[0], numbers_of(layer), more[0], more[1]);
        if (bias == tensors.end()) return autodiff::conv_transpose2d(in[0], weight, shape);
        return autodiff::conv_transpose2d(in[0], weight, bias->second, shape);
    }

private:
    /// stride (n - 1) + dilation (kernel - 1) + 1 + output_padding - padding
    static std::size_t extent(const Layer& layer, std::size_t axis, std::size_t n) {
        const auto padding = sizes(layer, "padding", 4);
        const std::size_t stride = sizes(layer, "stride", 2)[axis], dilation = sizes(layer, "dilation", 2)[axis],
                          more = sizes(layer, "output_padding", 2)[axis];
        const std::size_t whole = stride * (n - 1) + dilation * (kernel(layer)[2 + axis] - 1) + 1 + more, cut = padding[axis] + padding[axis + 2];
        if (whole <= cut || (more >= stride && more >= dilation && more > 0))
            throw wrong(layer, "padding has to leave something, and output_padding to be below the stride or the dilation");
        return whole - cut;
    }
};

}  // namespace costate::nn::layers
