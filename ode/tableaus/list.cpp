#include "ode/tableau.hpp"
#include "ode/tableaus/builder.hpp"
#include "ode/tableaus/extrapolation.hpp"

#include <algorithm>
#include <stdexcept>

namespace costate::ode {

std::span<const Tableau> tableau_library() {
    static const std::vector<Tableau> all = [] {
        std::vector<Tableau> list = detail::classical_tableaus();
        for (const auto make : {detail::ssprk3, detail::tsitouras_5_4, detail::verner_6_5, detail::verner_8_7, detail::dop853}) list.push_back(make());
        return list;
    }();
    return all;
}

std::span<const Tableau> tableaus() {
    static const std::size_t count = detail::classical_tableaus().size();
    return tableau_library().first(count);
}

std::span<const Tableau> extrapolation_tableaus() {
    static const std::vector<Tableau> all = [] {
        std::vector<Tableau> list;
        for (std::size_t order = 2; order <= highest_extrapolation; order += 2) list.push_back(gragg(order));
        for (std::size_t order = 1; order <= highest_extrapolation; ++order) list.push_back(extrapolation_euler(order));
        return list;
    }();
    return all;
}

const Tableau& find_tableau(std::string_view name) {
    std::string known;
    for (const Tableau& tableau : tableau_library()) {
        if (tableau.name == name) return tableau;
        known += tableau.name + ", ";
    }
    const std::size_t colon = name.find(':');
    if (const std::string_view base = name.substr(0, colon); base == gragg_name || base == aitken_neville_name)
        for (const Tableau& tableau : extrapolation_tableaus())
            if (tableau.name == name) return tableau;
    throw std::invalid_argument("there is no tableau named '" + std::string(name) + "'; known are " + known + std::string(gragg_name) + ":ORDER (2, 4, … " +
                                std::to_string(highest_extrapolation) + ") and " + std::string(aitken_neville_name) + ":ORDER (1, 2, … " +
                                std::to_string(highest_extrapolation) + ")");
}

}  // namespace costate::ode
