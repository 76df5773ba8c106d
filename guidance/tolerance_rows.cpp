// The rows of a study of tolerances as lines of JSON, their questions, their order and their slopes.
#include "guidance/tolerances.hpp"
#include "ode/adaptive/pair.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace costate::guidance {

using Json = nlohmann::ordered_json;

namespace {

Json or_null(const std::optional<double>& value) { return value && std::isfinite(*value) ? Json(*value) : Json(nullptr); }
std::optional<double> or_empty(const Json& value) { return value.is_null() ? std::nullopt : std::optional<double>(value.get<double>()); }

// Slope of the least-squares line through the points.
std::optional<double> slope(const std::vector<std::pair<double, double>>& points) {
    double x = 0, y = 0, xx = 0, xy = 0;
    for (const auto& [a, b] : points) x += a, y += b;
    const auto n = static_cast<double>(points.size());
    for (const auto& [a, b] : points) xx += (a - x / n) * (a - x / n), xy += (a - x / n) * (b - y / n);
    return points.size() < 2 || !(xx > 0) ? std::nullopt : std::optional(xy / xx);
}

// order of b / order of the estimate: h ∝ tolerance^(1/k), error ∝ h^p
double predicted_slope(const std::string& tableau) {
    const ode::EmbeddedPair pair = ode::embedded_pair(tableau);
    return static_cast<double>(pair.order) / static_cast<double>(pair.error_order);
}

}  // namespace

bool same_question(const ToleranceRow& a, const ToleranceRow& b) {
    return a.method == b.method && a.tableau == b.tableau && a.tolerance == b.tolerance && a.precision == b.precision;
}

std::string to_json_line(const ToleranceRow& row) {
    const Json json = {{"method", row.method},
                       {"tableau", row.tableau},
                       {"tolerance", row.tolerance},
                       {"precision", row.precision},
                       {"status", row.status},
                       {"sentence", row.sentence},
                       {"state_error", or_null(row.state_error)},
                       {"gradient_error", or_null(row.gradient_error)},
                       {"accepted", row.accepted},
                       {"rejected", row.rejected},
                       {"back_accepted", row.back_accepted},
                       {"back_rejected", row.back_rejected},
                       {"evaluations", row.evaluations},
                       {"vjps", row.vjps},
                       {"jvps", row.jvps},
                       {"seconds", or_null(row.seconds)},
                       {"peak_bytes", row.peak_bytes},
                       {"state_estimate", or_null(row.state_estimate)},
                       {"sensitivity_estimate", or_null(row.sensitivity_estimate)},
                       {"note", row.note}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <>
std::optional<ToleranceRow> row_of<ToleranceRow>(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    try {
        ToleranceRow row;
        for (const auto& [key, member] : std::initializer_list<std::pair<const char*, std::string*>>{{"method", &row.method},
                                                                                                     {"tableau", &row.tableau},
                                                                                                     {"precision", &row.precision},
                                                                                                     {"status", &row.status},
                                                                                                     {"sentence", &row.sentence},
                                                                                                     {"note", &row.note}})
            *member = json.at(key).get<std::string>();
        for (const auto& [key, member] : std::initializer_list<std::pair<const char*, std::size_t*>>{
                 {"accepted", &row.accepted}, {"rejected", &row.rejected}, {"back_accepted", &row.back_accepted}, {"back_rejected", &row.back_rejected},
                 {"evaluations", &row.evaluations}, {"vjps", &row.vjps}, {"jvps", &row.jvps}, {"peak_bytes", &row.peak_bytes}})
            *member = json.at(key).get<std::size_t>();
        for (const auto& [key, member] : std::initializer_list<std::pair<const char*, std::optional<double>*>>{
                 {"state_error", &row.state_error}, {"gradient_error", &row.gradient_error}, {"seconds", &row.seconds},
                 {"state_estimate", &row.state_estimate}, {"sensitivity_estimate", &row.sensitivity_estimate}})
            *member = or_empty(json.at(key));
        row.tolerance = json.at("tolerance").get<double>();
        return row;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

std::vector<ToleranceRow> tolerance_questions(const StudyProblem& problem) {
    std::vector<ToleranceRow> list;
    for (const auto& precision : problem.precisions)
        for (const auto& tableau : problem.tableaus)
            for (const auto& method : problem.methods)
                for (const double tolerance : problem.tolerances)
                    list.push_back({.method = method, .tableau = tableau, .tolerance = tolerance, .precision = precision});
    return list;
}

std::vector<ToleranceRow> in_order(const StudyProblem& problem, std::span<const ToleranceRow> rows) {
    std::vector<ToleranceRow> sorted;
    for (const ToleranceRow& wanted : tolerance_questions(problem)) {
        const auto found = std::find_if(rows.begin(), rows.end(), [&](const ToleranceRow& row) { return same_question(row, wanted); });
        if (found != rows.end()) sorted.push_back(*found);
    }
    return sorted;
}

double floor_of(std::string_view precision) { return precision == "f32" ? 2e-5 : 2e-13; }

std::vector<ToleranceSlope> tolerance_slopes(const StudyProblem& problem, std::span<const ToleranceRow> rows) {
    std::vector<ToleranceSlope> slopes;
    for (const auto& precision : problem.precisions)
        for (const auto& tableau : problem.tableaus)
            for (const auto& method : problem.methods) {
                ToleranceSlope one{method, tableau, precision, predicted_slope(tableau)};
                std::vector<std::pair<double, double>> state, gradient;
                const auto add = [&](const std::optional<double>& error, double tolerance, auto& points) {
                    if (error && *error > floor_of(precision)) points.emplace_back(std::log(tolerance), std::log(*error));
                };
                for (const ToleranceRow& row : rows) {
                    if (row.precision != precision || row.tableau != tableau || row.method != method) continue;
                    add(row.state_error, row.tolerance, state);
                    add(row.gradient_error, row.tolerance, gradient);
                    if (row.state_error) one.worst = std::max(one.worst.value_or(0), *row.state_error / row.tolerance);
                }
                one.state = slope(state);
                one.gradient = slope(gradient);
                slopes.push_back(std::move(one));
            }
    return slopes;
}

}  // namespace costate::guidance
