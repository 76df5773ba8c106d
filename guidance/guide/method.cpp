#include "guidance/guide/method.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace costate::guidance {

namespace {

std::string names_of(const std::vector<ParameterValue>& known) {
    std::string names;
    for (const ParameterValue& p : known) names += (names.empty() ? "" : ", ") + p.name;
    return names.empty() ? "none" : names;
}

double number_of(const GuidanceMethod& method, const ParameterValue& parameter, std::string_view text) {
    for (std::size_t i = 0; i < parameter.choices.size(); ++i)
        if (parameter.choices[i] == text) return static_cast<double>(i);
    if (!parameter.choices.empty())
        throw std::invalid_argument(fmt::format("{}: {} is one of {}, not '{}'", method.name(), parameter.name, fmt::join(parameter.choices, ", "), text));
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        throw std::invalid_argument(fmt::format("{}: {} is a number, and '{}' is none", method.name(), parameter.name, text));
    return value;
}

std::string text_of(const ParameterValue& parameter) {
    if (parameter.choices.empty()) return fmt::format("{}", parameter.value);
    return parameter.choices[static_cast<std::size_t>(parameter.value)];
}

std::string range_of(const ParameterValue& parameter) {
    if (parameter.count) return fmt::format("a whole number from {:.0f} to {:.0f}", parameter.least, parameter.most);
    return std::isfinite(parameter.most) ? fmt::format("a number from {} to {}", parameter.least, parameter.most) : "a number that is not negative";
}

}  // namespace

namespace detail {

void refuse_parameter(std::string_view method, std::string_view parameter, const std::vector<ParameterValue>& known) {
    throw std::invalid_argument(fmt::format("{}: it has no parameter '{}'; it has {}", method, parameter, names_of(known)));
}

void require_number(std::string_view method, const ParameterValue& parameter, double value) {
    const bool inside = std::isfinite(value) && parameter.least <= value && value <= parameter.most;
    if (!inside || (parameter.count && value != std::floor(value)))
        throw std::invalid_argument(fmt::format("{}: {} = {}; give {}", method, parameter.name, value, range_of(parameter)));
    if (!parameter.choices.empty() && (value != std::floor(value) || value >= static_cast<double>(parameter.choices.size())))
        throw std::invalid_argument(fmt::format("{}: {} is one of {}", method, parameter.name, fmt::join(parameter.choices, ", ")));
}

}  // namespace detail

std::string GuidanceMethod::spelling() const {
    std::string text(name_);
    const std::vector<ParameterValue> values = parameters();
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i].value != defaults_[i]) text += fmt::format(":{}={}", values[i].name, text_of(values[i]));
    return text;
}

GuidanceMethod find_guidance_method(std::string_view spelling) {
    const std::string_view base = spelling.substr(0, spelling.find(':'));
    std::string known;
    for (const GuidanceMethod& method : guidance_methods()) {
        known += (known.empty() ? "" : ", ") + std::string(method.name());
        if (method.name() != base) continue;
        GuidanceMethod found = method;
        for (std::size_t at = base.size(); at < spelling.size();) {
            const std::size_t end = std::min(spelling.find(':', at + 1), spelling.size());
            const std::string_view part = spelling.substr(at + 1, end - at - 1);
            const std::size_t equals = part.find('=');
            if (equals == std::string_view::npos)
                throw std::invalid_argument(fmt::format("'{}': after a colon comes parameter=value; {} has {}", spelling, base, names_of(found.parameters())));
            const std::string_view name = part.substr(0, equals);
            double value = 0;
            for (const ParameterValue& parameter : found.parameters())
                if (parameter.name == name) value = number_of(found, parameter, part.substr(equals + 1));
            found = found.with(name, value);
            at = end;
        }
        return found;
    }
    throw std::invalid_argument(fmt::format("there is no guidance method '{}'; there are {}", base, known));
}

}  // namespace costate::guidance
