// What rearranges, joins and shrinks images
#pragma once

#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// What these share: no tensors, no options.
struct OfImages {
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
};

/// A value to every pixel of its channel.
struct AddChannel : OfImages {
    static constexpr std::string_view name = "add_channel", meaning = "an image plus one number for each channel";
    static constexpr std::size_t least_inputs = 2, most_inputs = 2;
    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        if (layer.in_shapes[1] != std::vector{x.channels})
            throw LayerError("has a second input of the shape " + shape_text(layer.in_shapes[1]) + " for " + std::to_string(x.channels) +
                             " channels; it has to be one number for each");
        return layer.in_shapes[0];
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::add_channel(in[0], in[1]);
    }
};

/// Every pixel `scale` × `scale` times.
struct UpsampleNearest : OfImages {
    static constexpr std::string_view name = "upsample_nearest", meaning = "every pixel `scale` x `scale` times";
    static constexpr std::array<NumberRole, 1> numbers{{{"scale", true, 1, 1, largest_number, true}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        return {x.channels, x.height * layer.count("scale"), x.width * layer.count("scale")};
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::upsample_nearest(in[0], image(layer.in_shapes[0]), layer.count("scale"));
    }
};

/// The channels of all inputs one after the other.
struct ConcatSkip : OfImages {
    static constexpr std::string_view name = "concat_skip", meaning = "[a, b, ...] along the channels";
    static constexpr std::size_t most_inputs = 64;
    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image first = image(layer.in_shapes[0]);
        std::size_t channels = 0;
        for (const auto& in : layer.in_shapes) {
            const autodiff::Image x = image(in);
            if (x.height != first.height || x.width != first.width)
                throw LayerError("has inputs of the shapes " + shape_text(layer.in_shapes[0]) + " and " + shape_text(in) + "; heights and widths have to agree");
            channels += x.channels;
        }
        return {channels, first.height, first.width};
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::concat(in);
    }
};

/// The same values as a list.
struct Flatten : OfImages {
    static constexpr std::string_view name = "flatten", meaning = "the values as a list: channels, then rows, then columns";
    static std::vector<std::size_t> shape(const Layer& layer) { return {values_of(layer.in_shapes[0])}; }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return in[0];
    }
};

}  // namespace costate::nn::layers
