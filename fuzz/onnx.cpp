// Any bytes as an ONNX file: scan, checker, translation, and one forward; a sentence or a network, nothing else.
#include "fuzz/entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    costate::fuzz::onnx(data, size);
    return 0;
}
