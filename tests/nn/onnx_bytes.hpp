// ONNX models put together byte by byte, so that they can be wrong: fields of protocol buffers by their numbers in onnx.proto.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace onnx_bytes {

inline std::string varint(std::uint64_t n) {
    std::string out;
    for (; n >= 0x80; n >>= 7) out += static_cast<char>((n & 0x7f) | 0x80);
    return out + static_cast<char>(n);
}
inline std::string text(int field, const std::string& bytes) { return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(bytes.size()) + bytes; }
inline std::string number(int field, std::int64_t n) { return varint(static_cast<std::uint64_t>(field) << 3) + varint(static_cast<std::uint64_t>(n)); }

/// A tensor of floats; `type` 1 is float, 7 int64.
inline std::string tensor(const std::string& name, const std::vector<std::int64_t>& dims, const std::vector<float>& values, int type = 1) {
    std::string out, raw(values.size() * 4, '\0');
    if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    for (const std::int64_t n : dims) out += number(1, n);
    return out + number(2, type) + text(8, name) + text(9, raw);
}
inline std::string integers(const std::string& name, const std::vector<std::int64_t>& values) {
    std::string out = number(1, static_cast<std::int64_t>(values.size())) + number(2, 7) + text(8, name);
    for (const std::int64_t v : values) out += number(7, v);
    return out;
}
/// A node's attributes are given as they are.
inline std::string node(const std::string& op, const std::vector<std::string>& in, const std::vector<std::string>& out, const std::string& attributes = {}) {
    std::string bytes;
    for (const std::string& name : in) bytes += text(1, name);
    for (const std::string& name : out) bytes += text(2, name);
    return text(1, bytes + text(3, "/net/" + op) + text(4, op) + attributes);
}
inline std::string integer_attribute(const std::string& name, std::int64_t value) { return text(5, text(1, name) + number(3, value) + number(20, 2)); }
inline std::string list_attribute(const std::string& name, const std::vector<std::int64_t>& values) {
    std::string bytes = text(1, name) + number(20, 7);
    for (const std::int64_t v : values) bytes += number(8, v);
    return text(5, bytes);
}
/// An input (field 11) or output (12) of floats; an axis of 0 is called N, one below keeps its number.
inline std::string value(int field, const std::string& name, const std::vector<std::int64_t>& axes) {
    std::string shape;
    for (const std::int64_t n : axes) shape += text(1, n == 0 ? text(2, "N") : number(1, n));
    return text(field, text(1, name) + text(2, text(1, number(1, 1) + text(2, shape))));
}
inline std::string initialiser(const std::string& bytes) { return text(5, bytes); }
inline std::string model(const std::string& graph, std::int64_t opset = 17) {
    return number(1, 8) + text(8, text(1, "") + number(2, opset)) + text(7, text(2, "g") + graph);
}

inline void write(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace onnx_bytes
