// What a layer of a network file is, and what an op has to say about itself.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace costate::nn {

/// {"op", "in": [names], "out": name, …}: reads values by name, writes one. The rest, by key: `texts` are tensors' names and options,
/// `numbers` are what an op counts or scales with.
struct Layer {
    std::string op;
    std::vector<std::string> in;
    std::string out;
    std::map<std::string, std::string, std::less<>> texts;
    std::map<std::string, double, std::less<>> numbers;
};

/// How an op uses a tensor: parameters have gradients, constants have none.
enum class TensorUse { parameter, constant };

struct TensorRole {
    std::string_view name;
    TensorUse use;
    bool required;
};

/// What an op sees when shapes are inferred: values a sample of every input, and the shape of every tensor that the layer names, by role.
struct LayerShapes {
    std::span<const std::size_t> in;
    std::map<std::string, std::vector<std::size_t>, std::less<>> tensors;
};

/// What is wrong with a layer; the caller adds file, position and op.
class LayerError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An op as the reader sees it. Every op is a struct in nn/layers/ with these as static members and a template
/// `record(std::span<const Var<T>> in, const Tensors<T>& tensors) -> Var<T>`; nn/layers/list.hpp lists them.
struct LayerKind {
    std::string_view name, meaning;
    std::size_t least_inputs, most_inputs;
    std::span<const TensorRole> roles;
    std::span<const std::string_view> options;  ///< further texts that a layer may have
    std::size_t (*size)(const LayerShapes&);  ///< values a sample of the result; throws LayerError
};

/// All ops that can be recorded.
std::span<const LayerKind> layer_kinds();

inline std::string shape_text(std::span<const std::size_t> shape) {
    std::string text = "[";
    for (const std::size_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

}  // namespace costate::nn
