// How a gradient method is spelled: base:PARAMETER:PARAMETER, as in "binomial:8".
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::ode {

/// One name of a list of methods. A type of method may carry several.
struct MethodName {
    std::string_view base;        ///< what precedes the first colon
    std::string_view parameters;  ///< what may follow it, "" for nothing: "SLOTS"
    std::string_view meaning;
};

/// "a:b:c" → a, b, c. The parts refer to `spelling`.
std::vector<std::string_view> split_spelling(std::string_view spelling);

/// A parameter that is a whole number between `least` and `most`. Throws std::invalid_argument otherwise, naming `base` and `what`.
std::size_t whole_parameter(std::string_view base, std::string_view what, std::string_view text, std::size_t least, std::size_t most);

/// Throws std::invalid_argument when more than `most` parameters follow `base`.
void check_parameter_count(std::string_view base, std::span<const std::string_view> parameters, std::size_t most);

}  // namespace costate::ode
