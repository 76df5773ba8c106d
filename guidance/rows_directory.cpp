#include "guidance/rows.hpp"
#include "guidance/tolerances.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

namespace costate::guidance {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* truth_file = "truth.json";

// A decimal number, whole and finite: neither hexadecimal nor a name such as nan.
bool is_finite_decimal(const std::string& text) {
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
    char* end = nullptr;
    const long double value = std::strtold(text.c_str(), &end);
    return end == text.c_str() + text.size() && std::isfinite(value);
}

bool is_usable(const StudyTruth& truth) {
    return !truth.gradient.empty() && std::all_of(truth.gradient.begin(), truth.gradient.end(), is_finite_decimal) &&
           std::all_of(truth.state.begin(), truth.state.end(), is_finite_decimal) &&
           std::isfinite(truth.relative_error) && truth.relative_error >= 0 && std::isfinite(truth.seconds) && truth.seconds >= 0;
}

// Nothing where it is damaged: it is computed again.
std::optional<StudyTruth> truth_from_json(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("gradient") || !json.contains("relative_error")) return std::nullopt;
    try {
        StudyTruth truth;
        truth.gradient = json.at("gradient").get<std::vector<std::string>>();
        truth.state = json.value("state", std::vector<std::string>{});
        truth.relative_error = json.at("relative_error").get<double>();
        truth.seconds = json.value("seconds", 0.0);
        truth.vanishing = json.value("vanishing", std::map<std::string, bool>{});
        return is_usable(truth) ? std::optional(std::move(truth)) : std::nullopt;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

}  // namespace

template <class Row>
RowDirectory<Row>::RowDirectory(fs::path directory, const std::string& configuration)
    : journal_(std::move(directory), {"study", "study.json", {truth_file}}, configuration, [this](std::string_view line) { return take(line); }) {
    if (const auto text = journal_.found(truth_file)) truth_ = truth_from_json(*text);
}

// Whole rows, each once.
template <class Row>
bool RowDirectory<Row>::take(std::string_view line) {
    const auto row = row_of<Row>(line);
    if (!row || std::any_of(rows_.begin(), rows_.end(), [&](const Row& other) { return same_question(*row, other); })) return false;
    rows_.push_back(*row);
    return true;
}

template <class Row>
void RowDirectory<Row>::append(const Row& row) {
    journal_.append(to_json_line(row));
    rows_.push_back(row);
}

template <class Row>
void RowDirectory<Row>::keep(const StudyTruth& truth) {
    const Json json = {{"gradient", truth.gradient}, {"state", truth.state}, {"relative_error", truth.relative_error}, {"seconds", truth.seconds},
                       {"vanishing", truth.vanishing}};
    journal_.keep(truth_file, json.dump(2) + "\n");
    truth_ = truth;
}

template class RowDirectory<StudyRow>;
template class RowDirectory<ToleranceRow>;

}  // namespace costate::guidance
