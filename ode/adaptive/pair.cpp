#include "ode/adaptive/pair.hpp"

#include "ode/adaptive/interpolants.hpp"
#include "ode/rooted_trees.hpp"

#include <algorithm>
#include <stdexcept>

namespace costate::ode {

namespace {

// 31/127, 12675/17272 and 3/136 on stages 1, 9 and 12: of order 3 (Hairer, Nørsett, Wanner I, II.5, where they are decimals).
std::vector<Rational> dop853_second(const Tableau& tableau, std::size_t stages) {
    std::vector<Rational> e(stages, Rational(0));
    for (std::size_t i = 0; i < tableau.stages(); ++i) e[i] = tableau.b[i];
    e[0] -= ratio(31, 127);
    e[8] -= ratio(12675, 17272);
    e[11] -= ratio(3, 136);
    return e;
}

}  // namespace

EmbeddedPair embedded_pair(const Tableau& tableau) {
    const auto fail = [&](const char* what) {
        throw std::invalid_argument("tableau '" + tableau.name + "' " + what + "; give an explicit embedded pair, such as dormand-prince");
    };
    if (!is_explicit(tableau)) fail("is implicit");
    if (tableau.b_hat.empty()) fail("has no embedded method b_hat, so no error estimate");
    if (!consistent(tableau)) fail("is not consistent");
    EmbeddedPair pair{tableau, ode::order(tableau), 0, {}, {}, {}};
    pair.error_order = std::min(pair.order, embedded_order(tableau)) + 1;
    for (std::size_t i = 0; i < tableau.stages(); ++i) pair.error.push_back(tableau.b[i] - tableau.b_hat[i]);
    if (!is_fsal(tableau)) pair.error.emplace_back(0);
    if (tableau.name == "dop853") {
        pair.second = dop853_second(tableau, pair.stages());
        pair.error_order = 8;
    }
    pair.interpolant = detail::known_interpolant(tableau);
    if (pair.interpolant.order + 1 < pair.order) pair.interpolant = detail::bootstrapped_interpolant(pair, pair.order - 1);
    return pair;
}

EmbeddedPair embedded_pair(std::string_view tableau) { return embedded_pair(find_tableau(tableau)); }

}  // namespace costate::ode
