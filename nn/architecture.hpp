// The JSON texts of a network file's metadata.
#pragma once

#include "nn/layers/layer.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace costate::nn {

/// `text` = JSON list of layers, each {"op", "in", "out", further texts, numbers and lists of integers}; only its form is checked.
/// Throws NetworkError for anything nested deeper, for a key twice, for a value that is neither text, number, list of integers nor (for `in`) a
/// list of texts.
std::vector<Layer> parse_architecture(const std::filesystem::path& file, std::string_view text);

/// `text` = JSON list of positive integers. Throws NetworkError.
std::vector<std::size_t> parse_input_shape(const std::filesystem::path& file, std::string_view text);

}  // namespace costate::nn
