#include "guidance/rows.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace costate::guidance {

using Json = nlohmann::ordered_json;

namespace {

Json or_null(const std::optional<double>& value) { return value && std::isfinite(*value) ? Json(*value) : Json(nullptr); }

std::optional<double> or_empty(const Json& value) {
    return value.is_null() ? std::nullopt : std::optional<double>(value.get<double>());
}

}  // namespace

bool same_question(const StudyRow& a, const StudyRow& b) {
    return a.method == b.method && a.tableau == b.tableau && a.steps == b.steps && a.precision == b.precision;
}

std::string to_json_line(const StudyRow& row) {
    Json json;
    json["method"] = row.method;
    json["tableau"] = row.tableau;
    json["steps"] = row.steps;
    json["precision"] = row.precision;
    json["error"] = or_null(row.error);
    json["error_to_dto"] = or_null(row.error_to_dto);
    if (row.reconstruction_error) json["reconstruction_error"] = or_null(row.reconstruction_error);
    json["rounding"] = or_null(row.rounding);
    json["observed_order"] = or_null(row.observed_order);
    json["predicted_order"] = or_null(row.predicted_order);
    json["evaluations"] = row.evaluations;
    json["vjps"] = row.vjps;
    json["jvps"] = row.jvps;
    json["seconds"] = or_null(row.seconds);
    json["peak_bytes"] = row.peak_bytes;
    json["note"] = row.note;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<StudyRow> row_from_json_line(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    try {
        StudyRow row;
        row.method = json.at("method").get<std::string>();
        row.tableau = json.at("tableau").get<std::string>();
        row.steps = json.at("steps").get<std::size_t>();
        row.precision = json.at("precision").get<std::string>();
        row.error = or_empty(json.at("error"));
        row.error_to_dto = or_empty(json.at("error_to_dto"));
        if (json.contains("reconstruction_error")) row.reconstruction_error = or_empty(json.at("reconstruction_error"));
        row.rounding = or_empty(json.at("rounding"));
        row.observed_order = or_empty(json.at("observed_order"));
        row.predicted_order = or_empty(json.at("predicted_order"));
        row.evaluations = json.at("evaluations").get<std::size_t>();
        row.vjps = json.at("vjps").get<std::size_t>();
        row.jvps = json.at("jvps").get<std::size_t>();
        row.seconds = or_empty(json.at("seconds"));
        row.peak_bytes = json.at("peak_bytes").get<std::size_t>();
        row.note = json.at("note").get<std::string>();
        return row;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

template <>
std::optional<StudyRow> row_of<StudyRow>(std::string_view line) {
    return row_from_json_line(line);
}

}  // namespace costate::guidance
