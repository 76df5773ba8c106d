#include "ode/gradient/checkpointed.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace costate::ode::dto {

namespace {

using checkpoint::Rule;

/// Of Checkpointed::names, in their order.
constexpr std::array<Rule, 8> rules = {Rule::store_all, Rule::states_only, Rule::every,     Rule::square_root,
                                       Rule::binomial,  Rule::mixed,       Rule::two_level, Rule::online};

std::size_t position(Rule rule) { return static_cast<std::size_t>(std::find(rules.begin(), rules.end(), rule) - rules.begin()); }

std::size_t parameter_count(Rule rule) {
    if (rule == Rule::store_all || rule == Rule::states_only || rule == Rule::square_root) return 0;
    return rule == Rule::two_level ? 2 : 1;
}

}  // namespace

Checkpointed::Checkpointed(const checkpoint::Spec& schedule, std::filesystem::path file_directory)
    : spec(schedule), name(names[position(spec.rule)].base), meaning(names[position(spec.rule)].meaning), directory(std::move(file_directory)) {
    const std::size_t parameters = parameter_count(spec.rule);
    if (parameters > 0) name.append(1, ':').append(std::to_string(spec.slots));
    if (parameters > 1) name.append(1, ':').append(std::to_string(spec.file_slots));
}

std::optional<Checkpointed> Checkpointed::named(std::string_view base, std::span<const std::string_view> parameters) {
    const auto found = std::find_if(names.begin(), names.end(), [&](const MethodName& known) { return known.base == base; });
    if (found == names.end()) return std::nullopt;
    const Rule rule = rules[static_cast<std::size_t>(found - names.begin())];
    check_parameter_count(base, parameters, parameter_count(rule));
    const auto parameter = [&](std::size_t i, std::string_view what, std::size_t otherwise) {
        return parameters.size() > i ? whole_parameter(base, what, parameters[i], 1, std::numeric_limits<int>::max()) : otherwise;
    };
    const std::size_t slots = parameter_count(rule) == 0 ? 0 : rule == Rule::every ? parameter(0, "STEPS", 10) : parameter(0, "SLOTS", 8);
    return Checkpointed({rule, slots, rule == Rule::two_level ? parameter(1, "FILE-SLOTS", 8) : 0});
}

}  // namespace costate::ode::dto
