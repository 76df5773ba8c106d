#include "ode/gradient/mccallum_foster.hpp"

#include "ode/exact_number.hpp"

#include <stdexcept>

namespace costate::ode::reversible {

McCallumFosterRule::McCallumFosterRule(std::string_view text) : name(base) {
    const std::optional<Rational> value = exact_number(text);
    if (!value || *value <= 0 || *value > 1)
        throw std::invalid_argument("gradient method '" + std::string(base) + "': L is '" + std::string(text) +
                                    "'; give a decimal or a fraction above 0 and at most 1, such as 0.999");
    coupling = *value;
    name.append(":").append(text);
}

std::optional<McCallumFosterRule> McCallumFosterRule::named(std::string_view given, std::span<const std::string_view> parameters) {
    if (given != base) return std::nullopt;
    check_parameter_count(base, parameters, 1);
    return parameters.empty() ? McCallumFosterRule() : McCallumFosterRule(parameters.front());
}

}  // namespace costate::ode::reversible
