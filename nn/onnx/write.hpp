// Networks written as ONNX.
#pragma once

#include "nn/network.hpp"

namespace costate::nn {

/// Writes an ONNX model of opset 17: inputs x (N × input_shape) and, where it is read, t (N), the output u; weights by their names, parametrisation,
/// path and other metadata as metadata_props. The file appears whole or not at all. Throws OnnxError, also for a layer that has no like in opset 17.
void write_onnx(const std::filesystem::path& file, const Network& network);

}  // namespace costate::nn
