// a + b, a ∘ b
#pragma once

#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// What both share: two inputs of one shape.
struct Elementwise {
    static constexpr std::size_t least_inputs = 2, most_inputs = 2;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static std::vector<std::size_t> shape(const Layer& layer) {
        if (layer.in_shapes[0] != layer.in_shapes[1])
            throw LayerError("has inputs of the shapes " + shape_text(layer.in_shapes[0]) + " and " + shape_text(layer.in_shapes[1]) + "; they have to agree");
        return layer.in_shapes[0];
    }
};

struct Add : Elementwise {
    static constexpr std::string_view name = "add", meaning = "a + b";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return in[0] + in[1];
    }
};

struct Mul : Elementwise {
    static constexpr std::string_view name = "mul", meaning = "a b, element by element";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return in[0] * in[1];
    }
};

}  // namespace costate::nn::layers
