#include "nn/dtype.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace costate::nn {

namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian and is read without swapping");

struct Format {
    DType dtype;
    std::string_view name;
    std::size_t width;
};
constexpr std::array<Format, 5> formats{
    {{DType::f16, "F16", 2}, {DType::bf16, "BF16", 2}, {DType::f32, "F32", 4}, {DType::f64, "F64", 8}, {DType::i64, "I64", 8}}};

/// (-1)^s 2^(e-15) (1 + m/1024), subnormal 2^-24 m.
double from_half(std::uint16_t bits) {
    const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    double magnitude = std::ldexp(mantissa, -24);
    if (exponent == 31)
        magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    else if (exponent != 0) magnitude = std::ldexp(1024 + mantissa, exponent - 25);
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/// A float of 1 + exponent_bits + mantissa_bits bits nearest to x: scaled so that one unit is the last place, then rounded to even.
std::uint16_t to_small(double x, int exponent_bits, int mantissa_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const auto sign = static_cast<std::uint16_t>(std::signbit(x) ? 0x8000 : 0);
    const auto infinite = static_cast<std::uint16_t>(((1 << exponent_bits) - 1) << mantissa_bits);
    if (std::isnan(x)) return static_cast<std::uint16_t>(sign | infinite | 1);
    if (std::isinf(x)) return static_cast<std::uint16_t>(sign | infinite);
    const int lowest = 1 - bias;
    const int exponent = x == 0 ? lowest : std::max(std::ilogb(x), lowest);
    const double units = std::nearbyint(std::ldexp(std::abs(x), mantissa_bits - exponent));
    // units carries the leading one of a normal number, so adding it to (exponent - lowest) << mantissa_bits carries over correctly
    const double code = units + std::ldexp(exponent - lowest, mantissa_bits);
    return code >= infinite ? static_cast<std::uint16_t>(sign | infinite)
                            : static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(code));
}

template <class Stored, class Convert>
std::size_t decode_as(std::span<const std::byte> bytes, std::span<double> values, Convert convert) {
    std::size_t bad = values.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        values[i] = convert(stored);
        if (!std::isfinite(values[i]) && bad == values.size()) bad = i;
    }
    return bad;
}

template <class Stored, class Convert>
void encode_as(std::span<const double> values, std::span<std::byte> bytes, Convert convert) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const Stored stored = convert(values[i]);
        std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
    }
}

double from_integer(std::int64_t i) {
    constexpr std::int64_t exact = std::int64_t{1} << 53;
    return i >= -exact && i <= exact ? static_cast<double>(i) : std::numeric_limits<double>::quiet_NaN();
}

/// The integer part, kept within i64; NaN gives 0.
std::int64_t to_integer(double x) {
    if (!(std::abs(x) < 0x1p63))
        return x < 0 ? std::numeric_limits<std::int64_t>::min() : x > 0 ? std::numeric_limits<std::int64_t>::max() : 0;
    return static_cast<std::int64_t>(x);
}

/// Nearest float; beyond the largest one infinite (the plain conversion is undefined there).
float to_float(double x) {
    const double largest = std::numeric_limits<float>::max();
    if (std::abs(x) <= largest || !std::isfinite(x)) return static_cast<float>(x);
    const bool rounds_down = std::abs(x) < 0x1.ffffffp127;
    return std::copysign(rounds_down ? std::numeric_limits<float>::max() : std::numeric_limits<float>::infinity(),
                         static_cast<float>(std::signbit(x) ? -1 : 1));
}

}  // namespace

std::string_view name(DType dtype) {
    return formats[static_cast<std::size_t>(dtype)].name;
}

std::optional<DType> dtype_of(std::string_view name) {
    for (const Format& format : formats)
        if (format.name == name) return format.dtype;
    return std::nullopt;
}

std::size_t width(DType dtype) {
    return formats[static_cast<std::size_t>(dtype)].width;
}

std::size_t decode(DType dtype, std::span<const std::byte> bytes, std::span<double> values) {
    switch (dtype) {
        case DType::f16: return decode_as<std::uint16_t>(bytes, values, from_half);
        case DType::bf16:
            return decode_as<std::uint16_t>(bytes, values,
                                            [](std::uint16_t b) { return double{std::bit_cast<float>(std::uint32_t{b} << 16)}; });
        case DType::f32: return decode_as<float>(bytes, values, [](float x) { return double{x}; });
        case DType::f64: return decode_as<double>(bytes, values, [](double x) { return x; });
        case DType::i64: return decode_as<std::int64_t>(bytes, values, from_integer);
    }
    return 0;
}

void encode(DType dtype, std::span<const double> values, std::span<std::byte> bytes) {
    switch (dtype) {
        case DType::f16: return encode_as<std::uint16_t>(values, bytes, [](double x) { return to_small(x, 5, 10); });
        case DType::bf16: return encode_as<std::uint16_t>(values, bytes, [](double x) { return to_small(x, 8, 7); });
        case DType::f32: return encode_as<float>(values, bytes, to_float);
        case DType::f64: return encode_as<double>(values, bytes, [](double x) { return x; });
        case DType::i64: return encode_as<std::int64_t>(values, bytes, to_integer);
    }
}

}  // namespace costate::nn
