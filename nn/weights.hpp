// The weights of a network: set, loaded by name, written with the network.
#pragma once

#include "nn/network.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace costate::nn {

/// θ ← values, parameters flat one after the other. Throws std::invalid_argument for another number of values.
void set_parameters(Network& network, std::span<const double> theta);
void set_parameters(Network& network, std::span<const float> theta);

/// Every parameter and constant from the tensor of its name. Throws NetworkError, one sentence, when the file has not exactly these names or
/// another shape for one, SafetensorsError for a file that cannot be read; the network is then as before.
void load_weights(Network& network, const std::filesystem::path& file);

/// Writes the network as a file that load_network and every command read: its description, its metadata (`more` added or put in place of theirs)
/// and its tensors, nearest value of `format`; without a format in single precision where that holds every number of a tensor, else in double.
/// Checked as a file before it is put in place, whole or not at all, and read back after.
/// Throws NetworkError or SafetensorsError, one sentence; a weight that is not finite is one reason, and the file is then as before.
void save_network(const Network& network, const std::filesystem::path& file, const Metadata& more = {}, std::optional<DType> format = DType::f32);

}  // namespace costate::nn
