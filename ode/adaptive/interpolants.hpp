// The interpolants of the library's pairs: those that their authors published, and solutions of the order conditions.
#pragma once

#include "ode/adaptive/pair.hpp"

#include <cstddef>
#include <initializer_list>
#include <string_view>

namespace costate::ode::detail {

/// By the tableau's name, of order p − 1 or more, so that values between the steps have the global order p of the ends; the cubic of Hermite for
/// any other tableau.
[[nodiscard]] Interpolant known_interpolant(const Tableau& tableau);

/// From rows of numbers apart by blanks.
[[nodiscard]] Interpolant interpolant(std::size_t order, std::string_view source, std::initializer_list<std::string_view> d,
                                      std::initializer_list<std::string_view> extra = {});

/// Of the order asked for, from the cubic of Hermite upwards: of degree q through both ends, their slopes, and q − 3 slopes between them at values of
/// the interpolant of degree q − 1, which are (q − 3)(q − 2)/2 stages more in all.
/// (Enright, Jackson, Nørsett, Thomsen, Interpolants for Runge–Kutta formulas, 1986)
[[nodiscard]] Interpolant bootstrapped_interpolant(EmbeddedPair pair, std::size_t order);

[[nodiscard]] Interpolant verner_6_5_interpolant();
[[nodiscard]] Interpolant verner_8_7_interpolant();

}  // namespace costate::ode::detail
