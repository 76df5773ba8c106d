// "0.999", "-7/5", "12" → the rational number that it says.
#pragma once

#include "scalar/rational.hpp"

#include <optional>
#include <string_view>

namespace costate::ode {

/// The exact value of a decimal or a fraction of whole numbers, with at most one sign at its front; nothing for any other text, a
/// denominator of 0 and exponents included.
[[nodiscard]] std::optional<Rational> exact_number(std::string_view text);

}  // namespace costate::ode
