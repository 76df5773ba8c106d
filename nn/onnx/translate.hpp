// A graph's nodes, one after the other, as layers.
#pragma once

#include "nn/onnx/emitter.hpp"

namespace costate::nn::onnx {

/// What a graph becomes.
struct Translated {
    std::vector<Layer> layers;  ///< as in a file: without what describe() adds
    std::vector<NamedTensor> tensors;
    std::vector<InputShape> inputs;
    std::vector<std::string> outputs;  ///< values that the graph's outputs are, in their order
    std::vector<Shape> output_dims;    ///< ONNX's, with N = 1
};

/// `names` says what the layers call an input, which otherwise keeps its name; the one called t is seen as a list of one number. An input may have
/// one symbolic axis: the batch, which no layer sees; with `fixed_batch` = n the first axis of x and of t is the batch instead, n long in every constant
/// of the graph. `outputs` are those of the graph that are wanted.
/// Throws GraphError: one sentence with the node's name and operator; for an operator that there is not, those that there are.
Translated translate(const Graph& graph, const std::map<std::string, std::string>& names, const std::vector<std::string>& outputs,
                     std::size_t fixed_batch = 0);

}  // namespace costate::nn::onnx
