#include "nn/safetensors.hpp"

#include "nn/safetensors_header.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace costate::nn {

namespace {

constexpr std::size_t prefix = 8;
constexpr std::size_t largest_header = 100'000'000;

MappedFile mapped(const std::filesystem::path& path) {
    try {
        return MappedFile(path);
    } catch (const std::runtime_error& error) {
        throw SafetensorsError(path, error.what());
    }
}

/// The header's length after checking that the file can hold it.
std::size_t header_length(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    if (bytes.size() < prefix)
        throw SafetensorsError(path, "the file has " + std::to_string(bytes.size()) +
                                         " bytes, fewer than the 8 that say how long the header is; fetch or export it again");
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), prefix);
    if (length > largest_header)
        throw SafetensorsError(
            path,
            "the header claims " + std::to_string(length) +
                " bytes, more than the 100000000 allowed, so this is no safetensors file or a damaged one; export it again");
    if (length > bytes.size() - prefix)
        throw SafetensorsError(path, "the header claims " + std::to_string(length) + " bytes, the file holds " +
                                         std::to_string(bytes.size() - prefix) +
                                         " after its length; it is cut short or damaged: fetch or export it again");
    return length;
}

std::string known_names(std::span<const TensorEntry> tensors) {
    std::string list;
    for (std::size_t i = 0; i < std::min<std::size_t>(tensors.size(), 8); ++i)
        list += (i == 0 ? "" : ", ") + in_quotes(tensors[i].name);
    if (tensors.empty()) return "it holds none";
    return "it holds " + list + (tensors.size() > 8 ? " and " + std::to_string(tensors.size() - 8) + " more" : "");
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file) : path_(file), file_(mapped(file)) {
    read_header();
}

SafetensorsFile::SafetensorsFile(std::filesystem::path name, std::vector<std::byte> bytes) : path_(std::move(name)), memory_(std::move(bytes)) {
    read_header();
}

void SafetensorsFile::read_header() {
    const std::size_t length = header_length(path_, all());
    data_begin_ = prefix + length;
    const std::string text(reinterpret_cast<const char*>(all().data()) + prefix, length);
    try {
        Header header = parse_header(text, all().size() - data_begin_);
        metadata_ = std::move(header.metadata);
        tensors_ = std::move(header.tensors);
    } catch (const HeaderError& error) {
        throw SafetensorsError(path_, error.what());
    }
    for (std::size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
}

const TensorEntry* SafetensorsFile::find(std::string_view tensor) const {
    const auto found = index_.find(tensor);
    return found == index_.end() ? nullptr : &tensors_[found->second];
}

const TensorEntry& SafetensorsFile::entry(std::string_view tensor) const {
    if (const TensorEntry* found = find(tensor)) return *found;
    throw SafetensorsError(path_, "there is no tensor " + in_quotes(tensor) + " in the file (" + known_names(tensors_) +
                                      "); correct the name or export it again");
}

std::span<const std::byte> SafetensorsFile::bytes(std::string_view tensor) const {
    const TensorEntry& e = entry(tensor);
    if (file_ && !file_->still_whole())
        throw SafetensorsError(path_, "the file changed after it was opened, so tensor " + in_quotes(tensor) +
                                          " cannot be read; open it again when it is complete");
    return all().subspan(data_begin_ + e.begin, e.size_bytes);
}

Array SafetensorsFile::values(std::string_view tensor) const {
    const TensorEntry& e = entry(tensor);
    Array::shape_type shape(e.shape.begin(), e.shape.end());
    Array result(shape);
    const std::size_t bad = decode(e.dtype, bytes(tensor), std::span(result.data(), result.size()));
    (void)bytes(tensor);  // throws when the file changed while it was read
    if (bad != result.size())
        throw SafetensorsError(
            path_, "value " + std::to_string(bad) + " of tensor " + in_quotes(tensor) +
                       (e.dtype == DType::i64 ? " is beyond 2^53; store smaller integers"
                                              : " is not finite (NaN or infinite); train or export the network again"));
    return result;
}

std::vector<std::byte> safetensors_bytes(std::span<const TensorToWrite> tensors, const Metadata& metadata) {
    std::vector<TensorEntry> entries;
    std::size_t end = 0;
    for (const TensorToWrite& tensor : tensors) {
        const std::size_t size = tensor.values.size(), bytes = size * width(tensor.dtype);
        entries.push_back(
            {tensor.name, tensor.dtype, {tensor.values.shape().begin(), tensor.values.shape().end()}, size, end, bytes});
        end += bytes;
    }
    std::string header = format_header(entries, metadata);
    header.resize((header.size() + 7) / 8 * 8, ' ');
    std::vector<std::byte> whole(prefix + header.size() + end);
    const std::uint64_t length = header.size();
    std::memcpy(whole.data(), &length, prefix);
    std::memcpy(whole.data() + prefix, header.data(), header.size());
    for (std::size_t i = 0; i < entries.size(); ++i)
        encode(entries[i].dtype, std::span(tensors[i].values.data(), tensors[i].values.size()),
               std::span(whole).subspan(prefix + header.size() + entries[i].begin, entries[i].size_bytes));
    return whole;
}

void write_safetensors(const std::filesystem::path& file, std::span<const TensorToWrite> tensors, const Metadata& metadata) {
    try {
        write_whole(file, safetensors_bytes(tensors, metadata));
    } catch (const std::runtime_error& error) {
        throw SafetensorsError(file, error.what());
    }
}

}  // namespace costate::nn
