#include "nn/mapped_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace costate::nn {

namespace {

std::string reason(const char* what) {
    return std::string(what) + " (" + std::generic_category().message(errno) + ")";
}

/// Closes at the end of its scope.
struct Descriptor {
    int value;
    ~Descriptor() {
        if (value >= 0) ::close(value);
    }
    int release() { return std::exchange(value, -1); }
};

struct stat status_of(int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) throw std::runtime_error(reason("its size cannot be read; check the file system"));
    return status;
}

void write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) throw std::runtime_error(reason("it cannot be written; make room or choose another folder"));
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
    // without O_NONBLOCK a named pipe would wait for a writer
    Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (descriptor.value < 0) throw std::runtime_error(reason("it cannot be opened; check the path and the permissions"));
    const auto status = status_of(descriptor.value);
    if (!S_ISREG(status.st_mode)) throw std::runtime_error("it is not a regular file; give the path of a file");
    size_ = static_cast<std::size_t>(status.st_size);
    seconds_ = status.st_mtim.tv_sec;
    nanoseconds_ = status.st_mtim.tv_nsec;
    if (size_ != 0) {
        void* mapping = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor.value, 0);
        if (mapping == MAP_FAILED) throw std::runtime_error(reason("it cannot be mapped into memory; free some memory"));
        data_ = static_cast<const std::byte*>(mapping);
    }
    descriptor_ = descriptor.release();
}

MappedFile::MappedFile(MappedFile&& other) noexcept {
    *this = std::move(other);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(seconds_, other.seconds_);
    std::swap(nanoseconds_, other.nanoseconds_);
    return *this;
}

MappedFile::~MappedFile() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool MappedFile::still_whole() const {
    const auto status = status_of(descriptor_);
    return static_cast<std::size_t>(status.st_size) == size_ && status.st_mtim.tv_sec == seconds_ &&
           status.st_mtim.tv_nsec == nanoseconds_;
}

void write_whole(const std::filesystem::path& file, std::span<const std::byte> bytes) {
    std::string temporary = file.string() + ".XXXXXX";
    Descriptor descriptor{::mkstemp(temporary.data())};
    if (descriptor.value < 0)
        throw std::runtime_error(reason("no file can be made beside it; check that the folder exists and may be written"));
    try {
        write_all(descriptor.value, bytes);
        if (::fchmod(descriptor.value, 0644) != 0 || ::rename(temporary.c_str(), file.c_str()) != 0)
            throw std::runtime_error(reason("it cannot be put in place; check that the path is no folder"));
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
}

}  // namespace costate::nn
