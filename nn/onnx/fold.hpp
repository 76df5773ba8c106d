// Nodes whose inputs are known, worked out: constants and the arithmetic of shapes.
#pragma once

#include "nn/onnx/arguments.hpp"

namespace costate::nn::onnx {

/// Numbers that folding may make in all.
inline constexpr std::size_t largest_folded = std::size_t{1} << 24;

/// The outputs of a node, all of whose inputs are known (nullptr: left out); nothing for an operator that is not worked out here. `budget` loses
/// the numbers made. Where N occurs, sums, multiples, comparisons that hold for every N ≥ 1 and all that moves numbers are exact; anything else
/// throws GraphError, as do shapes that do not fit and more numbers than the budget.
std::optional<std::vector<Tensor>> fold(const Node& node, std::span<const TensorPointer> inputs, std::int64_t opset, std::size_t& budget);

/// Elementwise operators of one and of two arguments; nothing for others.
std::optional<Tensor> fold_arithmetic(const Node& node, std::span<const TensorPointer> inputs, std::size_t& budget);

/// budget - numbers. Throws GraphError where that is negative.
void charge(std::size_t numbers, std::size_t& budget);
/// A tensor to be filled, its values zeros. Throws GraphError beyond the budget.
Tensor made(Type type, Shape shape, std::size_t& budget);
/// values[i] = from.values[indices[i]], N along with them.
Tensor moved(const Tensor& from, Shape shape, std::span<const std::size_t> indices, std::size_t& budget);
/// index(position) for every position of the shape, row-major.
template <class Index>
std::vector<std::size_t> indices_of(const Shape& shape, Index index) {
    const std::size_t count = count_of(shape);
    std::vector<std::size_t> indices;
    indices.reserve(count);
    Shape position(shape.size(), 0);
    for (std::size_t i = 0; i < count; ++i) {
        indices.push_back(index(position));
        for (std::size_t a = shape.size(); a-- > 0 && ++position[a] == shape[a];) position[a] = 0;
    }
    return indices;
}
/// Distances of neighbours along each axis; 0 along axes of 1, which repeats them.
Shape strides_of(const Shape& shape);
/// x repeated to that shape.
Tensor expanded(const Tensor& x, const Shape& shape, std::size_t& budget);

}  // namespace costate::nn::onnx
