// The safetensors format, read as if an enemy had written the file.
#pragma once

#include "nn/dtype.hpp"
#include "nn/file_error.hpp"
#include "nn/mapped_file.hpp"

#include <xtensor/xarray.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::nn {

/// What the weights, batches and goldens at the public surface are: row-major, any number of axes.
using Array = xt::xarray<double>;
using Metadata = std::map<std::string, std::string>;

/// One tensor of the file: `shape` (no axes: one number), `begin` and `size_bytes` within the data section.
struct TensorEntry {
    std::string name;
    DType dtype = DType::f32;
    std::vector<std::size_t> shape;
    std::size_t size = 0;  // product of the shape
    std::size_t begin = 0, size_bytes = 0;
};

/// file = length n (8 bytes, little endian) ‖ JSON header (n bytes) ‖ data
/// The file is mapped; a tensor's numbers are read when asked for. Opening proves: the length, the header (JSON, UTF-8, nothing nested
/// deeper than the format, no name twice, known formats), every shape (no overflow, as many bytes as the offsets say) and that the
/// tensors tile the data section, none overlapping, no byte between or after them.
class SafetensorsFile {
public:
    /// Throws SafetensorsError: one sentence with file, tensor and remedy.
    explicit SafetensorsFile(const std::filesystem::path& file);
    /// The same of bytes in memory, which it takes; in messages they go by `name`.
    SafetensorsFile(std::filesystem::path name, std::vector<std::byte> bytes);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] const Metadata& metadata() const { return metadata_; }
    /// In the order of their data in the file.
    [[nodiscard]] std::span<const TensorEntry> tensors() const { return tensors_; }
    [[nodiscard]] bool contains(std::string_view tensor) const { return find(tensor) != nullptr; }
    /// Throws SafetensorsError when there is no such tensor, naming those there are.
    [[nodiscard]] const TensorEntry& entry(std::string_view tensor) const;

    /// The numbers as stored, little endian, not aligned; they live as long as this object.
    [[nodiscard]] std::span<const std::byte> bytes(std::string_view tensor) const;
    /// A copy in double (exact). Throws SafetensorsError for a value that is not finite, for an i64 beyond ±2⁵³, and when the file was
    /// cut or changed since it was opened.
    [[nodiscard]] Array values(std::string_view tensor) const;

private:
    void read_header();
    [[nodiscard]] std::span<const std::byte> all() const { return file_ ? file_->bytes() : std::span<const std::byte>(memory_); }
    [[nodiscard]] const TensorEntry* find(std::string_view tensor) const;

    std::filesystem::path path_;
    std::optional<MappedFile> file_;  // nothing where the bytes are in memory
    std::vector<std::byte> memory_;
    Metadata metadata_;
    std::vector<TensorEntry> tensors_;
    std::map<std::string, std::size_t, std::less<>> index_;
    std::size_t data_begin_ = 0;
};

/// A tensor to be written; nearest value of the format.
struct TensorToWrite {
    std::string name;
    Array values;
    DType dtype = DType::f64;
};

/// The bytes of such a file: header and tensors in the order given, the header padded with blanks to a multiple of 8.
/// Throws std::runtime_error with a reason (no file name) when a name comes twice, is "__metadata__" or is not UTF-8.
std::vector<std::byte> safetensors_bytes(std::span<const TensorToWrite> tensors, const Metadata& metadata = {});

/// Writes safetensors_bytes. The file appears whole or not at all.
/// Throws SafetensorsError when it cannot be written, a name comes twice, is "__metadata__" or is not UTF-8.
void write_safetensors(const std::filesystem::path& file, std::span<const TensorToWrite> tensors, const Metadata& metadata = {});

}  // namespace costate::nn
