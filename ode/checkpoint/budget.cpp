#include "ode/checkpoint/budget.hpp"

#include "ode/checkpoint/counts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::ode::checkpoint {

namespace {

std::string rounded(double value, int decimals) {
    std::array<char, 64> text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, decimals).ptr;
    return {text.data(), end};
}

std::string spelled(const Choice& choice) {
    const std::string steps = std::to_string(choice.forward_steps) + " forward steps and " + bytes_in_words(choice.bytes);
    if (choice.spec.rule == Rule::store_all) return "store-all (every record kept) takes " + steps;
    const std::string slots = std::to_string(choice.spec.slots);
    return choice.spec.rule == Rule::binomial ? "binomial:" + slots + " (states in slots) takes " + steps
                                              : "mixed:" + slots + " (states or records in slots) takes " + steps;
}

Choice with(Rule rule, std::size_t slots, std::size_t size, const Sizes& sizes, std::size_t steps) {
    Choice choice{{rule, rule == Rule::store_all ? 0 : slots, 0}, steps, sizes.fixed + slots * size, ""};
    if (rule == Rule::binomial) choice.forward_steps = steps + binomial_extra(steps, slots);
    if (rule == Rule::mixed) choice.forward_steps = mixed_total(steps, slots);
    return choice;
}

}  // namespace

Choice choose(std::size_t memory, const Sizes& sizes, std::size_t steps) {
    if (steps == 0 || sizes.state == 0 || sizes.record == 0)
        throw std::invalid_argument("checkpoints by memory: " + std::to_string(steps) + " steps, a state of " + std::to_string(sizes.state) +
                                    " bytes and a record of " + std::to_string(sizes.record) + "; all have to be positive");
    const std::size_t least = sizes.fixed + (steps > 1 ? std::min(sizes.state, sizes.record) : 0);
    if (memory < least)
        throw std::invalid_argument("checkpoints by memory: " + bytes_in_words(memory) + " are not enough for " + std::to_string(steps) +
                                    " steps; give at least " + std::to_string(least) + " bytes, which hold one slot and what every schedule needs");
    const std::size_t states = std::min((memory - sizes.fixed) / sizes.state, steps - 1), records = std::min((memory - sizes.fixed) / sizes.record, steps - 1);
    std::vector<Choice> fitting;
    if (records == steps - 1) fitting.push_back(with(Rule::store_all, records, sizes.record, sizes, steps));
    else if (records > 0) fitting.push_back(with(Rule::mixed, records, std::max(sizes.record, sizes.state), sizes, steps));
    if (states > 0) fitting.push_back(with(Rule::binomial, states, sizes.state, sizes, steps));
    std::stable_sort(fitting.begin(), fitting.end(), [](const Choice& a, const Choice& b) {
        return std::pair(a.forward_steps, a.bytes) < std::pair(b.forward_steps, b.bytes);
    });
    Choice best = fitting.front();
    best.sentence = bytes_in_words(memory) + " for " + std::to_string(steps) + " steps: " + spelled(best) + ", " +
                    rounded(static_cast<double>(best.forward_steps) / static_cast<double>(steps), 2) + " times the solve";
    for (std::size_t i = 1; i < fitting.size(); ++i) best.sentence += "; " + spelled(fitting[i]);
    return best;
}

std::size_t parse_bytes(std::string_view text) {
    const auto refuse = [&](const char* why) {
        throw std::invalid_argument("memory '" + std::string(text) + "': " + why + "; write a number of bytes, or one with kB, MB, GB, TB, KiB, MiB, GiB or TiB");
    };
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(value)) refuse("it does not start with a number");
    std::string unit(end, text.data() + text.size());
    if (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
    std::transform(unit.begin(), unit.end(), unit.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array<std::pair<std::string_view, double>, 10> units = {{{"", 1}, {"b", 1}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"tb", 1e12},
                                                                             {"kib", 0x1p10}, {"mib", 0x1p20}, {"gib", 0x1p30}, {"tib", 0x1p40}}};
    const auto known = std::find_if(units.begin(), units.end(), [&](const auto& candidate) { return candidate.first == unit; });
    if (known == units.end()) {
        refuse("its unit is unknown");
        return 0;
    }
    const double bytes = value * known->second;
    if (!(bytes >= 1)) refuse("that is less than a byte");
    if (bytes > 0x1p62) refuse("that is more than there is");
    return static_cast<std::size_t>(bytes);
}

std::string bytes_in_words(std::size_t bytes) {
    if (bytes < 1000) return std::to_string(bytes) + " bytes";
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    constexpr std::array<std::string_view, 6> units = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    return rounded(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + std::string(units[unit]);
}

}  // namespace costate::ode::checkpoint
