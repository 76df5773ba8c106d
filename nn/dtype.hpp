// The number formats of a safetensors file and their conversion to and from double.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace costate::nn {

enum class DType { f16, bf16, f32, f64, i64 };

/// The file's name of a format: "F16", "BF16", "F32", "F64", "I64".
std::string_view name(DType dtype);
/// The format of that name, nothing for any other name.
std::optional<DType> dtype_of(std::string_view name);
/// Bytes a value: 2, 2, 4, 8, 8.
std::size_t width(DType dtype);

/// values[i] = the i-th little-endian number of `bytes`, exact for f16, bf16, f32, f64.
/// bytes.size() = width · values.size(); no alignment is needed. Returns the index of the first value that a double cannot hold
/// (an i64 beyond ±2⁵³) or that is not finite; values.size() when there is none.
std::size_t decode(DType dtype, std::span<const std::byte> bytes, std::span<double> values);

/// The inverse: nearest, ties to even; too large for the format becomes infinite. i64 takes the integer part.
void encode(DType dtype, std::span<const double> values, std::span<std::byte> bytes);

}  // namespace costate::nn
