// States in an unnamed temporary file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace costate::ode::checkpoint {

/// Blocks of bytes by number in a file that has no name: nothing is left behind however the process ends. Opened by the first open().
/// A process that limits its files' size has to ignore SIGXFSZ to be told by exception.
class StateFile {
public:
    StateFile() = default;
    StateFile(StateFile&& other) noexcept;
    StateFile& operator=(StateFile&& other) noexcept;
    ~StateFile();

    /// A file in `directory`, or in std::filesystem::temp_directory_path() where that is empty; does nothing where it is open there.
    /// Throws std::runtime_error when that is no directory or not writable.
    void open(const std::filesystem::path& directory);

    /// Block `slot` of blocks of bytes.size(). Throws std::runtime_error when it cannot be written whole (a full disk).
    void write(std::size_t slot, std::span<const std::byte> bytes);
    /// Throws std::runtime_error when it cannot be read whole.
    void read(std::size_t slot, std::span<std::byte> bytes) const;

private:
    void close() noexcept;

    std::filesystem::path asked_, directory_;
    int descriptor_ = -1;
};

}  // namespace costate::ode::checkpoint
