// A network's layers as they are written one by one, each checked at once.
#pragma once

#include "nn/layer_checker.hpp"
#include "nn/onnx/arguments.hpp"

#include <set>
#include <tuple>
#include <utility>

namespace costate::nn::onnx {

/// A tensor of the network that is made: numbers in the shape that its layers want.
struct NamedTensor {
    std::string name;
    Shape shape;
    std::vector<double> values;
};

/// Writes layers. A value is known by the name of the layer that writes it, and has that layer's shape; names for others than these come at the end.
class Emitter {
public:
    /// The network may keep as many numbers as the file has (`in_file`); further ones are taken from the budget.
    Emitter(const std::vector<InputShape>& inputs, std::size_t in_file, std::size_t& budget);
    Emitter(const Emitter&) = delete;
    Emitter& operator=(const Emitter&) = delete;

    /// Writes a layer, whose `out` is set; returns it. Throws GraphError.
    std::string write(Layer layer);
    /// What a layer's value is to be called in the network, where nothing said so before and no other value has the name.
    void call(const std::string& value, const std::string& wanted) { called_.emplace(value, wanted); }
    /// The value in another shape of as many numbers: itself, what it was reshaped from, or a new layer.
    std::string reshaped(const std::string& value, const Shape& shape);
    /// A tensor of that shape (as many numbers), its rows and columns exchanged where asked; `wanted` is its name where the file has none that a
    /// person gave. Weights that are used in two forms become two tensors, equal ones of one name are one. Throws GraphError for a number that is not
    /// finite, and beyond the budget.
    std::string tensor(const Tensor& tensor, const Shape& shape, const std::string& wanted, bool exchanged = false);
    /// A known tensor as a value.
    std::string constant(const Tensor& tensor, const Shape& shape, const std::string& wanted);

    [[nodiscard]] const Shape& shape(const std::string& value) const { return checker_.shape(value); }
    /// The layer that wrote a value, looking through reshapes; nullptr for x, t and the like.
    [[nodiscard]] const Layer* source(const std::string& value) const;
    /// The name of the value that reshapes lead back to.
    [[nodiscard]] const std::string& origin(const std::string& value) const;

    /// The layers that the results need, in order, and their tensors. Where a result is an input a reshape is added. The results are called as wanted,
    /// as far as that can be: `wanted` become their names.
    std::pair<std::vector<Layer>, std::vector<NamedTensor>> network(std::vector<std::string> results, std::vector<std::string>& wanted);

private:
    /// Gives the layers the names by which people know them.
    void rename(std::vector<Layer>& layers, const std::vector<std::string>& results, std::vector<std::string>& wanted) const;

    TensorShapes shapes_;
    std::size_t free_;  ///< numbers of the file that are not yet in the network
    std::size_t& budget_;
    std::map<std::string, NamedTensor> tensors_;
    std::map<std::tuple<std::string, Shape, std::size_t>, std::string> forms_;  ///< by the name wanted, the shape and a hash of the values, the tensor
    std::vector<std::string> tensor_order_;
    std::vector<Layer> layers_;
    std::map<std::string, std::size_t> written_;  ///< by value, the layer
    std::map<std::string, std::string> called_;   ///< by value, the name
    std::set<std::string> inputs_{"x", "t"};
    std::map<std::pair<std::string, Shape>, std::string> reshapes_;
    std::map<std::string, std::string> constants_;  ///< by tensor, the value
    LayerChecker checker_;
    std::size_t next_ = 1;
};

}  // namespace costate::nn::onnx
