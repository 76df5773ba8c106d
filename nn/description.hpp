// What a network file says about its network, checked.
#pragma once

#include "nn/layer_checker.hpp"
#include "nn/layers/layer.hpp"
#include "nn/safetensors.hpp"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace costate::nn {

/// u = layers(x, t): every layer reads values by name (`x` and `t` are given, t is one number a sample) and writes one; the last is u.
struct NetworkDescription {
    std::vector<Layer> layers;
    std::vector<std::size_t> input_shape;  ///< of x, a sample
    std::size_t input_size = 0, output_size = 0;  ///< values of x and of u, a sample
    std::string parametrisation;  ///< what u is: velocity, epsilon, x1 or logits
    std::string path;  ///< the probability path: cond-ot, linear-vp, …, none
    std::vector<std::string> parameters;  ///< tensors with a gradient, in the order of their data in the file
    std::vector<std::string> constants;  ///< tensors without
    std::vector<std::string> unused;  ///< tensors of the file that no layer names
    Metadata metadata;  ///< all of it, `architecture` included

    /// x and t.
    [[nodiscard]] std::vector<InputShape> inputs() const { return {{"x", input_shape}, {"t", {1}}}; }
};

/// Reads `__metadata__` and checks it against the tensors: known ops, values written before they are read and only once, tensors
/// present, shapes that fit, sizes that memory can hold, no more than 100000 layers.
/// Throws NetworkError: one sentence with file, layer and remedy.
/// A parametrisation and a path that are not empty take the place of the file's.
NetworkDescription describe(const SafetensorsFile& file, const std::string& parametrisation = {}, const std::string& path = {});

/// Completes a description that has layers, input_shape, parametrisation and path by what follows from them and from the tensors (names and
/// shapes, in the order of the file); the checks and the errors are those of describe().
void complete(const std::filesystem::path& file, std::span<const std::pair<std::string, std::vector<std::size_t>>> tensors, NetworkDescription& network);

}  // namespace costate::nn
