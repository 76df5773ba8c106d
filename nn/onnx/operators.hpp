// The operators of ONNX that become layers.
#pragma once

#include "nn/onnx/translation.hpp"

#include <string_view>

namespace costate::nn::onnx {

/// An operator; its work reads the inputs of a node and gives its outputs. Every file of operators has a table of them.
struct Operator {
    std::string_view name;
    void (*work)(Translation&);
};

std::span<const Operator> elementwise_operators();
std::span<const Operator> shape_operators();
std::span<const Operator> linear_operators();
std::span<const Operator> normalisation_operators();
std::span<const Operator> image_operators();
std::span<const Operator> reduction_operators();

/// The operator of that name, nullptr when there is none.
const Operator* find_operator(std::string_view name);
/// The names of all, sorted.
std::vector<std::string> operator_names();
/// "node "NAME" ("OPERATOR") ".
std::string place_of(const Node& node);
/// Why a node is of no supported operator, empty where it is of one.
std::string unsupported(const Node& node);

}  // namespace costate::nn::onnx
