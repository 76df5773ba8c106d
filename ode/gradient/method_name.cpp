#include "ode/gradient/method_name.hpp"

#include <charconv>
#include <stdexcept>

namespace costate::ode {

std::vector<std::string_view> split_spelling(std::string_view spelling) {
    std::vector<std::string_view> parts;
    for (std::size_t colon = spelling.find(':'); colon != std::string_view::npos; colon = spelling.find(':')) {
        parts.push_back(spelling.substr(0, colon));
        spelling.remove_prefix(colon + 1);
    }
    parts.push_back(spelling);
    return parts;
}

std::size_t whole_parameter(std::string_view base, std::string_view what, std::string_view text, std::size_t least, std::size_t most) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
        throw std::invalid_argument("gradient method '" + std::string(base) + "': " + std::string(what) + " is '" + std::string(text) +
                                    "'; give a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return value;
}

void check_parameter_count(std::string_view base, std::span<const std::string_view> parameters, std::size_t most) {
    if (parameters.size() <= most) return;
    const std::string wanted = most == 0 ? "it has none" : "give at most " + std::to_string(most);
    throw std::invalid_argument("gradient method '" + std::string(base) + "': " + "its parameters are " + std::to_string(parameters.size()) + "; " + wanted);
}

}  // namespace costate::ode
