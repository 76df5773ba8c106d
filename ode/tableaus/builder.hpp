// Tableaus written as text: the numbers of c, of the rows of a, of b and b̂, apart by blanks.
#pragma once

#include "ode/tableau.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

namespace costate::ode::detail {

/// The lower triangle of a is written row by row, the first (empty) row and trailing zeros left out. Where c is "" it is the row sums.
/// A number is a fraction or a decimal; with a decimal among them the tableau is not exact.
/// Throws std::invalid_argument for what is no number.
[[nodiscard]] Tableau tableau_from_text(std::string name, std::string source, std::string_view c, std::initializer_list<std::string_view> rows,
                                        std::string_view b, std::string_view b_hat = "");

// What the library holds, one file a family.
[[nodiscard]] std::vector<Tableau> classical_tableaus();  ///< up to order 5, exact
[[nodiscard]] Tableau ssprk3();
[[nodiscard]] Tableau tsitouras_5_4();
[[nodiscard]] Tableau dop853();
[[nodiscard]] Tableau verner_6_5();
[[nodiscard]] Tableau verner_8_7();

}  // namespace costate::ode::detail
