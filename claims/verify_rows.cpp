#include "claims/verify_rows.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace costate::claims {

using Json = nlohmann::ordered_json;

namespace {

Json to_json(const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values) list.push_back(std::isfinite(value) ? Json(value) : Json());
    return list;
}

std::vector<double> numbers_of(const Json& list) {
    std::vector<double> values;
    for (const Json& value : list) values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    return values;
}

Json to_json(const Figure& figure) {
    Json curves = Json::array();
    for (const Curve& curve : figure.curves)
        curves.push_back({{"label", curve.label}, {"x", to_json(curve.x)}, {"measured", to_json(curve.measured)},
                          {"predicted", to_json(curve.predicted)}});
    return {{"title", figure.title}, {"x_label", figure.x_label}, {"y_label", figure.y_label}, {"logarithmic_x", figure.logarithmic_x},
            {"logarithmic_y", figure.logarithmic_y}, {"curves", curves}, {"names", figure.names}};
}

Figure figure_of(const Json& json) {
    Figure figure;
    figure.title = json.at("title").get<std::string>();
    figure.x_label = json.at("x_label").get<std::string>();
    figure.y_label = json.at("y_label").get<std::string>();
    figure.logarithmic_x = json.at("logarithmic_x").get<bool>();
    figure.logarithmic_y = json.at("logarithmic_y").get<bool>();
    figure.names = json.at("names").get<std::vector<std::string>>();
    for (const Json& entry : json.at("curves")) {
        const Curve& curve = figure.curves.emplace_back(Curve{entry.at("label").get<std::string>(), numbers_of(entry.at("x")),
                                                              numbers_of(entry.at("measured")), numbers_of(entry.at("predicted"))});
        if (curve.measured.size() != curve.x.size() || (!curve.predicted.empty() && curve.predicted.size() != curve.x.size()))
            throw std::invalid_argument("a curve has values of different number; give one at every x");
    }
    return figure;
}

// Without the subject, which has a key of its own.
Json to_json(const Evidence& evidence) {
    Json hypotheses = Json::array(), findings = Json::array(), figures = Json::array();
    for (const Hypothesis& h : evidence.hypotheses) hypotheses.push_back({{"text", h.text}, {"found", h.found}, {"holds", h.holds}, {"decides", h.decides}});
    for (const Finding& f : evidence.findings)
        findings.push_back({{"name", f.name}, {"predicted", f.predicted}, {"measured", f.measured}, {"uncertainty", f.uncertainty},
                            {"proof", name(f.proof)}, {"holds", f.holds}, {"decides", f.decides}});
    for (const Figure& figure : evidence.figures) figures.push_back(to_json(figure));
    return {{"hypotheses", hypotheses}, {"findings", findings}, {"figures", figures}, {"numbers", evidence.numbers}};
}

Proof proof_of(const std::string& text) {
    for (const Proof proof : {Proof::exact, Proof::coefficient, Proof::slope, Proof::bound, Proof::statistics, Proof::illustration})
        if (name(proof) == text) return proof;
    throw std::invalid_argument("there is no proof named '" + text + "'; the strongest is exact");
}

Evidence evidence_of(const Json& json, std::string subject) {
    Evidence evidence{std::move(subject)};
    for (const Json& h : json.at("hypotheses"))
        evidence.hypotheses.push_back({h.at("text").get<std::string>(), h.at("found").get<std::string>(), h.at("holds").get<bool>(),
                                       h.at("decides").get<bool>()});
    for (const Json& f : json.at("findings"))
        evidence.findings.push_back({f.at("name").get<std::string>(), f.at("predicted").get<std::string>(), f.at("measured").get<std::string>(),
                                     f.at("uncertainty").get<std::string>(), proof_of(f.at("proof").get<std::string>()), f.at("holds").get<bool>(),
                                     f.at("decides").get<bool>()});
    for (const Json& figure : json.at("figures")) evidence.figures.push_back(figure_of(figure));
    evidence.numbers = json.at("numbers").get<std::string>();
    return evidence;
}

// Each text once, in order.
std::string joined(const std::vector<const Finding*>& findings, std::string Finding::* part) {
    std::vector<std::string> seen;
    std::string text;
    for (const Finding* finding : findings) {
        const std::string& one = finding->*part;
        if (one.empty() || std::find(seen.begin(), seen.end(), one) != seen.end()) continue;
        text += (seen.empty() ? "" : "; ") + one;
        seen.push_back(one);
    }
    return text;
}

}  // namespace

Evidence evidence_of_error(std::string_view sentence) {
    Evidence evidence;
    evidence.findings.push_back({std::string(error_name), "no error", std::string(sentence), "", Proof::illustration, false});
    return evidence;
}

std::vector<const Finding*> deciding(const Evidence& evidence) {
    std::vector<const Finding*> all, failing;
    for (const Finding& finding : evidence.findings) {
        if (!finding.decides && finding.holds) continue;  // what accompanies is told where it fails
        all.push_back(&finding);
        if (!finding.holds) failing.push_back(&finding);
    }
    return failing.empty() ? all : failing;
}

void VerifyRow::conclude() {
    const auto thrown = [](const Finding& finding) { return finding.name == error_name; };
    holds = evidence.holds();
    as_predicted = holds == expected && evidence.accompanied() && std::none_of(evidence.findings.begin(), evidence.findings.end(), thrown);
    predicted = joined(deciding(evidence), &Finding::predicted);
    measured = joined(deciding(evidence), &Finding::measured);
    proof = evidence.proof();
    subject = evidence.subject;
}

std::string question(std::string_view id, std::string_view reading, std::string_view setting, std::string_view fingerprint) {
    std::string text;
    for (const std::string_view part : {id, reading, setting, fingerprint}) text.append(part).push_back('\n');
    return text;
}

std::string to_json_line(const VerifyRow& row) {
    Json json;
    json["id"] = row.id;
    json["source"] = row.source;
    json["reading"] = row.reading;
    json["setting"] = row.setting;
    json["expected"] = row.expected;
    json["holds"] = row.holds;
    json["as_predicted"] = row.as_predicted;
    json["control_noticed"] = row.control_noticed;
    json["predicted"] = row.predicted;
    json["measured"] = row.measured;
    json["proof"] = name(row.proof);
    json["subject"] = row.subject;
    json["seconds"] = std::isfinite(row.seconds) ? Json(row.seconds) : Json();
    json["fingerprint"] = row.fingerprint;
    json["evidence"] = to_json(row.evidence);
    json["control_subject"] = row.control_evidence.subject;
    json["control_evidence"] = to_json(row.control_evidence);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<VerifyRow> verify_row_from_json_line(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    try {
        VerifyRow row;
        row.id = json.at("id").get<std::string>();
        row.source = json.at("source").get<std::string>();
        row.reading = json.at("reading").get<std::string>();
        row.setting = json.at("setting").get<std::string>();
        row.fingerprint = json.at("fingerprint").get<std::string>();
        row.expected = json.at("expected").get<bool>();
        row.control_noticed = json.at("control_noticed").get<bool>();
        row.seconds = json.at("seconds").is_null() ? 0 : json.at("seconds").get<double>();
        row.evidence = evidence_of(json.at("evidence"), json.at("subject").get<std::string>());
        row.control_evidence = evidence_of(json.at("control_evidence"), json.at("control_subject").get<std::string>());
        row.conclude();
        const bool as_told = json.at("holds") == row.holds && json.at("as_predicted") == row.as_predicted && json.at("predicted") == row.predicted &&
                             json.at("measured") == row.measured && json.at("proof") == name(row.proof);
        return as_told && row.seconds >= 0 ? std::optional(std::move(row)) : std::nullopt;
    } catch (const Json::exception&) {
        return std::nullopt;
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

VerifyDirectory::VerifyDirectory(std::filesystem::path directory)
    : journal_(std::move(directory), {"verification", "verify.json"}, R"({"verify": 1})", [this](std::string_view line) { return take(line); }) {}

// Whole rows, each once.
bool VerifyDirectory::take(std::string_view line) {
    auto row = verify_row_from_json_line(line);
    if (!row || !questions_.insert(question(row->id, row->reading, row->setting, row->fingerprint)).second) return false;
    rows_.push_back(std::move(*row));
    return true;
}

void VerifyDirectory::append(const VerifyRow& row) { journal_.append(to_json_line(row)); }

}  // namespace costate::claims
