// An ONNX graph as plain data: what read_graph() takes from a file, what import_graph() translates.
#pragma once

#include "nn/file_error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace costate::nn::onnx {

using Shape = std::vector<std::size_t>;

/// real: float16, bfloat16, float and double; other: what this version does not compute with.
enum class Type { real, integer, boolean, other };

/// Known numbers, row-major. Integers are exact to 2⁵³. Where the batch N is not known, element i is batch[i] N + values[i].
struct Tensor {
    std::string name;
    Type type = Type::real;
    Shape shape;
    std::vector<double> values;
    std::vector<double> batch = {};  ///< empty: N does not occur
    bool trained = false;            ///< an initialiser, which may be a weight
    bool derived = false;            ///< trained, but worked out from a module's parameter, whose name it has with that of the operator

    [[nodiscard]] bool symbolic() const { return !batch.empty(); }
};
using TensorPointer = std::shared_ptr<const Tensor>;

/// An attribute holds one of these.
struct Attribute {
    std::optional<std::int64_t> integer;
    std::optional<double> real;
    std::optional<std::string> text;
    std::optional<std::vector<std::int64_t>> integers;
    std::optional<std::vector<double>> reals;
    TensorPointer tensor;
};

struct Node {
    std::string op, name, domain;
    std::vector<std::string> inputs, outputs;  ///< an empty name: left out
    std::map<std::string, Attribute, std::less<>> attributes;

    /// Of the attribute, or what is taken where it is not given. Throw GraphError for one of another type.
    [[nodiscard]] std::int64_t integer(std::string_view key, std::int64_t otherwise) const;
    [[nodiscard]] double real(std::string_view key, double otherwise) const;
    [[nodiscard]] std::string text(std::string_view key, std::string otherwise) const;
    [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
    [[nodiscard]] bool has(std::string_view key) const { return attributes.contains(key); }
};

/// An input; a symbolic axis has no size.
struct Input {
    std::string name;
    Type type = Type::real;
    std::vector<std::optional<std::size_t>> axes;
};

struct Graph {
    std::int64_t opset = 0;
    std::vector<Input> inputs;  ///< without those that an initialiser gives
    std::vector<std::string> outputs;
    std::map<std::string, TensorPointer, std::less<>> initialisers;
    std::vector<Node> nodes;
    std::map<std::string, std::string> metadata;
};

/// What is wrong with a graph or a node, without the file's name.
class GraphError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace costate::nn::onnx

namespace costate::nn {

/// An ONNX file that cannot be read, translated or written.
class OnnxError : public FileError {
    using FileError::FileError;
};

}  // namespace costate::nn
