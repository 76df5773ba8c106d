#include "ode/checkpoint/state_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace costate::ode::checkpoint {

namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& directory, int error, const char* remedy) {
    throw std::runtime_error("checkpoints on file: " + what + " in " + directory.string() + " (" + std::generic_category().message(error) + "); " + remedy);
}

/// What the system's directory for temporary files was looked up by, as "TMPDIR=/scratch".
std::string place_in_environment() {
    for (const char* name : {"TMPDIR", "TMP", "TEMP", "TEMPDIR"})
        if (const char* value = std::getenv(name)) return std::string(name) + "=" + value;
    return "/tmp";
}

int unnamed(const std::filesystem::path& directory) {
#ifdef O_TMPFILE
    if (const int descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600); descriptor >= 0) return descriptor;
#endif
    std::string name = (directory / "costate-XXXXXX").string();  // file systems without unnamed files: named for an instant
    const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor < 0) fail("no file can be made", directory, errno, "name a directory that exists and is writable, by TMPDIR where the call names none");
    ::unlink(name.c_str());
    return descriptor;
}

}  // namespace

StateFile::StateFile(StateFile&& other) noexcept
    : asked_(std::move(other.asked_)), directory_(std::move(other.directory_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

StateFile& StateFile::operator=(StateFile&& other) noexcept {
    if (this == &other) return *this;
    close();
    asked_ = std::move(other.asked_);
    directory_ = std::move(other.directory_);
    descriptor_ = std::exchange(other.descriptor_, -1);
    return *this;
}

StateFile::~StateFile() { close(); }

void StateFile::close() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void StateFile::open(const std::filesystem::path& directory) {
    if (descriptor_ >= 0 && directory == asked_) return;
    close();
    std::error_code error;
    std::filesystem::path where = directory.empty() ? std::filesystem::temp_directory_path(error) : directory;
    if (error) fail("there is no directory for temporary files", place_in_environment(), error.value(), "let TMPDIR name one that exists and is writable");
    descriptor_ = unnamed(where);
    asked_ = directory;
    directory_ = std::move(where);
}

void StateFile::write(std::size_t slot, std::span<const std::byte> bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t count = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(slot * bytes.size() + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0)
            fail("slot " + std::to_string(slot) + " of " + std::to_string(bytes.size()) + " bytes cannot be written", directory_, count < 0 ? errno : ENOSPC,
                 "free space there, name another directory, or use fewer slots on file");
        done += static_cast<std::size_t>(count);
    }
}

void StateFile::read(std::size_t slot, std::span<std::byte> bytes) const {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t count = ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(slot * bytes.size() + done));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("slot " + std::to_string(slot) + " cannot be read back", directory_, count < 0 ? errno : EIO, "look at that disk");
        done += static_cast<std::size_t>(count);
    }
}

}  // namespace costate::ode::checkpoint
