#include "guidance/guide/images.hpp"

#include "guidance/guide/idx.hpp"
#include "guidance/guide/picture.hpp"
#include "nn/npy.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace costate::guidance {

namespace {

namespace fs = std::filesystem;
using Expected = std::optional<ImageShape>;

constexpr std::string_view png_magic = "\x89PNG\r\n\x1a\n", npy_magic = "\x93NUMPY", gzip_magic = "\x1f\x8b";
constexpr std::string_view idx_magic("\0\0\x08", 3);
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 30;

std::string beginning(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw ImageError(file, "the file cannot be opened; check its name and that it may be read");
    std::string bytes(8, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    return bytes;
}

std::string contents(const fs::path& file) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (error || size > most_bytes) throw ImageError(file, "it is no file or has more than a gigabyte; give a picture");
    std::ifstream in(file, std::ios::binary);
    std::string bytes(size, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(size));
    if (static_cast<std::uintmax_t>(in.gcount()) != size) throw ImageError(file, "the file cannot be read to its end; read it again when it is complete");
    return bytes;
}

Picture read_picture(const fs::path& file, std::string_view begin) {
    if (begin != png_magic && !begin.starts_with("P"))
        throw ImageError(file, "it begins like no PNG, PGM, PPM, .npy or IDX file; convert it to one of them");
    try {
        const std::string bytes = contents(file);
        return begin == png_magic ? read_png(bytes) : read_pnm(bytes);
    } catch (const ImageError&) {
        throw;
    } catch (const std::runtime_error& reason) {
        throw ImageError(file, reason.what());
    }
}

void check_shape(const fs::path& file, const ImageShape& shape, const Expected& expected) {
    if (!expected || shape == *expected || (!expected->is_image() && shape.size() == expected->size())) return;
    if (shape.channels == 3 && expected->channels == 1)
        throw ImageError(file, "the picture is in colour and the model takes " + to_string(*expected) + " in grey; convert it to grey first");
    throw ImageError(file, "the picture is " + to_string(shape) + " and " + to_string(*expected) + " is wanted; scale, crop or convert it");
}

void append(Images& images, const Picture& picture) {
    const std::size_t n = picture.height * picture.width;
    for (std::size_t c = 0; c < picture.channels; ++c)
        for (std::size_t i = 0; i < n; ++i) images.values.push_back(2.0 * picture.samples[i * picture.channels + c] / picture.most - 1);
    images.count += 1;
}

Images one_picture(const fs::path& file, std::string_view begin, std::size_t first, std::size_t count, const Expected& expected) {
    (void)selected(file, 1, first, count);
    const Picture picture = read_picture(file, begin);
    check_shape(file, picture.shape(), expected);
    Images images{picture.shape(), 0, {}, {}};
    append(images, picture);
    return images;
}

bool is_picture_name(const fs::path& file) {
    std::string extension = file.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".png" || extension == ".pgm" || extension == ".ppm";
}

Images folder(const fs::path& path, std::size_t first, std::size_t count, const Expected& expected) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path))
        if (is_picture_name(entry.path())) files.push_back(entry.path());
    if (files.empty()) throw ImageError(path, "the folder holds no .png, .pgm or .ppm file; name one that does");
    std::ranges::sort(files);
    const std::size_t end = first + selected(path, files.size(), first, count);
    Images images;
    for (std::size_t i = first; i < end; ++i) {
        const Picture picture = read_picture(files[i], beginning(files[i]));
        check_shape(files[i], picture.shape(), expected);
        if (i == first) images.shape = picture.shape();
        if (picture.shape() != images.shape)
            throw ImageError(files[i], "the picture is " + to_string(picture.shape()) + " and those before it are " + to_string(images.shape) +
                                           "; keep one shape a folder");
        if (images.values.size() + picture.samples.size() > most_values) throw ImageError(path, "the folder holds too many values; ask for fewer images");
        append(images, picture);
    }
    return images;
}

Images idx(const fs::path& file, std::size_t first, std::size_t count, const Expected& expected) {
    const IdxImages read = read_idx_images(file, first, count);
    Images images{{1, read.height, read.width}, read.count, {}, {}};
    check_shape(file, images.shape, expected);
    for (const std::uint8_t v : read.pixels) images.values.push_back(2.0 * v / 255 - 1);
    std::string name = file.filename().string();
    const std::string_view of_images = "images-idx3", of_labels = "labels-idx1";
    const std::size_t at = name.find(of_images);
    if (at == std::string::npos) return images;
    const fs::path labels = file.parent_path() / name.replace(at, of_images.size(), of_labels);
    if (fs::exists(labels)) images.labels = read_idx_labels(labels, first, read.count, read.total);
    return images;
}

/// The shape of one image and how many there are in an array of those axes; nothing where that does not fit.
std::optional<std::pair<ImageShape, std::size_t>> layout(std::vector<std::size_t> axes, const Expected& expected) {
    if (expected) {
        const ImageShape& s = *expected;
        std::vector<std::vector<std::size_t>> forms = {{s.channels, s.height, s.width}, {s.size()}};
        if (s.channels == 1) forms.push_back({s.height, s.width});
        for (const auto& form : forms) {
            if (axes == form) return std::pair(s, std::size_t{1});
            if (axes.size() == form.size() + 1 && std::equal(form.begin(), form.end(), axes.begin() + 1)) return std::pair(s, axes[0]);
        }
        return std::nullopt;
    }
    if (axes.empty() || axes.size() > 4) return std::nullopt;
    if (axes.size() == 1) axes.insert(axes.begin(), 1);
    const std::size_t n = axes.size();
    return std::pair(ImageShape{n == 4 ? axes[1] : 1, n > 2 ? axes[n - 2] : 1, axes[n - 1]}, axes[0]);
}

Images npy(const fs::path& file, std::size_t first, std::size_t count, const Expected& expected) {
    const nn::Array array = nn::read_npy(file);
    const std::vector<std::size_t> axes(array.shape().begin(), array.shape().end());
    const auto found = layout(axes, expected);
    if (!found || array.size() == 0 || array.size() > most_values) {
        std::string shape;
        for (const std::size_t n : axes) shape += (shape.empty() ? "" : ", ") + std::to_string(n);
        throw ImageError(file, "the array has the shape (" + shape + ") and " + (expected ? to_string(*expected) : "one to four axes, none of them 0,") +
                                   " is wanted; save images as N x C x H x W");
    }
    const auto& [shape, total] = *found;
    const std::size_t taken = selected(file, total, first, count);
    const double* const begin = array.data() + first * shape.size();
    return {shape, taken, {begin, begin + taken * shape.size()}, {}};
}

}  // namespace

Images read_images(const fs::path& path, std::size_t first, std::size_t count, const Expected& expected) {
    try {
        if (fs::is_directory(path)) return folder(path, first, count, expected);
        const std::string begin = beginning(path);
        if (begin.starts_with(npy_magic)) return npy(path, first, count, expected);
        if (begin.starts_with(idx_magic) || begin.starts_with(gzip_magic)) return idx(path, first, count, expected);
        return one_picture(path, begin, first, count, expected);
    } catch (const fs::filesystem_error& error) {
        throw ImageError(path, "it cannot be read (" + error.code().message() + "); check its name and that it may be read");
    }
}

}  // namespace costate::guidance
