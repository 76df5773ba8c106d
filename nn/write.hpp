// Networks written to files.
#pragma once

#include "nn/network.hpp"

namespace costate::nn {

/// The layers as the JSON text of a network file's metadata: what every layer was given, without what follows from it.
std::string architecture_text(const NetworkDescription& description);

/// Writes a network file (safetensors): description, weights and constants, in single precision where that holds every number of a tensor, else in
/// double. Other metadata of the network come along. The file appears whole or not at all. Throws SafetensorsError.
void write_network(const std::filesystem::path& file, const Network& network);

}  // namespace costate::nn
