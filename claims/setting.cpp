#include "claims/setting.hpp"

#include "claims/subjects.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace costate::claims {

namespace {

constexpr std::string_view keys[] = {"tableau", "path", "field", "dim", "seed", "model"}, keys_of_model[] = {"input", "time", "parametrisation"};

std::string* part_of(NetworkFile& model, std::string_view key) {
    return key == "input" ? &model.input : key == "time" ? &model.time : key == "parametrisation" ? &model.parametrisation : nullptr;
}

[[noreturn]] void refuse_key(std::string_view key) {
    std::string known;
    for (const std::string_view name : keys) known += (known.empty() ? "" : ", ") + std::string(name);
    throw std::invalid_argument("there is no setting named '" + std::string(key) + "'; the settings are " + known);
}

// Decimal digits only: no sign, no blank, nothing after the last digit.
std::uint64_t whole_number(std::string_view key, std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most) return value;
    throw std::invalid_argument("setting " + std::string(key) + ": '" + std::string(text) + "' is no whole number from " + std::to_string(least) +
                                " to " + std::to_string(most));
}

// α = tⁿ: where n is large the start of the path is so flat, and x̂₁ so insensitive to x, that constants fall below what 50 digits and 12
// halvings resolve.
constexpr int steepest = 6;

guidance::AnyPath path_from(std::string_view name) {
    guidance::AnyPath path = guidance::find_path(name);
    const auto* power = std::get_if<guidance::PolynomialPath>(&path);
    if (power != nullptr && power->n > steepest)
        throw std::invalid_argument("setting path: not every claim can be resolved at 50 digits on '" + std::string(name) + "'; choose polynomial:1 to polynomial:" +
                                    std::to_string(steepest));
    return path;
}

void check_field(std::string_view name) {
    std::string known;
    for (const std::string_view field : field_names()) {
        if (field == name) return;
        known += (known.empty() ? "" : ", ") + std::string(field);
    }
    throw std::invalid_argument("setting field: there is no field named '" + std::string(name) + "'; choose one of " + known);
}

std::vector<std::string> with_first(std::vector<std::string> names, std::string_view first) {
    const auto at = std::find(names.begin(), names.end(), first);
    if (at == names.end()) throw std::invalid_argument("'" + std::string(first) + "' is not among the names that it should lead");
    std::rotate(names.begin(), at, at + 1);
    return names;
}

}  // namespace

std::string Setting::text(std::string_view key) const {
    if (key == "tableau") return tableau.name;
    if (key == "path") return guidance::name_of(path);
    if (key == "field") return field;
    if (key == "dim") return std::to_string(dim);
    if (key == "seed") return std::to_string(seed);
    if (key == "model") return model ? model->file.string() : "";
    NetworkFile copy = model.value_or(NetworkFile{});
    if (const std::string* part = part_of(copy, key)) return *part;
    refuse_key(key);
}

void Setting::set(std::string_view key, std::string_view value) {
    if (key == "tableau") {
        tableau = ode::find_tableau(value);
    } else if (key == "path") {
        path = path_from(value);
    } else if (key == "field") {
        check_field(value);
        field = value;
    } else if (key == "dim") {
        dim = whole_number(key, value, 1, 10);
    } else if (key == "seed") {
        seed = whole_number(key, value, 0, 999'999'999'999'999'999);
    } else if (key == "model") {
        if (value.empty()) throw std::invalid_argument("setting model: an empty name is given; name a network file");
        model.emplace(std::filesystem::path(value));
        field = "network";
    } else {
        NetworkFile changed = model.value_or(NetworkFile{});
        std::string* const part = part_of(changed, key);
        if (!part) refuse_key(key);
        if (!model) throw std::invalid_argument("setting " + std::string(key) + ": it is said of a network, and none is named; set model first");
        *part = value;
        model = std::move(changed);
    }
}

bool Axes::contains(std::string_view key) const {
    if (key == "tableau") return !tableaus.empty();
    if (key == "path") return !paths.empty();
    if (key == "field") return !fields.empty() || model;
    if (key == "dim") return !dims.empty();
    if (key == "seed") return seed;
    return key == "model" && model;
}

Setting default_setting(const Axes& axes) {
    Setting setting;
    if (!axes.tableaus.empty()) setting.set("tableau", axes.tableaus.front());
    if (!axes.paths.empty()) setting.set("path", axes.paths.front());
    if (!axes.fields.empty()) setting.field = axes.fields.front();
    if (!axes.dims.empty()) setting.dim = axes.dims.front();
    return setting;
}

std::string text_of(const Setting& setting, const Axes& axes) {
    std::string text;
    for (const std::string_view key : keys) {
        if (!axes.contains(key) || (key == "model" && !setting.model)) continue;
        if (key == "dim" && setting.field == "network") continue;  // the network has its own
        text += (text.empty() ? "" : " ") + std::string(key) + "=" + setting.text(key);
    }
    for (const std::string_view key : keys_of_model)
        if (axes.model && !setting.text(key).empty()) text += " " + std::string(key) + "=" + setting.text(key);
    return text;
}

std::vector<std::string> all_tableaus(std::string_view first) {
    std::vector<std::string> names;
    for (const ode::Tableau& tableau : ode::tableaus()) names.push_back(tableau.name);
    return with_first(std::move(names), first);
}

std::vector<std::string> all_paths(std::string_view first) {
    std::vector<std::string> names;
    for (const guidance::AnyPath& path : guidance::paths()) names.push_back(guidance::name_of(path));
    return with_first(std::move(names), first);
}

}  // namespace costate::claims
