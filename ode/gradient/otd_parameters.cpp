#include "ode/gradient/otd_parameters.hpp"

#include "ode/gradient/method_name.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

namespace costate::ode::otd {

namespace {

constexpr std::array<std::string_view, 3> theta_names = {"augmented", "quadrature", "gauss"};

std::optional<ThetaBy> theta_of(std::string_view word) {
    for (std::size_t k = 0; k < theta_names.size(); ++k)
        if (theta_names[k] == word) return static_cast<ThetaBy>(k);
    return std::nullopt;
}

std::optional<std::size_t> positive(std::string_view word) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value == 0 || value > static_cast<std::size_t>(std::numeric_limits<int>::max())) return std::nullopt;
    return value;
}

}  // namespace

Parameters read_parameters(std::string_view base, std::span<const std::string_view> parameters, bool counts) {
    check_parameter_count(base, parameters, counts ? 2 : 1);
    Parameters read;
    bool theta_given = false;
    for (const std::string_view word : parameters) {
        const auto theta = theta_of(word);
        const auto states = counts ? positive(word) : std::nullopt;
        if ((theta && theta_given) || (states && read.states))
            throw std::invalid_argument("gradient method '" + std::string(base) + "': the parameter '" + std::string(word) +
                                        "' says again what is said already; give each once");
        if (!theta && !states)
            throw std::invalid_argument("gradient method '" + std::string(base) + "': the parameter '" + std::string(word) + "' is none of " +
                                        (counts ? "a positive number of states, " : "") + "augmented, quadrature, gauss; leave it out or give one of these");
        if (theta) read.theta = *theta;
        if (states) read.states = states;
        theta_given = theta_given || theta.has_value();
    }
    return read;
}

std::string full_name(std::string_view base, const Parameters& parameters) {
    std::string name(base);
    if (parameters.states) name.append(1, ':').append(std::to_string(*parameters.states));
    if (parameters.theta != ThetaBy::augmented) name.append(1, ':').append(theta_names[static_cast<std::size_t>(parameters.theta)]);
    return name;
}

}  // namespace costate::ode::otd
