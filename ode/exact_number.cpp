#include "ode/exact_number.hpp"

#include <algorithm>
#include <string>

namespace costate::ode {

namespace {

bool digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return '0' <= c && c <= '9'; });
}

// A text of digits; a first 0 would have it read in base 8.
Rational whole(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    return text.empty() ? Rational(0) : Rational(std::string(text));
}

std::optional<Rational> unsigned_number(std::string_view text) {
    if (const std::size_t bar = text.find('/'); bar != std::string_view::npos) {
        const std::string_view over = text.substr(0, bar), under = text.substr(bar + 1);
        if (!digits(over) || !digits(under) || whole(under) == 0) return std::nullopt;
        return whole(over) / whole(under);
    }
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view before = text.substr(0, point), after = text.substr(std::min(point + 1, text.size()));
    if ((!before.empty() && !digits(before)) || (point < text.size() ? !digits(after) : before.empty())) return std::nullopt;
    std::string power(after.size() + 1, '0');
    power.front() = '1';
    return whole(std::string(before).append(after)) / Rational(power);
}

}  // namespace

std::optional<Rational> exact_number(std::string_view text) {
    const bool minus = !text.empty() && text.front() == '-';
    if (minus) text.remove_prefix(1);
    std::optional<Rational> value = unsigned_number(text);
    if (value && minus) *value = -*value;
    return value;
}

}  // namespace costate::ode
