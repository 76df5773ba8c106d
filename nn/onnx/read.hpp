// ONNX files, read as if an enemy had written them.
#pragma once

#include "nn/onnx/graph.hpp"

#include <cstddef>
#include <filesystem>
#include <span>

namespace costate::nn::onnx {

/// The graph of a file: at most 2³¹ - 1 bytes, opset 11 to 20; no external data, no functions, no training, messages nested at most 32 deep and at
/// most 2²⁰ fields besides numbers, so that what is read into memory is at most some hundred megabytes more than thirteen times the file (small
/// integers written one by one; of floats four times).
/// Opset 11 to 17 goes through onnx::checker. Throws OnnxError: one sentence with the file, the node or tensor, and what to do.
/// `oldest` is the oldest opset that is read.
Graph read_graph(const std::filesystem::path& file, std::int64_t oldest = 11);

/// A serialised tensor (a .pb file of ONNX's own tests). Throws GraphError.
Tensor read_tensor(std::span<const std::byte> bytes);

}  // namespace costate::nn::onnx
