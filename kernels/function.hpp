// y = f(x): the elementwise functions that kernels, tape and network files share, by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace costate::kernels {

/// gelu is the exact one, x Φ(x); silu(x) = x σ(x); softplus(x) = log(1 + eˣ).
enum class Function : std::uint8_t { identity, exp, log, sqrt, sin, cos, tanh, sigmoid, silu, gelu, relu, softplus, erf };

/// Every function with its name, in the order of the enumeration.
inline constexpr std::array<std::string_view, 13> function_names = {
    "identity", "exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "silu", "gelu", "relu", "softplus", "erf"};
inline constexpr std::size_t function_count = function_names.size();

constexpr std::string_view name(Function f) { return function_names[static_cast<std::size_t>(f)]; }

/// The function of that name; empty when there is none.
constexpr std::optional<Function> function_named(std::string_view text) {
    for (std::size_t i = 0; i < function_count; ++i)
        if (function_names[i] == text) return static_cast<Function>(i);
    return std::nullopt;
}

}  // namespace costate::kernels
