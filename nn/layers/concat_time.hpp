// [x, t]
#pragma once

#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

struct ConcatTime {
    static constexpr std::string_view name = "concat_time", meaning = "[x, t], the time as last column";
    static constexpr std::size_t least_inputs = 2, most_inputs = 2;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static std::vector<std::size_t> shape(const Layer& layer) {
        if (features(layer.in_shapes[1]) != 1)
            throw LayerError("has a second input of " + std::to_string(layer.in_shapes[1][0]) +
                             " values; it has to be the time, one number");
        return {features(layer.in_shapes[0]) + 1};
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer&) {
        return autodiff::concat(in[0], in[1]);
    }
};

}  // namespace costate::nn::layers
