// The interpolants that the authors of pairs published.
#pragma once

#include "ode/adaptive/pair.hpp"

namespace costate::ode::detail {

/// By the tableau's name; the cubic of Hermite for any other.
[[nodiscard]] Interpolant published_interpolant(const Tableau& tableau);

}  // namespace costate::ode::detail
