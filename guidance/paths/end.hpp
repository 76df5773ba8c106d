// How a path ends: σ₁, α₁, and the exponent m of σ²(1-h) = C h^m + O(h^(m+1)) from the path's own expansion.
#pragma once

#include "guidance/paths/path.hpp"

#include <cstddef>
#include <optional>

namespace costate::guidance {

/// α and σ at t = 1, to 50 digits.
struct PathEnd {
    Mpfr50 alpha, sigma;
};
[[nodiscard]] PathEnd end_of(const AnyPath& path);

/// Whether σ₁ = 0 and α₁ = 1: the flow ends on the data themselves.
[[nodiscard]] bool reaches_data(const AnyPath& path);

/// σ²(1-h) = constant · h^exponent + …
struct EndExpansion {
    std::size_t exponent;
    Mpfr50 constant;
};

/// Nothing when σ₁ > 0. Coefficients below 1e-40 in modulus are rounding and count as 0.
[[nodiscard]] std::optional<EndExpansion> end_exponent(const AnyPath& path);

}  // namespace costate::guidance
