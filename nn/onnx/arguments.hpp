// What nodes say of axes and sizes, for known tensors and for values alike.
#pragma once

#include "nn/onnx/graph.hpp"

namespace costate::nn::onnx {

/// A size that may depend on the batch: n N + v.
struct Size {
    double n = 0, v = 0;
    [[nodiscard]] bool plain() const { return n == 0; }
    friend bool operator==(const Size&, const Size&) = default;
};

/// The size where the batch is n long; itself where n = 0, a batch of any length.
inline Size at(const Size& size, std::size_t n) { return n == 0 ? size : Size{0, size.n * static_cast<double>(n) + size.v}; }

/// The i-th number of a tensor of integers.
Size size_at(const Tensor& tensor, std::size_t i);
/// Whether a tensor is a parameter of a module, as its name says, or worked out from one: not a constant that an exporter made an initialiser of.
bool is_parameter(const Tensor& tensor);

/// All numbers of a tensor of integers; throw GraphError where N occurs, or a size is negative.
std::vector<std::int64_t> plain_integers(const Tensor& tensor, std::string_view what);

/// An axis counted from the end where negative. Throws GraphError beyond the rank.
std::size_t axis_of(std::int64_t axis, std::size_t rank);
std::vector<std::size_t> axes_of(std::span<const std::int64_t> axes, std::size_t rank);

/// The list that a node gives as its input `position` (newer opsets) or as the attribute `key` (older ones), nothing where neither is given.
/// Throws GraphError where the input is not known.
std::optional<std::vector<std::int64_t>> list_argument(const Node& node, std::span<const TensorPointer> inputs, std::size_t position, std::string_view key);

/// The known tensor that is a node's input, nullptr where it is left out. Throws GraphError when it is a value that depends on x or t.
TensorPointer known(const Node& node, std::span<const TensorPointer> inputs, std::size_t position, std::string_view what);

/// What Slice keeps of an axis.
struct Kept {
    std::size_t axis;
    std::int64_t begin;  ///< first index kept
    std::size_t count;
    std::int64_t step;
};
/// Of Slice's inputs 1 to 4. Of the batch's axis only the whole is allowed and nothing is returned; it is as long as it can be, or `fixed_batch` times
/// its size.
std::vector<Kept> slices(const Node& node, std::span<const TensorPointer> inputs, const Shape& sizes, std::optional<std::size_t> batch_axis,
                         std::size_t fixed_batch = 0);

/// Sizes of the parts along an axis of `size`.
std::vector<std::size_t> split_sizes(const Node& node, std::span<const TensorPointer> inputs, std::size_t size);

/// numpy's rule. Throws GraphError where shapes do not go together.
Shape broadcast(const Shape& a, const Shape& b);

inline std::string text_of(const Shape& shape) {
    std::string text = "[";
    for (const std::size_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

/// Product, at most 2⁶².
std::size_t count_of(const Shape& shape);

}  // namespace costate::nn::onnx
