// What a layer of a network file is, and what an op has to say about itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace costate::nn {

/// {"op", "in": [names], "out": name, …}: reads values by name, writes one. The rest, by key: `texts` are tensors' names and options,
/// `numbers` are what an op counts or scales with, `lists` what it has to know of several axes.
struct Layer {
    std::string op;
    std::vector<std::string> in;
    std::string out;
    std::map<std::string, std::string, std::less<>> texts;
    std::map<std::string, double, std::less<>> numbers;
    std::map<std::string, std::vector<std::int64_t>, std::less<>> lists = {};
    /// What describe() adds: the shapes a sample of what it reads and writes, those of its tensors by role, and in `numbers` what is taken where
    /// none is given.
    std::vector<std::vector<std::size_t>> in_shapes = {};
    std::vector<std::size_t> out_shape = {};
    std::map<std::string, std::vector<std::size_t>, std::less<>> tensor_shapes = {};

    /// A number that counts; of a described layer.
    [[nodiscard]] std::size_t count(std::string_view key) const { return static_cast<std::size_t>(numbers.find(key)->second); }
    /// A list of integers, empty where none is given; the same as sizes (of a described layer, whose role says that none is negative).
    [[nodiscard]] std::span<const std::int64_t> list(std::string_view key) const {
        const auto found = lists.find(key);
        return found == lists.end() ? std::span<const std::int64_t>() : std::span<const std::int64_t>(found->second);
    }
    [[nodiscard]] std::vector<std::size_t> counts(std::string_view key) const { return {list(key).begin(), list(key).end()}; }
};

/// How an op uses a tensor: parameters have gradients, constants have none.
enum class TensorUse { parameter, constant };

struct TensorRole {
    std::string_view name;
    TensorUse use;
    bool required;
};

/// A number of a layer: what is taken where none is given (required ones have no such), and what it may be.
struct NumberRole {
    std::string_view name;
    bool required;
    double otherwise;
    double least, most;
    bool counts;  ///< an integer
};

/// A list of integers of a layer, each from `least` to `most`; how many there have to be is the op's to say.
struct ListRole {
    std::string_view name;
    bool required;
    std::int64_t least, most;
};

/// What is wrong with a layer; the caller adds file, position and op.
class LayerError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// An op as the reader sees it. Every op is a struct in nn/layers/ with these as static members and a template
/// `record(std::span<const Var<T>> in, const Tensors<T>& tensors, const Layer& layer) -> Var<T>`; nn/layers/list.hpp lists them.
struct LayerKind {
    std::string_view name, meaning;
    std::size_t least_inputs, most_inputs;
    std::span<const TensorRole> roles;
    std::span<const std::string_view> options;  ///< further texts that a layer may have
    std::span<const NumberRole> numbers;
    std::span<const ListRole> lists;
    std::vector<std::size_t> (*shape)(const Layer&);  ///< of the result, a sample: all of the layer but out_shape is there; throws LayerError
    /// Multiplications and additions of one sample for each value of the result, of the order of 1 where an op does not say.
    double (*work)(const Layer&);
};

/// All ops that can be recorded.
std::span<const LayerKind> layer_kinds();

/// Values of a shape, at most 2⁶² (more than any limit).
inline std::size_t values_of(std::span<const std::size_t> shape) {
    constexpr std::size_t most = std::size_t{1} << 62;
    std::size_t n = 1;
    for (const std::size_t axis : shape) n = axis != 0 && n > most / axis ? most : n * axis;
    return n;
}

inline std::string shape_text(std::span<const std::size_t> shape) {
    std::string text = "[";
    for (const std::size_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

}  // namespace costate::nn
