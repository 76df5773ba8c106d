#include "guidance/guide/images.hpp"
#include "guidance/guide/picture.hpp"
#include "guidance/journal.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace costate::guidance {

namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";

[[noreturn]] void damaged(const std::string& what) { throw std::runtime_error(what + "; fetch or save it again"); }

/// The numbers of the header, and of P2 all the picture.
class Numbers {
public:
    explicit Numbers(std::string_view text) : rest_(text) {}

    unsigned next(const char* what) {
        while (!rest_.empty() && (blanks.find(rest_[0]) != std::string_view::npos || rest_[0] == '#'))
            rest_.remove_prefix(rest_[0] == '#' ? std::min(rest_.find('\n'), rest_.size()) : 1);
        unsigned value = 0;
        std::size_t digits = 0;
        for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
            if (value > 99'999) damaged(std::string("the ") + what + " has too many digits");
            value = 10 * value + static_cast<unsigned>(rest_[digits] - '0');
        }
        if (digits == 0) damaged(std::string("the ") + what + " is missing or no number");
        rest_.remove_prefix(digits);
        return value;
    }
    /// What follows the one blank that ends the header.
    std::string_view after_blank() {
        if (rest_.empty() || blanks.find(rest_[0]) == std::string_view::npos) damaged("the header does not end");
        return rest_.substr(1);
    }

private:
    std::string_view rest_;
};

void read_binary(Picture& picture, std::string_view data, std::size_t count) {
    const std::size_t width = picture.most > 255 ? 2 : 1;
    if (data.size() < count * width)
        damaged("the picture needs " + std::to_string(count * width) + " bytes and " + std::to_string(data.size()) + " are there");
    picture.samples.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(data[i * width + k]); };
        picture.samples[i] = width == 1 ? byte(0) : static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
    }
}

}  // namespace

Picture read_pnm(std::string_view bytes) {
    Picture picture;
    const char kind = bytes.size() > 1 ? bytes[1] : '0';
    if (bytes.empty() || bytes[0] != 'P' || (kind != '2' && kind != '5' && kind != '6'))
        throw std::runtime_error("it is no PGM or PPM of the kinds P2, P5 and P6; save it as PNG");
    picture.channels = kind == '6' ? 3 : 1;
    Numbers numbers(bytes.substr(2));
    picture.width = numbers.next("width");
    picture.height = numbers.next("height");
    picture.most = numbers.next("largest value");
    check_size(1, picture.channels, picture.height, picture.width);
    if (picture.most == 0 || picture.most > 65535) damaged("the largest value is " + std::to_string(picture.most) + ", not 1 to 65535");
    const std::size_t count = picture.shape().size();
    if (kind == '2') {
        if (count > bytes.size()) damaged("the picture is cut short");  // a digit each, before anything is allocated
        for (std::size_t i = 0; i < count; ++i) picture.samples.push_back(static_cast<std::uint16_t>(std::min(numbers.next("picture"), 65535U)));
    } else {
        read_binary(picture, numbers.after_blank(), count);
    }
    if (std::ranges::any_of(picture.samples, [&](unsigned v) { return v > picture.most; }))
        damaged("a value is above " + std::to_string(picture.most) + ", which the header calls the largest");
    return picture;
}

void check_size(std::size_t count, std::size_t channels, std::size_t height, std::size_t width) {
    const std::string size = std::to_string(height) + "x" + std::to_string(width);
    if (height == 0 || width == 0 || height > longest_side || width > longest_side)
        throw std::runtime_error("the picture is " + size + "; give sides from 1 to " + std::to_string(longest_side));
    if (count > most_values / (channels * height * width))
        throw std::runtime_error("there are " + std::to_string(count) + " times " + size + " pixels, and at most " + std::to_string(most_values) +
                                 " values are taken; read fewer, or smaller pictures");
}

std::vector<std::uint8_t> to_pixels(const ImageShape& shape, std::span<const double> values) {
    const std::size_t channels = shape.channels, n = shape.pixels();
    if ((channels != 1 && channels != 3) || n == 0 || shape.height > longest_side || shape.width > longest_side || values.size() != shape.size())
        throw std::invalid_argument("a picture of " + std::to_string(channels) + " channels, " + std::to_string(shape.height) + "x" +
                                    std::to_string(shape.width) + ", with " + std::to_string(values.size()) +
                                    " values is not written; give 1 or 3 channels, sides from 1 to 16384 and a value for every pixel");
    std::vector<std::uint8_t> pixels(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i]))
            throw std::invalid_argument("value " + std::to_string(i) + " of the picture is not a number; write what is finite");
        const double level = 255 * (std::clamp(values[i], -1.0, 1.0) + 1) / 2;
        pixels[i % n * channels + i / n] = static_cast<std::uint8_t>(std::lround(level));
    }
    return pixels;
}

void write_png(const std::filesystem::path& file, const ImageShape& shape, std::span<const double> values) {
    write_file_atomically(file, png_bytes(shape, values));
}

void write_pgm(const std::filesystem::path& file, const ImageShape& shape, std::span<const double> values) {
    const auto pixels = to_pixels(shape, values);
    std::string bytes = (shape.channels == 1 ? "P5\n" : "P6\n") + std::to_string(shape.width) + " " + std::to_string(shape.height) + "\n255\n";
    bytes.append(pixels.begin(), pixels.end());
    write_file_atomically(file, bytes);
}

}  // namespace costate::guidance
