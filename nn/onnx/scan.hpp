// How many messages a serialised ONNX model would become, found without making one.
#pragma once

#include <cstddef>
#include <span>

namespace costate::nn::onnx {

/// Walks the protocol buffer through the messages that a graph is made of and counts their fields (a packed list of numbers is one).
/// Throws GraphError for more than 2²⁰ of them, for messages nested deeper than 32, for a field that leaves its message, and for what a network
/// does not need: functions, training, sparse tensors, types of sequences and maps.
void scan_model(std::span<const std::byte> bytes);

}  // namespace costate::nn::onnx
