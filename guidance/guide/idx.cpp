#include "guidance/guide/idx.hpp"

#include "guidance/guide/images.hpp"
#include "guidance/guide/picture.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>

namespace costate::guidance {

namespace {

/// A file of bytes, unpacked where it is packed.
class Unpacked {
public:
    explicit Unpacked(const std::filesystem::path& file) : path_(file), file_(gzopen(file.c_str(), "rb")) {
        if (file_ == nullptr) throw ImageError(path_, "the file cannot be opened; check its name and that it may be read");
    }
    ~Unpacked() { gzclose(file_); }
    Unpacked(const Unpacked&) = delete;
    Unpacked& operator=(const Unpacked&) = delete;

    /// Throws unless as many bytes are left.
    void read(std::span<std::uint8_t> to) {
        while (!to.empty()) {
            const auto wanted = static_cast<unsigned>(std::min(to.size(), std::size_t{1} << 30));
            const int got = gzread(file_, to.data(), wanted);
            if (got <= 0) damaged();
            to = to.subspan(static_cast<std::size_t>(got));
        }
    }
    void skip(std::size_t bytes) {
        if (gzseek(file_, static_cast<z_off_t>(bytes), SEEK_CUR) < 0) damaged();
    }
    /// Throws unless nothing is left and, of a packed file, the sum at its end is right.
    void end() {
        std::uint8_t more = 0;
        int error = Z_OK;
        const int got = gzread(file_, &more, 1);
        (void)gzerror(file_, &error);
        if (got != 0 || (error != Z_OK && error != Z_STREAM_END)) damaged();
    }
    std::uint32_t number() {
        std::array<std::uint8_t, 4> b{};
        read(b);
        return static_cast<std::uint32_t>(b[0]) << 24 | static_cast<std::uint32_t>(b[1]) << 16 | static_cast<std::uint32_t>(b[2]) << 8 | b[3];
    }

private:
    [[noreturn]] void damaged() const { throw ImageError(path_, "the file is damaged, or has not as many bytes as it says; fetch it again"); }

    const std::filesystem::path& path_;
    gzFile file_;
};

}  // namespace

std::size_t selected(const std::filesystem::path& file, std::size_t total, std::size_t first, std::size_t count) {
    if (first >= total || (count != all_images && count > total - first) || count == 0)
        throw ImageError(file, "there are " + std::to_string(total) + " images, and " + (count == all_images ? "all" : std::to_string(count)) +
                                   " from number " + std::to_string(first) + " on are asked for, counted from 0; ask for some that are there");
    return count == all_images ? total - first : count;
}

IdxImages read_idx_images(const std::filesystem::path& file, std::size_t first, std::size_t count) {
    Unpacked in(file);
    if (in.number() != 0x00000803)
        throw ImageError(file, "it does not begin like an IDX file of images (0 0 8 3); give the one with the images, as MNIST has it");
    IdxImages images;
    images.total = in.number();
    images.height = in.number();
    images.width = in.number();
    images.count = selected(file, images.total, first, count);
    try {
        check_size(images.count, 1, images.height, images.width);
    } catch (const std::runtime_error& error) {
        throw ImageError(file, error.what());
    }
    const std::size_t size = images.height * images.width;
    in.skip(first * size);
    for (std::size_t i = 0; i < images.count; ++i) {  // one by one: nothing is allocated for what is not there
        images.pixels.resize((i + 1) * size);
        in.read(std::span(images.pixels).last(size));
    }
    if (first + images.count == images.total) in.end();
    return images;
}

std::vector<int> read_idx_labels(const std::filesystem::path& file, std::size_t first, std::size_t count, std::size_t total) {
    Unpacked in(file);
    if (in.number() != 0x00000801) throw ImageError(file, "it does not begin like an IDX file of labels (0 0 8 1); rename or remove it");
    const std::size_t labels = in.number();
    if (labels != total)
        throw ImageError(file, "it has " + std::to_string(labels) + " labels for " + std::to_string(total) +
                                   " images; put the file there that belongs to them");
    in.skip(first);
    std::vector<std::uint8_t> bytes(count);
    in.read(bytes);
    if (first + count == total) in.end();
    return {bytes.begin(), bytes.end()};
}

}  // namespace costate::guidance
