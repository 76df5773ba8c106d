#include "nn/file_error.hpp"

namespace costate::nn {

namespace {

constexpr std::size_t longest_shown = 80;

std::string escaped(std::string_view text, std::size_t limit) {
    static constexpr std::string_view hex = "0123456789abcdef";
    const bool cut = text.size() > limit;
    if (cut) text = text.substr(0, limit);
    while (cut && !text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.remove_suffix(1);
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else {
            out += c;
        }
    }
    return cut ? out + "..." : out;
}

}  // namespace

std::string in_quotes(std::string_view text) {
    return '"' + escaped(text, longest_shown) + '"';
}

FileError::FileError(const std::filesystem::path& file, std::string_view sentence)
    : std::runtime_error(escaped(file.string(), 4096) + ": " + std::string(sentence)) {}

}  // namespace costate::nn
