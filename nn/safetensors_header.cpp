#include "nn/safetensors_header.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <set>

namespace costate::nn {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_numbers = 16;
constexpr std::string_view metadata_key = "__metadata__";

/// Follows the parser's events through the only shape a header may have, so whatever is nested deeper stops at its first bracket.
class HeaderReader {
public:
    struct Raw {
        TensorEntry entry;
        std::string dtype;
        std::vector<std::size_t> offsets;
        std::set<std::string> fields;
    };
    Metadata metadata;
    std::vector<Raw> tensors;
    std::string problem;

    bool null() { return misplaced("null"); }
    bool boolean(bool) { return misplaced("true or false"); }
    bool number_integer(Json::number_integer_t) { return misplaced("a negative number"); }
    bool number_float(Json::number_float_t, const std::string&) { return misplaced("a number that is no 64-bit integer"); }
    bool binary(Json::binary_t&) { return misplaced("binary data"); }

    bool number_unsigned(Json::number_unsigned_t number) {
        if (place_ != Place::shape && place_ != Place::offsets) return misplaced("a number");
        auto& list = place_ == Place::shape ? tensors.back().entry.shape : tensors.back().offsets;
        if (list.size() == most_numbers) return fail(about() + " has more than 16 numbers in " + in_quotes(field_) + "; reshape it");
        list.push_back(number);
        return true;
    }

    bool string(std::string& text) {
        if (place_ == Place::metadata) {
            metadata[field_] = std::move(text);
        } else if (place_ == Place::tensor && field_ == "dtype") {
            tensors.back().dtype = std::move(text);
        } else {
            return misplaced("text");
        }
        return true;
    }

    bool start_object(std::size_t) {
        if (place_ == Place::start) place_ = Place::root;
        else if (place_ == Place::root && name_ == metadata_key) place_ = Place::metadata;
        else if (place_ == Place::root) start_tensor();
        else return misplaced("an object");
        return true;
    }

    bool key(std::string& text) {
        if (place_ == Place::root) {
            name_ = text;
            field_.clear();
            return names_.insert(text).second ||
                   fail("the name " + in_quotes(text) + " occurs twice in the header; give every tensor its own");
        }
        field_ = text;
        if (place_ == Place::metadata)
            return !metadata.contains(text) || fail("the metadata key " + in_quotes(text) + " occurs twice; remove one");
        if (field_ != "dtype" && field_ != "shape" && field_ != "data_offsets")
            return fail(about() + " has an unknown field " + in_quotes(text) + "; a tensor has dtype, shape and data_offsets");
        return tensors.back().fields.insert(text).second || fail(about() + " gives " + in_quotes(text) + " twice; remove one");
    }

    bool end_object() {
        place_ = place_ == Place::root ? Place::end : Place::root;
        return true;
    }

    bool start_array(std::size_t) {
        if (place_ != Place::tensor || field_ == "dtype") return misplaced("a list");
        place_ = field_ == "shape" ? Place::shape : Place::offsets;
        return true;
    }

    bool end_array() {
        place_ = Place::tensor;
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
        const bool encoding = std::string_view(error.what()).find("UTF-8") != std::string_view::npos;
        return fail("the header is not " + std::string(encoding ? "UTF-8" : "valid JSON") + " at its byte " +
                    std::to_string(position) + (name_.empty() ? "" : ", after the name " + in_quotes(name_)) +
                    "; export the file again");
    }

private:
    enum class Place { start, root, metadata, tensor, shape, offsets, end };

    void start_tensor() {
        place_ = Place::tensor;
        tensors.emplace_back().entry.name = name_;
    }

    [[nodiscard]] std::string about() const { return "tensor " + in_quotes(name_); }

    bool fail(std::string sentence) {
        problem = std::move(sentence);
        return false;
    }

    bool misplaced(const std::string& what) {
        if (place_ == Place::start) return fail("the header is " + what + " instead of an object; export the file again");
        if (place_ == Place::metadata)
            return fail("the metadata entry " + in_quotes(field_) + " is " + what + "; metadata are texts");
        if (field_.empty())
            return fail(about() + " is " + what + " instead of an object with dtype, shape and data_offsets; export it again");
        return fail(about() + " has " + what + " in its field " + in_quotes(field_) +
                    "; dtype is a text, shape and data_offsets are lists of integers from 0");
    }

    Place place_ = Place::start;
    std::string name_, field_;
    std::set<std::string> names_;
};

/// a · b; throws when it does not fit.
std::size_t product(std::size_t a, std::size_t b, const std::string& tensor) {
    if (b != 0 && a > std::numeric_limits<std::size_t>::max() / 2 / b)
        throw HeaderError("tensor " + in_quotes(tensor) + " has a shape whose product overflows 63 bits; correct the shape");
    return a * b;
}

/// Zero axes are left out of the overflow test's product: a later axis must not hide behind them.
std::size_t element_count(const TensorEntry& entry) {
    std::size_t count = 1;
    bool empty = false;
    for (const std::size_t n : entry.shape) {
        empty = empty || n == 0;
        count = product(count, std::max<std::size_t>(n, 1), entry.name);
    }
    product(count, width(entry.dtype), entry.name);
    return empty ? 0 : count;
}

TensorEntry finished(HeaderReader::Raw& raw, std::size_t data_bytes) {
    TensorEntry& entry = raw.entry;
    const std::string tensor = "tensor " + in_quotes(entry.name);
    for (const char* field : {"dtype", "shape", "data_offsets"})
        if (!raw.fields.contains(field)) throw HeaderError(tensor + " has no " + field + "; export it again");
    const auto dtype = dtype_of(raw.dtype);
    if (!dtype)
        throw HeaderError(tensor + " has the dtype " + in_quotes(raw.dtype) +
                          ", which is not one of F16, BF16, F32, F64, I64; convert it");
    entry.dtype = *dtype;
    if (raw.offsets.size() != 2)
        throw HeaderError(tensor + " has " + std::to_string(raw.offsets.size()) + " data_offsets; give begin and end");
    const std::size_t begin = raw.offsets[0], end = raw.offsets[1];
    if (begin > end)
        throw HeaderError(tensor + " ends before it begins (data_offsets " + std::to_string(begin) + ", " + std::to_string(end) +
                          "); export it again");
    if (end > data_bytes)
        throw HeaderError(tensor + " ends at byte " + std::to_string(end) + " of the data, which have " +
                          std::to_string(data_bytes) + "; the file is cut short or damaged: fetch or export it again");
    entry.size = element_count(entry);
    entry.begin = begin;
    entry.size_bytes = entry.size * width(entry.dtype);
    if (entry.size_bytes != end - begin)
        throw HeaderError(tensor + " needs " + std::to_string(entry.size_bytes) +
                          " bytes for its shape and dtype, its data_offsets give " + std::to_string(end - begin) +
                          "; export it again");
    return std::move(entry);
}

/// Every byte of the data belongs to exactly one tensor.
void check_tiling(const std::vector<TensorEntry>& tensors, std::size_t data_bytes) {
    std::size_t covered = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const TensorEntry& entry = tensors[i];
        if (entry.begin < covered)
            throw HeaderError("tensor " + in_quotes(entry.name) + " overlaps tensor " + in_quotes(tensors[i - 1].name) +
                              " in the data; export the file again");
        if (entry.begin > covered)
            throw HeaderError("a hole of " + std::to_string(entry.begin - covered) + " bytes lies before tensor " +
                              in_quotes(entry.name) + "; export the file again without it");
        covered = entry.begin + entry.size_bytes;
    }
    if (covered == data_bytes) return;
    const std::string last = tensors.empty() ? "the header" : "tensor " + in_quotes(tensors.back().name);
    throw HeaderError(std::to_string(data_bytes - covered) + " bytes follow " + last +
                      " that belong to no tensor; export the file again without them");
}

}  // namespace

Header parse_header(std::string_view text, std::size_t data_bytes) {
    if (!text.starts_with('{'))
        throw HeaderError("the header does not begin with {, so this is no safetensors file; export it again");
    // the JSON parser takes a zero byte for the end
    if (const auto zero = text.find('\0'); zero != std::string_view::npos)
        throw HeaderError("the header is not valid JSON at its byte " + std::to_string(zero) +
                          ", which is zero; export the file again");
    HeaderReader reader;
    if (!Json::sax_parse(text.begin(), text.end(), &reader)) throw HeaderError(reader.problem);
    Header header;
    header.metadata = std::move(reader.metadata);
    header.tensors.reserve(reader.tensors.size());
    for (auto& raw : reader.tensors) header.tensors.push_back(finished(raw, data_bytes));
    std::ranges::sort(header.tensors, {}, [](const TensorEntry& e) { return std::pair(e.begin, e.begin + e.size_bytes); });
    check_tiling(header.tensors, data_bytes);
    return header;
}

std::string format_header(std::span<const TensorEntry> tensors, const Metadata& metadata) {
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header[std::string(metadata_key)] = metadata;
    for (const TensorEntry& entry : tensors) {
        if (entry.name == metadata_key || header.contains(entry.name))
            throw HeaderError("the tensor name " + in_quotes(entry.name) +
                              " is reserved or occurs twice; give every tensor its own");
        header[entry.name] = {{"dtype", name(entry.dtype)},
                              {"shape", entry.shape},
                              {"data_offsets", {entry.begin, entry.begin + entry.size_bytes}}};
    }
    try {
        return header.dump();
    } catch (const Json::exception&) {
        throw HeaderError("a tensor name or a metadata text is not UTF-8; write it in UTF-8");
    }
}

}  // namespace costate::nn
