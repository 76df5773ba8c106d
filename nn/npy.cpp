#include "nn/npy.hpp"

#include <xtensor/xadapt.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>

namespace costate::nn {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t most_npy_axes = 16;

struct NpyHeader {
    DType dtype = DType::f64;
    bool fortran_order = false;
    std::vector<std::size_t> shape;
};

/// Reads the one Python dictionary that a .npy header is. Every method returns nothing (or false) at what it does not expect.
class HeaderText {
public:
    explicit HeaderText(std::string_view text) : rest_(text) {}

    bool take(std::string_view token) {
        skip();
        if (!rest_.starts_with(token)) return false;
        rest_.remove_prefix(token.size());
        return true;
    }

    std::optional<std::string_view> text() {
        skip();
        if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return std::nullopt;
        const auto end = rest_.find(rest_[0], 1);
        if (end == std::string_view::npos) return std::nullopt;
        const auto inside = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return inside;
    }

    std::optional<std::size_t> integer() {
        skip();
        std::size_t value = 0, digits = 0;
        for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
            if (value > (std::numeric_limits<std::size_t>::max() - 9) / 10) return std::nullopt;
            value = value * 10 + static_cast<std::size_t>(rest_[digits] - '0');
        }
        rest_.remove_prefix(digits);
        return digits == 0 ? std::nullopt : std::optional(value);
    }

    /// (a, b, …), (a,) or ()
    std::optional<std::vector<std::size_t>> tuple() {
        std::vector<std::size_t> values;
        if (!take("(")) return std::nullopt;
        while (!take(")")) {
            const auto value = integer();
            if (!value || values.size() == most_npy_axes) return std::nullopt;
            values.push_back(*value);
            if (take(",")) continue;
            if (!take(")")) return std::nullopt;
            break;
        }
        return values;
    }

    bool finished() {
        skip();
        return rest_.empty();
    }

private:
    void skip() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
    }
    std::string_view rest_;
};

std::optional<DType> dtype_of_descr(std::string_view descr) {
    if (descr == "<f2") return DType::f16;
    if (descr == "<f4") return DType::f32;
    if (descr == "<f8") return DType::f64;
    if (descr == "<i8") return DType::i64;
    return std::nullopt;
}

NpyError malformed(const std::filesystem::path& file) {
    return NpyError(
        file,
        "the header is not a dictionary with descr, fortran_order and shape once each; save the array again with numpy.save");
}

/// The value after `key`.
void read_field(const std::filesystem::path& file, std::string_view key, HeaderText& in, NpyHeader& header) {
    if (key == "descr") {
        const auto descr = in.text();
        if (!descr) throw NpyError(file, "the array has fields of its own; save plain float64 values");
        const auto dtype = dtype_of_descr(*descr);
        if (!dtype)
            throw NpyError(file,
                           "the array has the type " + in_quotes(*descr) + ", not one of <f2, <f4, <f8, <i8; save it as float64");
        header.dtype = *dtype;
    } else if (key == "fortran_order") {
        header.fortran_order = in.take("True");
        if (!header.fortran_order && !in.take("False")) throw malformed(file);
    } else {
        const auto shape = in.tuple();
        if (!shape)
            throw NpyError(file, "the shape is not a list of at most 16 integers from 0; save the array again with numpy.save");
        header.shape = *shape;
    }
}

NpyHeader parse(const std::filesystem::path& file, std::string_view text) {
    NpyHeader header;
    HeaderText in(text);
    std::set<std::string_view> missing{"descr", "fortran_order", "shape"};
    if (!in.take("{")) throw malformed(file);
    for (bool open = !in.take("}"); open;) {
        const auto key = in.text();
        if (!key || !in.take(":") || missing.erase(*key) == 0) throw malformed(file);
        read_field(file, *key, in, header);
        const bool comma = in.take(",");
        open = !in.take("}");
        if (open && !comma) throw malformed(file);
    }
    if (!in.finished() || !missing.empty()) throw malformed(file);
    return header;
}

/// Number of values; throws when it or its bytes overflow.
std::size_t element_count(const std::filesystem::path& file, const NpyHeader& header) {
    const std::size_t limit = std::numeric_limits<std::size_t>::max() / 16;
    std::size_t count = 1;
    for (const std::size_t n : header.shape) {
        if (count > limit / std::max<std::size_t>(n, 1))
            throw NpyError(file, "the product of its shape overflows; save the array again with numpy.save");
        count *= std::max<std::size_t>(n, 1);
    }
    return std::ranges::find(header.shape, std::size_t{0}) == header.shape.end() ? count : 0;
}

/// Where the header begins and how long it is.
std::pair<std::size_t, std::size_t> locate_header(const std::filesystem::path& file, std::string_view bytes) {
    if (!bytes.starts_with(magic) || bytes.size() < 10)
        throw NpyError(file, "the file does not begin like a .npy file; save the array with numpy.save");
    const int version = static_cast<unsigned char>(bytes[6]);
    if (version < 1 || version > 3)
        throw NpyError(file,
                       "the file has the .npy version " + std::to_string(version) + ", not 1, 2 or 3; save it with numpy.save");
    const std::size_t width_of_length = version == 1 ? 2 : 4, begin = 8 + width_of_length;
    if (bytes.size() < begin) throw NpyError(file, "the file is cut short within its header; fetch or save it again");
    std::size_t length = 0;
    for (std::size_t i = 0; i < width_of_length; ++i)
        length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[8 + i])) << (8 * i);
    if (length > bytes.size() - begin) throw NpyError(file, "the header is longer than the file; fetch or save it again");
    return {begin, length};
}

Array row_major(const std::vector<double>& values, const std::vector<std::size_t>& shape, bool fortran_order) {
    if (fortran_order) return xt::adapt<xt::layout_type::column_major>(values, shape);
    return xt::adapt(values, shape);
}

}  // namespace

Array read_npy(const std::filesystem::path& file) {
    try {
        const MappedFile mapped(file);
        const auto raw = mapped.bytes();
        const std::string_view bytes(reinterpret_cast<const char*>(raw.data()), raw.size());
        const auto [begin, length] = locate_header(file, bytes);
        const NpyHeader header = parse(file, bytes.substr(begin, length));
        const std::size_t count = element_count(file, header), data = begin + length;
        if (raw.size() - data != count * width(header.dtype))
            throw NpyError(file, "the shape needs " + std::to_string(count * width(header.dtype)) +
                                     " bytes of data, the file has " + std::to_string(raw.size() - data) +
                                     "; fetch or save it again");
        std::vector<double> values(count);
        const std::size_t bad = decode(header.dtype, raw.subspan(data), values);
        if (!mapped.still_whole()) throw NpyError(file, "the file changed while it was read; read it again when it is complete");
        if (bad != count)
            throw NpyError(file, "value " + std::to_string(bad) + " is not finite or beyond 2^53; save finite numbers");
        return row_major(values, header.shape, header.fortran_order);
    } catch (const NpyError&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw NpyError(file, error.what());
    }
}

void write_npy(const std::filesystem::path& file, const Array& values) {
    std::string shape;
    for (const std::size_t n : values.shape()) shape += std::to_string(n) + ", ";
    if (values.dimension() > 1) shape.resize(shape.size() - 2);
    std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + "), }";
    text.resize((text.size() + 11 + 63) / 64 * 64 - 11, ' ');
    text += '\n';
    std::string head(magic);
    head += '\1';
    head += '\0';
    head += static_cast<char>(text.size() & 255);
    head += static_cast<char>(text.size() >> 8);
    head += text;
    std::vector<std::byte> whole(head.size() + 8 * values.size());
    std::ranges::transform(head, whole.begin(), [](char c) { return static_cast<std::byte>(c); });
    encode(DType::f64, std::span(values.data(), values.size()), std::span(whole).subspan(head.size()));
    try {
        write_whole(file, whole);
    } catch (const std::runtime_error& error) {
        throw NpyError(file, error.what());
    }
}

}  // namespace costate::nn
