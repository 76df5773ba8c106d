// Conditions that theorems ask of the field: looked at, with what was seen.
#pragma once

#include "claims/claim.hpp"

#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>

namespace costate::claims {

/// Derivatives without end: an analytic function.
inline constexpr std::size_t every_derivative = std::numeric_limits<std::size_t>::max();

/// How many continuous derivatives a network's op has: every_derivative, or 0 for relu. Nothing for an op that is not known here.
[[nodiscard]] std::optional<std::size_t> derivatives_of_op(std::string_view op);

/// u ∈ Cᵏ in (t, x) for 0 ≤ t ≤ 1 and every x, as a hypothesis "the field is $C^{k}$" that decides.
///   linear, polynomial     differences of order 4 along lines through (t, x), 0 in ℚ: a polynomial of degree 3 at most
///   models on a path       every covariance C_k positive definite (pivots of LDLᵀ in ℚ) and α² + σ² > 0 with a Taylor series at 33 times:
///                          then S_t = α²C_k + σ²I is positive definite, and u a quotient of analytic functions of (t, x)
///   network                every layer of the file's description has k continuous derivatives; else the first that has not is named
/// Throws std::invalid_argument for a network without file, nn::NetworkError and nn::SafetensorsError for a file that is none.
[[nodiscard]] Hypothesis smoothness(const Setting& setting, std::size_t k = 2);

}  // namespace costate::claims
