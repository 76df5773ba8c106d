// Networks from ONNX files.
#pragma once

#include "nn/network.hpp"
#include "nn/onnx/graph.hpp"

#include <filesystem>

namespace costate::nn {

/// The network of an ONNX file: its first output as a function of x and, where it has one, t. Which inputs they are the options say, else their
/// names (x, or the only one; t, or the only other of one number a sample); what the output is and on which path the options say, else the file's
/// metadata (`parametrisation`, `path`), else the output's name (eps, logits), else it is a velocity. Weights keep their names; one that the
/// exporter named after an operator (onnx::…) is called by the node's path. Throws OnnxError or NetworkError: one sentence.
Network import_network(const std::filesystem::path& file, const LoadOptions& options);

/// The same for a graph that has been read.
Network import_network(const std::filesystem::path& file, const onnx::Graph& graph, const LoadOptions& options);

}  // namespace costate::nn
