// Any bytes as a network file: header, description, weights, and one forward; a sentence or a network, nothing else.
#include "fuzz/entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    costate::fuzz::safetensors(data, size);
    return 0;
}
