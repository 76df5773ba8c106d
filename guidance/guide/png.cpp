#include "guidance/guide/images.hpp"
#include "guidance/guide/picture.hpp"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstring>
#include <stdexcept>
#include <string>

namespace costate::guidance {

namespace {

struct Source {
    std::string_view rest;
    std::array<char, 128> message{};  // of libpng's, once it has failed
};

[[noreturn]] void fail(png_structp png, png_const_charp text) {
    auto* const source = static_cast<Source*>(png_get_error_ptr(png));
    std::string_view(text).copy(source->message.data(), source->message.size() - 1);
    png_longjmp(png, 1);
}

void ignore(png_structp, png_const_charp) {}

void take(png_structp png, png_bytep to, std::size_t count) {
    auto* const source = static_cast<Source*>(png_get_io_ptr(png));
    if (count > source->rest.size()) png_error(png, "it is cut short");
    std::memcpy(to, source->rest.data(), count);
    source->rest.remove_prefix(count);
}

// libpng leaves by longjmp, over which no destructor runs: the three functions that it may leave own nothing, and those that own call them.

bool read_info(png_structp png, png_infop info) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_info(png, info);
    return true;
}

// Grey or colour of 8 or 16 bits, without alpha, whatever the file has.
bool choose_form(png_structp png, png_infop info) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    else if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_alpha(png);
    (void)png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
}

bool read_rows(png_structp png, png_bytepp rows) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_image(png, rows);
    png_read_end(png, nullptr);
    return true;
}

class Reader {
public:
    explicit Reader(std::string_view bytes) : source_{bytes, {}} {
        png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, fail, ignore);
        info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
        if (info_ == nullptr) {
            png_destroy_read_struct(&png_, nullptr, nullptr);
            throw std::runtime_error("libpng does not start; build with the libpng that is installed");
        }
        png_set_read_fn(png_, &source_, take);
    }
    ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    Picture picture() {
        require(read_info(png_, info_));
        Picture picture{png_get_image_height(png_, info_), png_get_image_width(png_, info_), 3, 255, {}};
        check_size(1, picture.channels, picture.height, picture.width);
        require(choose_form(png_, info_));
        picture.channels = png_get_channels(png_, info_);
        const bool wide = png_get_bit_depth(png_, info_) == 16;
        if (wide) picture.most = 65535;
        const std::size_t row_bytes = png_get_rowbytes(png_, info_), in_row = picture.width * picture.channels;
        if ((picture.channels != 1 && picture.channels != 3) || row_bytes != in_row * (wide ? 2 : 1))
            throw std::runtime_error("the PNG is neither grey nor colour; save it as one of them");
        std::vector<png_byte> bytes(row_bytes * picture.height);
        std::vector<png_bytep> rows(picture.height);
        for (std::size_t i = 0; i < picture.height; ++i) rows[i] = bytes.data() + i * row_bytes;
        require(read_rows(png_, rows.data()));
        picture.samples.resize(in_row * picture.height);
        for (std::size_t i = 0; i < picture.samples.size(); ++i)
            picture.samples[i] = wide ? static_cast<std::uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]) : bytes[i];
        return picture;
    }

private:
    void require(bool done) const {
        if (!done) throw std::runtime_error("the PNG is damaged (" + std::string(source_.message.data()) + "); fetch or save it again");
    }

    Source source_;
    png_structp png_ = nullptr;
    png_infop info_ = nullptr;
};

}  // namespace

Picture read_png(std::string_view bytes) { return Reader(bytes).picture(); }

std::string png_bytes(const ImageShape& shape, std::span<const double> values) {
    const auto pixels = to_pixels(shape, values);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.height = static_cast<png_uint_32>(shape.height);
    image.width = static_cast<png_uint_32>(shape.width);
    image.format = shape.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    png_alloc_size_t size = 0;
    std::string bytes;
    // once for the size and once for the bytes
    bool written = png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr) != 0;
    if (written) {
        bytes.resize(size);
        written = png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) != 0;
    }
    const std::string reason = image.message;
    png_image_free(&image);
    if (!written) throw std::runtime_error("the PNG cannot be made (" + reason + "); give smaller sides");
    bytes.resize(size);
    return bytes;
}

}  // namespace costate::guidance
