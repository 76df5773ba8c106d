// The shapes of a network's values, layer by layer, within the limits.
#pragma once

#include "nn/layers/layer.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace costate::nn {

/// Shapes of tensors by name.
using TensorShapes = std::map<std::string, std::vector<std::size_t>, std::less<>>;

/// A value a network is given, and its shape a sample.
struct InputShape {
    std::string name;
    std::vector<std::size_t> shape;
};

/// Goes through the layers in order: each has an op that there is, reads what is given or what one before it wrote, names tensors that there are,
/// and fits them. A value has at most 2²⁴ numbers, all together 2²⁸; an evaluation takes at most 10¹² operations a sample.
class LayerChecker {
public:
    /// `tensors` is read as long as the checker lives; it may grow meanwhile.
    LayerChecker(const TensorShapes& tensors, const std::vector<InputShape>& inputs);

    /// Adds to the layer what describe() adds: shapes, and the numbers that it leaves out. Throws LayerError: what is wrong with it.
    void add(Layer& layer);

    /// Of a value that is given or was written. Throws std::out_of_range.
    [[nodiscard]] const std::vector<std::size_t>& shape(const std::string& value) const { return shapes_.at(value); }
    [[nodiscard]] bool knows(const std::string& value) const { return shapes_.contains(value); }
    [[nodiscard]] bool parameter(const std::string& tensor) const { return parameters_.contains(tensor); }
    [[nodiscard]] bool constant(const std::string& tensor) const { return constants_.contains(tensor); }

private:
    void find_tensors(Layer& layer, const LayerKind& kind);
    static void complete_numbers(Layer& layer, const LayerKind& kind);
    static void check_lists(const Layer& layer, const LayerKind& kind);
    void bound(const Layer& layer, const LayerKind& kind);

    const TensorShapes& tensors_;
    std::unordered_map<std::string, std::vector<std::size_t>> shapes_;
    std::set<std::string, std::less<>> parameters_, constants_;
    std::size_t total_ = 0;
    double work_ = 0;
};

/// The op of that name, nullptr when there is none.
const LayerKind* find_layer_kind(std::string_view op);

}  // namespace costate::nn
