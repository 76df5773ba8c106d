// A file mapped into memory for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace costate::nn {

/// bytes()[i] = byte i of the file, read by the system when touched; the mapping ends with the object.
/// The file stays open so that still_whole() can tell whether somebody cut or wrote it meanwhile: a byte that no longer exists
/// cannot be read from a mapping (SIGBUS), so a reader asks before it reads and again before it believes what it read.
class MappedFile {
public:
    /// Throws std::runtime_error with a reason (no file name) when the path is no regular file or cannot be read.
    explicit MappedFile(const std::filesystem::path& file);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }
    /// Size and time of modification are those met when the file was opened.
    [[nodiscard]] bool still_whole() const;

private:
    int descriptor_ = -1;
    const std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::int64_t seconds_ = 0, nanoseconds_ = 0;
};

/// Replaces `file` by one that holds `bytes`, whole or not at all: written beside it, then renamed.
/// Throws std::runtime_error with a reason (no file name).
void write_whole(const std::filesystem::path& file, std::span<const std::byte> bytes);

}  // namespace costate::nn
