// What both targets do with the bytes they are given.
#pragma once

#include "fuzz/memory.hpp"
#include "nn/file_error.hpp"
#include "nn/layers/layer.hpp"
#include "nn/network.hpp"
#include "nn/onnx/import.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace costate::fuzz {

/// What nobody catches in a fuzz target, which is how it learns of a finding.
class Broken : public std::logic_error {
    using std::logic_error::logic_error;
};

inline void promise(bool kept, const char* what) {
    if (!kept) throw Broken(what);
}

/// A file of those bytes that never touches a disk.
class FileOf {
public:
    FileOf(const std::uint8_t* data, std::size_t size) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
        promise(descriptor_ >= 0, "a file in memory");
        for (std::size_t done = 0; done < size;) {
            const auto written = ::write(descriptor_, data + done, size - done);
            promise(written > 0, "a file in memory");
            done += static_cast<std::size_t>(written);
        }
    }
    FileOf(const FileOf&) = delete;
    FileOf& operator=(const FileOf&) = delete;
    ~FileOf() { ::close(descriptor_); }

    [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

/// What a network declares of itself: values of a sample (weights too), and operations.
struct Size {
    double values = 0, work = 0;

    explicit Size(const nn::Network& network) : values(static_cast<double>(network.description.input_size)) {
        for (const nn::Layer& layer : network.description.layers) {
            const auto size = static_cast<double>(nn::values_of(layer.out_shape));
            values += size;
            work += size * nn::find_layer_kind(layer.op)->work(layer);
        }
        for (const auto* weights : {&network.parameters, &network.constants})
            for (const nn::Weight& weight : *weights) values += static_cast<double>(weight.values.size());
    }
};

/// One forward of three samples. Whatever has been loaded runs, and its memory is some values for each that it declares.
inline void run_forward(const nn::Network& network, std::size_t file_bytes) {
    const Size size(network);
    if (size.values > 1 << 15 || size.work > 1e6) return;
    constexpr std::size_t batch = 3;
    restart_peak();
    const auto program = nn::program<double>(network);
    autodiff::Workspace<double> workspace;
    const std::vector<double> x(batch * network.description.input_size, 0.5), t{0.25};
    std::vector<double> u(batch * network.description.output_size);
    const std::array<std::span<const double>, 2> in{t, x};
    const std::array<std::span<double>, 1> out{u};
    program.forward(in, out, batch, workspace);
    promise(static_cast<double>(peak_bytes()) <= 0x1p20 + 256 * (static_cast<double>(file_bytes) + size.values), "memory of a forward");
}

/// `load` gives a network or throws a FileError of one line without control characters, within `bytes` of memory beside 128 times the file.
template <class Load>
void read_and_run(const std::uint8_t* data, std::size_t size, std::size_t bytes, const Load& load) {
    const FileOf file(data, size);
    restart_peak();
    try {
        const nn::Network network = load(file.path());
        promise(peak_bytes() <= bytes + 128 * size, "memory of reading");
        run_forward(network, size);
    } catch (const nn::FileError& error) {
        promise(peak_bytes() <= bytes + 128 * size, "memory of reading");
        const std::string sentence = error.what();
        const bool plain = std::ranges::none_of(sentence, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
        promise(plain && sentence.size() < 4096, "one short sentence");
    }
}

/// A network file: header, description, weights.
inline void safetensors(const std::uint8_t* data, std::size_t size) {
    read_and_run(data, size, 1 << 20, [](const std::filesystem::path& file) { return nn::load_network(file); });
}

/// An ONNX file: scan, checker, translation. Constants may be folded into 2²⁴ numbers, held by themselves and in what is computed from them.
inline void onnx(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t folded = std::size_t{1} << 24;
    read_and_run(data, size, 4 * folded * sizeof(double), [](const std::filesystem::path& file) { return nn::import_network(file, nn::LoadOptions{}); });
}

}  // namespace costate::fuzz
