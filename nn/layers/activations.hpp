// y_i = φ(x_i)
#pragma once

#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// What all activations share: one input, no tensor, the shape stays.
struct Activation {
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static std::vector<std::size_t> shape(const Layer& layer) { return layer.in_shapes[0]; }
};

struct Silu : Activation {
    static constexpr std::string_view name = "silu", meaning = "x sigmoid(x)";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return silu(in[0]);
    }
};

struct Tanh : Activation {
    static constexpr std::string_view name = "tanh", meaning = "tanh x";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return tanh(in[0]);
    }
};

struct Gelu : Activation {
    static constexpr std::string_view name = "gelu", meaning = "x (1 + erf(x/√2))/2";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return gelu(in[0]);
    }
};

struct Softplus : Activation {
    static constexpr std::string_view name = "softplus", meaning = "log(1 + eˣ)";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return softplus(in[0]);
    }
};

struct Relu : Activation {
    static constexpr std::string_view name = "relu", meaning = "max(x, 0)";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return relu(in[0]);
    }
};

struct Sigmoid : Activation {
    static constexpr std::string_view name = "sigmoid", meaning = "1/(1 + e⁻ˣ)";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return sigmoid(in[0]);
    }
};

}  // namespace costate::nn::layers
