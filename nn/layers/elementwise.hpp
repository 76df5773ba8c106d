// a + b, a ∘ b
#pragma once

#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// What both share: two inputs of one size.
struct Elementwise {
    static constexpr std::size_t least_inputs = 2, most_inputs = 2;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static std::size_t size(const LayerShapes& shapes) {
        if (shapes.in[0] != shapes.in[1])
            throw LayerError("has inputs of " + std::to_string(shapes.in[0]) + " and " + std::to_string(shapes.in[1]) +
                             " values; they have to have equally many");
        return shapes.in[0];
    }
};

struct Add : Elementwise {
    static constexpr std::string_view name = "add", meaning = "a + b";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&) {
        return in[0] + in[1];
    }
};

struct Mul : Elementwise {
    static constexpr std::string_view name = "mul", meaning = "a b, element by element";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&) {
        return in[0] * in[1];
    }
};

}  // namespace costate::nn::layers
