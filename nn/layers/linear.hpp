// y = x Wᵀ + b
#pragma once

#include "autodiff/token_functions.hpp"
#include "nn/layers/elementwise.hpp"
#include "nn/layers/image.hpp"
#include "nn/layers/tensors.hpp"

#include <array>

namespace costate::nn::layers {

/// On the last axis; `weight` is out × in, `bias` (may be absent) has out values.
struct Linear {
    static constexpr std::string_view name = "linear", meaning = "x Wᵀ + b on the last axis";
    static constexpr std::size_t least_inputs = 1, most_inputs = 1;
    static constexpr std::array<TensorRole, 2> roles{{{"weight", TensorUse::parameter, true}, {"bias", TensorUse::parameter, false}}};
    static constexpr std::array<std::string_view, 0> options{};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& weight = layer.tensor_shapes.at("weight");
        const auto& in = layer.in_shapes[0];
        const std::size_t values = in.empty() ? 1 : in.back();
        if (in.empty() || weight.size() != 2 || weight[1] != values || weight[0] == 0)
            throw LayerError("has a weight of shape " + shape_text(weight) + " for an input of the shape " + shape_text(in) + ", " + std::to_string(values) +
                             " values on the last axis; it has to be out x in");
        const auto bias = layer.tensor_shapes.find("bias");
        if (bias != layer.tensor_shapes.end() && bias->second != std::vector{weight[0]})
            throw LayerError("has a bias of shape " + shape_text(bias->second) + " for " + std::to_string(weight[0]) + " outputs; they have to agree");
        auto result = in;
        result.back() = weight[0];
        return result;
    }
    static double work(const Layer& layer) { return 2.0 * static_cast<double>(layer.tensor_shapes.at("weight")[1]); }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        const autodiff::Var<T>& weight = tensors.at("weight");
        const auto bias = tensors.find("bias");
        const std::size_t width = layer.in_shapes[0].back(), out = layer.out_shape.back(), rows = in[0].size() / width;
        if (rows == 1) return bias == tensors.end() ? autodiff::linear(in[0], weight) : autodiff::linear(in[0], weight, bias->second);
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        const autodiff::MatmulShape shape{.rows = n(rows), .inner = n(width), .columns = n(out), .transpose_b = 1};
        const autodiff::Var<T> y = autodiff::matmul(in[0], weight, shape);
        return bias == tensors.end() ? y : y + autodiff::broadcast_to(bias->second, {out}, {rows, out});
    }
};

/// numpy's product of matrices: the axes before the last two are blocks, broadcast.
struct Matmul {
    static constexpr std::string_view name = "matmul", meaning = "a b on the last two axes, the axes before them broadcast";
    static constexpr std::size_t least_inputs = 2, most_inputs = 2;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto &a = layer.in_shapes[0], &b = layer.in_shapes[1];
        if (a.size() < 2 || b.size() < 2 || a.back() != b[b.size() - 2])
            throw LayerError("has inputs of the shapes " + shape_text(a) + " and " + shape_text(b) + "; they have to be matrices that can be multiplied");
        auto result = broadcast_shape(blocks(a), blocks(b));
        result.push_back(a[a.size() - 2]);
        result.push_back(b.back());
        return result;
    }
    static double work(const Layer& layer) { return 2.0 * static_cast<double>(layer.in_shapes[0].back()); }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto &a = layer.in_shapes[0], &b = layer.in_shapes[1];
        const auto whole = blocks(layer.out_shape);
        const auto operand = [&](std::size_t i) {  // every block, but for a single one that meets them all
            const auto& shape = layer.in_shapes[i];
            if (values_of(blocks(shape)) == 1 || blocks(shape) == whole) return in[i];
            auto to = whole;
            to.insert(to.end(), shape.end() - 2, shape.end());
            return autodiff::broadcast_to(in[i], shape, to);
        };
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        return autodiff::matmul(operand(0), operand(1),
                                {.rows = n(a[a.size() - 2]), .inner = n(a.back()), .columns = n(b.back()), .blocks = n(values_of(whole))});
    }

private:
    static std::vector<std::size_t> blocks(const std::vector<std::size_t>& shape) { return {shape.begin(), shape.end() - 2}; }
};

}  // namespace costate::nn::layers
