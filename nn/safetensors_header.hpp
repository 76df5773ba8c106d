// The JSON header of a safetensors file, without its data.
#pragma once

#include "nn/safetensors.hpp"

#include <stdexcept>

namespace costate::nn {

/// What is wrong with a header; the caller adds the file's name.
class HeaderError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Header {
    Metadata metadata;
    std::vector<TensorEntry> tensors;  // in the order of their data
};

/// {"__metadata__": {key: text}, NAME: {"dtype": …, "shape": […], "data_offsets": [begin, end]}, …}
/// `data_bytes` is the size of what follows the header: the tensors have to tile it. Throws HeaderError.
Header parse_header(std::string_view text, std::size_t data_bytes);

/// The same header as text; offsets are those of the entries.
std::string format_header(std::span<const TensorEntry> tensors, const Metadata& metadata);

}  // namespace costate::nn
