// ONNX's values in terms of layers: what the operators are translated with.
#pragma once

#include "nn/onnx/emitter.hpp"

#include <functional>

namespace costate::nn::onnx {

/// A value of the graph: known numbers, or what a layer writes. `dims` are ONNX's axes. Where one of them holds the batch it is outer · N · inner
/// long and dims has outer · inner there; a layer sees one sample, without that axis where outer · inner = 1.
struct Value {
    TensorPointer constant;
    std::string layer;
    Shape dims;
    std::optional<std::size_t> batch_axis;
    std::size_t outer = 1;

    [[nodiscard]] bool known() const { return constant != nullptr; }
    [[nodiscard]] std::size_t rank() const { return dims.size(); }
    /// The shape of a sample.
    [[nodiscard]] Shape sample() const;
    /// Where an axis is in a sample. Throws GraphError for that of the batch.
    [[nodiscard]] std::size_t sample_axis(std::size_t axis) const;
    /// Sizes with N, as Shape() gives them.
    [[nodiscard]] Size size(std::size_t axis) const;
    [[nodiscard]] bool batch_dropped() const { return batch_axis && dims[*batch_axis] == 1; }
};

using Numbers = std::map<std::string, double, std::less<>>;
using Lists = std::map<std::string, std::vector<std::int64_t>, std::less<>>;
using Texts = std::map<std::string, std::string, std::less<>>;

/// The work on one node.
class Translation {
public:
    Translation(Emitter& emitter, const Node& node, std::vector<const Value*> inputs, std::int64_t opset, std::size_t& budget,
                std::size_t fixed_batch);

    const Node& node;
    const std::int64_t opset;
    const std::size_t fixed_batch;  ///< what N is in the graph's constants; 0: any
    std::size_t& budget;
    Emitter& emitter;
    std::vector<Value> outputs;

    [[nodiscard]] bool has(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
    /// Throws GraphError where the input is left out.
    [[nodiscard]] const Value& in(std::size_t i) const;
    [[nodiscard]] std::size_t count() const { return inputs_.size(); }
    /// Inputs as known tensors, nullptr where one is not known.
    [[nodiscard]] const std::vector<TensorPointer>& tensors() const { return tensors_; }
    /// The input, which has to be known. Throws GraphError.
    [[nodiscard]] const Tensor& constant(std::size_t i, std::string_view what) const;

    /// The name of the value that layers read, in the shape of a sample or in another of as many numbers.
    std::string read(const Value& value) { return read(value, value.sample()); }
    std::string read(const Value& value, const Shape& shape);
    /// A weight's name in the network, from the node's path where the file gives none.
    std::string weight(const Tensor& tensor, const Shape& shape, std::string_view role, bool exchanged = false);

    /// A layer of one value, its result having the shape `like` has (or those dims).
    Value layer(std::string op, std::vector<std::string> in, const Value& like, Numbers numbers = {}, Lists lists = {}, Texts texts = {});
    /// The same numbers seen in other dims; the batch axis and its outer factor as given.
    static Value seen(const Value& value, Shape dims, std::optional<std::size_t> batch_axis, std::size_t outer = 1);

    Value unary(std::string op, const Value& x, Numbers numbers = {}) { return layer(std::move(op), {read(x)}, x, std::move(numbers)); }
    /// scale x + shift
    Value affine(const Value& x, double scale, double shift);
    /// A layer of two values with numpy's broadcasting; the batches have to meet.
    Value binary(std::string op, const Value& a, const Value& b);
    /// Sums and products, with what they are part of recognised.
    Value add(const Value& a, const Value& b);
    Value multiply(const Value& a, const Value& b);
    Value subtract(const Value& a, const Value& b);
    Value divide(const Value& a, const Value& b);

    Value transposed(const Value& x, const std::vector<std::size_t>& order);
    /// Index i of an axis becomes indices[i] of it.
    Value gathered(const Value& x, std::size_t axis, const std::vector<std::int64_t>& indices);
    Value sliced(const Value& x, const Kept& kept);
    Value joined(std::span<const Value> values, std::size_t axis);
    /// op over axes, which stay as 1 or go.
    Value reduced(std::string op, const Value& x, const std::vector<std::size_t>& axes, bool keep);

    /// x as items of a batch of its own: f on each x[i] along axis 0 and the results joined, or f on x alone where that axis is the batch.
    Value each(const Value& x, const std::function<Value(const Value&)>& f);

    /// A number that every element is, where the value is known and of one number (weights are none, nor initialisers with axes).
    static std::optional<double> scalar(const Value& value);

    void result(Value value) { outputs.push_back(std::move(value)); }
    static Value of(Tensor tensor);

private:
    std::optional<Value> absorbed(const Value& x, const Value& weight, bool bias);
    std::optional<Value> activation(const Value& a, const Value& b);
    std::optional<Value> gelu(const Value& a, const Value& b);
    std::optional<Value> channels_added(const Value& a, const Value& b);

    std::vector<const Value*> inputs_;
    std::vector<TensorPointer> tensors_;
};

}  // namespace costate::nn::onnx
