// Networks on tokens: softmax, attention, tables, images as lists of tokens
#pragma once

#include "autodiff/token_functions.hpp"
#include "nn/layers/axes.hpp"

#include <array>
#include <cmath>

namespace costate::nn::layers {

/// What both share: an axis.
struct OfOneAxis : OfAxes {
    static constexpr std::array<NumberRole, 1> numbers{{axis_number}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        (void)axis(layer);
        return layer.in_shapes[0];
    }
    static double work(const Layer&) { return 8; }
};

struct SoftmaxLayer : OfOneAxis {
    static constexpr std::string_view name = "softmax", meaning = "exp(x)/Σ exp(x) along `axis`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::softmax(in[0], layer.in_shapes[0], axis(layer));
    }
};

struct LogSoftmaxLayer : OfOneAxis {
    static constexpr std::string_view name = "log_softmax", meaning = "x - log Σ exp(x) along `axis`";
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::log_softmax(in[0], layer.in_shapes[0], axis(layer));
    }
};

/// q, k, v: … × queries × depth, … × keys × depth, … × keys × width, with the same axes before.
struct AttentionLayer {
    static constexpr std::string_view name = "attention", meaning = "softmax(`scale` q kᵀ) v of q, k, v on the last two axes; `scale` 0 means 1/√depth";
    static constexpr std::size_t least_inputs = 3, most_inputs = 3;
    static constexpr std::array<TensorRole, 0> roles{};
    static constexpr std::array<std::string_view, 0> options{};
    static constexpr std::array<NumberRole, 1> numbers{{{"scale", false, 0, -1e30, 1e30, false}}};

    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto &q = layer.in_shapes[0], &k = layer.in_shapes[1], &v = layer.in_shapes[2];
        const std::size_t rank = q.size();
        const auto blocks = [](const std::vector<std::size_t>& s) { return std::vector<std::size_t>(s.begin(), s.end() - 2); };
        if (rank < 2 || k.size() != rank || v.size() != rank || blocks(q) != blocks(k) || blocks(q) != blocks(v) || q.back() != k.back() ||
            k[rank - 2] != v[rank - 2])
            throw LayerError("has q, k and v of the shapes " + shape_text(q) + ", " + shape_text(k) + " and " + shape_text(v) +
                             "; they have to be queries x depth, keys x depth and keys x width, with the same axes before");
        auto result = q;
        result.back() = v.back();
        return result;
    }
    static double work(const Layer& layer) {
        const auto &q = layer.in_shapes[0], &v = layer.in_shapes[2];
        return 2.0 * static_cast<double>(v[v.size() - 2]) * (1 + static_cast<double>(q.back()) / static_cast<double>(v.back()));
    }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto &q = layer.in_shapes[0], &v = layer.in_shapes[2];
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        const std::size_t queries = q[q.size() - 2], keys = v[v.size() - 2];
        return whole<T>(in[0], in[1], in[2], n(in[0].size() / (queries * q.back())), n(queries), n(keys), n(q.back()), n(v.back()),
                        layer.numbers.at("scale"));
    }

    template <class T>
    static autodiff::Var<T> whole(const autodiff::Var<T>& q, const autodiff::Var<T>& k, const autodiff::Var<T>& v, std::uint32_t heads, std::uint32_t queries,
                                  std::uint32_t keys, std::uint32_t depth, std::uint32_t width, double scale) {
        using std::sqrt;
        const T factor = scale == 0 ? T(1) / sqrt(T(static_cast<int>(depth))) : in_scalar<T>(scale);
        return autodiff::attention(q, k, v, {.heads = heads, .queries = queries, .keys = keys, .depth = depth, .width = width}, factor);
    }
};

/// Columns q | k | v, each split into contiguous heads.
struct SelfAttention : OfAxes {
    static constexpr std::string_view name = "self_attention",
                                      meaning = "tokens x columns q | k | v, each in `heads`: softmax(q kᵀ/√depth) v by head, side by side";
    static constexpr std::array<NumberRole, 1> numbers{{{"heads", true, 1, 1, largest_number, true}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& in = layer.in_shapes[0];
        if (in.size() != 2 || in[1] % (3 * layer.count("heads")) != 0)
            throw LayerError("has an input of the shape " + shape_text(in) + " for " + std::to_string(layer.count("heads")) +
                             " heads; it has to be tokens x columns, three times a multiple of the heads");
        return {in[0], in[1] / 3};
    }
    static double work(const Layer& layer) { return 4.0 * static_cast<double>(layer.in_shapes[0][0]); }

    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        const auto n = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
        const std::size_t tokens = layer.in_shapes[0][0], heads = layer.count("heads"), depth = layer.out_shape[1] / heads;
        // tokens × 3 × heads × depth → 3 × heads × tokens × depth
        const autodiff::Var<T> apart = autodiff::transpose(in[0], {tokens, 3, heads, depth}, {1, 2, 0, 3});
        const std::size_t each = heads * tokens * depth;
        const autodiff::Var<T> y = AttentionLayer::whole<T>(apart.slice(0, each), apart.slice(each, each), apart.slice(2 * each, each), n(heads), n(tokens),
                                                            n(tokens), n(depth), n(depth), 0);
        return autodiff::transpose(y, {heads, tokens, depth}, {1, 0, 2});
    }
};

struct TokensLayer : OfAxes {
    static constexpr std::string_view name = "tokens", meaning = "channels x height x width as height·width tokens of channels";
    static std::vector<std::size_t> shape(const Layer& layer) {
        const autodiff::Image x = image(layer.in_shapes[0]);
        return {x.plane(), x.channels};
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::transpose(in[0], {layer.out_shape[1], layer.out_shape[0]}, {1, 0});
    }
};

struct UntokensLayer : OfAxes {
    static constexpr std::string_view name = "untokens", meaning = "tokens of channels as channels x `height` x `width`";
    static constexpr std::array<NumberRole, 2> numbers{{{"height", true, 1, 1, largest_number, true}, {"width", true, 1, 1, largest_number, true}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& in = layer.in_shapes[0];
        const std::size_t height = layer.count("height"), width = layer.count("width");
        if (in.size() != 2 || in[0] != height * width)
            throw LayerError("has an input of the shape " + shape_text(in) + " for an image of " + std::to_string(height) + " x " + std::to_string(width) +
                             "; it has to be a token for each pixel");
        return {in[1], height, width};
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>&, const Layer& layer) {
        return autodiff::transpose(in[0], layer.in_shapes[0], {1, 0});
    }
};

/// Rows of a table; the index has no gradient. One index, as the time is, gives one row.
struct EmbeddingLayer : OfAxes {
    static constexpr std::string_view name = "embedding", meaning = "row t of the table `weight`, t an integer";
    static constexpr std::array<TensorRole, 1> roles{{{"weight", TensorUse::parameter, true}}};
    static std::vector<std::size_t> shape(const Layer& layer) {
        const auto& table = layer.tensor_shapes.at("weight");
        if (table.size() != 2 || values_of(table) == 0) throw LayerError("has a weight of shape " + shape_text(table) + "; it has to be rows x width");
        auto result = values_of(layer.in_shapes[0]) == 1 ? std::vector<std::size_t>() : layer.in_shapes[0];
        result.push_back(table[1]);
        return result;
    }
    template <class T>
    static autodiff::Var<T> record(std::span<const autodiff::Var<T>> in, const Tensors<T>& tensors, const Layer& layer) {
        return autodiff::lookup(tensors.at("weight"), layer.out_shape.back(), in[0]);
    }
};

}  // namespace costate::nn::layers
