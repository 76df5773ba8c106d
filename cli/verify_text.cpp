#include "cli/verify_text.hpp"

#include "claims/report/mathematics.hpp"
#include "cli/command.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::cli {

using claims::Evidence;
using claims::VerifyRow;
using claims::VerifyTask;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::size_t widest_verdict = std::string_view("DOES NOT COME OUT AS PREDICTED").size();

// A finding or hypothesis in the words of the evidence.
struct Told {
    std::string predicted, measured;
    bool known = false, holds = false;
};

Told told(const Evidence& evidence, const std::string& name) {
    for (const claims::Finding& finding : evidence.findings)
        if (finding.name == name) return {finding.predicted, finding.measured, true, finding.holds};
    for (const claims::Hypothesis& hypothesis : evidence.hypotheses)
        if (hypothesis.text == name) return {hypothesis.text, hypothesis.found, true, hypothesis.holds};
    return {};
}

std::string as_sentence(const Told& one) {
    if (!one.known) return "nothing of that name was found";
    return fmt::format("predicted {}; measured {}: {}", readable(one.predicted), readable(one.measured), one.holds ? "holds" : "does not hold");
}

// What was thrown, if anything was.
std::string error_in(const Evidence& evidence) {
    const Told error = told(evidence, std::string(claims::error_name));
    return error.known ? plain(error.measured) : "";
}

// The reason why a row does not come out, in indented lines.
std::string reasons(const VerifyRow& row, const VerifyTask& task) {
    std::string text;
    if (const std::string error = error_in(row.evidence); !error.empty()) {
        text += fmt::format("    error: {}\n", error);
    } else if (!row.as_predicted) {
        text += fmt::format("    expected: {}\n", row.expected ? "holds" : "does not hold");
        for (const auto& [asked, found, holds, decides] : row.evidence.hypotheses)
            if (!holds && decides) text += fmt::format("    hypothesis {}: found {}: does not hold\n", readable(asked), readable(found));
        for (const claims::Finding* one : claims::deciding(row.evidence))
            text += fmt::format("    {}: predicted {}; measured {}\n", readable(one->name), readable(one->predicted), readable(one->measured));
    }
    if (!row.control_noticed && error_in(row.evidence).empty()) {
        const std::string error = error_in(row.control_evidence);
        text += fmt::format("    control ({}): {}\n", readable(task.reading->control.broken.in(task.setting)),
                            !error.empty() ? error : as_sentence(told(row.control_evidence, task.reading->control.noticed_by)));
    }
    return text + fmt::format("    again: {}\n", plain(claims::command_of(task), 2000));
}

// Whether the control exchanges the subject.
bool runs_elsewhere(const VerifyRow& row) { return !row.control_evidence.subject.empty() && row.control_evidence.subject != row.subject; }

Json to_json(std::span<const claims::LeftOut> left_out) {
    Json list = Json::array();
    for (const claims::LeftOut& one : left_out) list.push_back({{"id", one.id}, {"why", one.why}});
    return list;
}

// Columns as a terminal counts them: bytes that go on with a character are none.
std::string padded(const std::string& text, std::size_t width) {
    const auto columns = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    return text + std::string(width > columns ? width - columns : 0, ' ');
}

}  // namespace

std::string readable(std::string_view text, std::size_t longest) {
    try {
        return plain(claims::to_plain(text), longest);
    } catch (const std::invalid_argument&) {
        return plain(text, longest);
    }
}

std::string verdict_of(const VerifyRow& row) {
    if (!row.as_predicted) return "DOES NOT COME OUT AS PREDICTED";
    return row.holds ? "holds, as predicted" : "does not hold, as predicted";
}

LineWidths widths_of(std::span<const VerifyTask> tasks) {
    LineWidths widths;
    for (const VerifyTask& task : tasks) {
        widths.id = std::max(widths.id, task.claim->id.size());
        widths.reading = std::max(widths.reading, task.reading->name.size());
    }
    return widths;
}

std::string line_of(const VerifyRow& row, const VerifyTask& task, const LineWidths& widths, bool known) {
    std::string line = fmt::format("{} {}  {}  {}  {}  {}  {}  {}", row.comes_out() ? "✓" : "✗", padded(verdict_of(row), widest_verdict),
                                   padded(plain(row.id), widths.id), padded(plain(row.reading), widths.reading), padded(name(row.proof), 12),
                                   padded(row.control_noticed ? "control noticed" : "CONTROL NOT NOTICED", 19),
                                   padded(known ? "known" : guidance::readable_seconds(row.seconds), 6), plain(row.setting));
    line = line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    return row.comes_out() ? line : line + reasons(row, task);
}

std::string sabotage_text(const VerifyRow& row, const VerifyTask& task) {
    const claims::Control& control = task.reading->control;
    const std::string own_error = error_in(row.evidence), error = error_in(row.control_evidence);
    std::string text = fmt::format("{} {}, {} reading{}\n", row.control_noticed ? "✓" : "✗", plain(row.id), plain(row.reading),
                                   row.setting.empty() ? "" : " (" + plain(row.setting) + ")");
    text += fmt::format("  what is broken:    {}\n", readable(control.broken.in(task.setting)));
    if (runs_elsewhere(row)) text += fmt::format("  it is run on:      {}\n", readable(row.control_evidence.subject));
    text += fmt::format("  who should notice: {}\n", readable(control.noticed_by));
    text += fmt::format("  before:            {}\n", own_error.empty() ? as_sentence(told(row.evidence, control.noticed_by)) : own_error);
    const std::string after = error.empty() ? as_sentence(told(row.control_evidence, control.noticed_by)) : error;
    if (own_error.empty()) text += fmt::format("  after:             {}\n", after);
    return text + (row.control_noticed ? "  The claim noticed.\n" : "  THE CLAIM DID NOT NOTICE.\n");
}

std::string left_out_text(std::span<const claims::LeftOut> left_out) {
    std::vector<std::pair<std::string, std::string>> by_reason;  // the reason, and whom it keeps out
    for (const claims::LeftOut& one : left_out) {
        const auto same = std::find_if(by_reason.begin(), by_reason.end(), [&](const auto& other) { return other.first == one.why; });
        if (same == by_reason.end()) by_reason.emplace_back(one.why, plain(one.id));
        else same->second += ", " + plain(one.id);
    }
    std::string text;
    for (const auto& [why, ids] : by_reason) text += fmt::format("– {}: left out, {}\n", ids, readable(why));
    return text;
}

std::string summary_of(std::span<const VerifyRow> rows, std::size_t total, std::size_t left_out, double seconds, bool sabotage) {
    std::set<std::string> ids;
    std::size_t unexpected = 0, unnoticed = 0;
    for (const VerifyRow& row : rows) {
        ids.insert(row.id);
        unexpected += row.as_predicted ? 0 : 1;
        unnoticed += row.control_noticed ? 0 : 1;
    }
    const auto count = [](std::size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); };
    std::string text = count(rows.size(), sabotage ? "control" : "verdict") + " of " + count(ids.size(), "claim") + ": ";
    if (sabotage) {
        text += unnoticed == 0 ? "every one was noticed" : fmt::format("{} NOT NOTICED", unnoticed);
    } else {
        text += unexpected == 0 ? "all as predicted, " : fmt::format("{} NOT AS PREDICTED, ", unexpected);
        text += unnoticed == 0 ? "every control noticed" : count(unnoticed, "control") + " NOT NOTICED";
    }
    if (rows.size() < total) text += fmt::format("; {} not run", total - rows.size());
    if (left_out > 0) text += "; " + count(left_out, "claim") + " left out";
    return text + fmt::format(" ({})\n", guidance::readable_seconds(seconds));
}

std::string verify_json(std::span<const VerifyRow> rows, std::size_t total, std::span<const claims::LeftOut> left_out) {
    Json list = Json::array();
    for (const VerifyRow& row : rows) list.push_back(Json::parse(claims::to_json_line(row)));
    const bool fine = std::all_of(rows.begin(), rows.end(), [](const VerifyRow& row) { return row.as_predicted; });
    const bool noticed = std::all_of(rows.begin(), rows.end(), [](const VerifyRow& row) { return row.control_noticed; });
    const Json json = {{"complete", rows.size() == total}, {"as_predicted", fine}, {"controls_noticed", noticed}, {"left_out", to_json(left_out)},
                       {"rows", list}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string sabotage_json(std::span<const VerifyRow> rows, std::span<const VerifyTask> tasks, std::span<const claims::LeftOut> left_out) {
    Json list = Json::array();
    const auto part = [](const Told& one) {
        return one.known ? Json{{"predicted", one.predicted}, {"measured", one.measured}, {"holds", one.holds}} : Json();
    };
    for (const VerifyRow& row : rows) {
        const auto same = [&](const VerifyTask& task) {
            return task.claim->id == row.id && task.reading->name == row.reading && task.setting_text == row.setting;
        };
        const VerifyTask& task = *std::find_if(tasks.begin(), tasks.end(), same);
        const claims::Control& control = task.reading->control;
        const std::string error = error_in(row.evidence) + error_in(row.control_evidence);
        list.push_back({{"id", row.id}, {"reading", row.reading}, {"setting", row.setting}, {"broken", control.broken.in(task.setting)},
                        {"subject", row.subject}, {"control_subject", row.control_evidence.subject},
                        {"noticed_by", control.noticed_by}, {"control_noticed", row.control_noticed},
                        {"before", part(told(row.evidence, control.noticed_by))},
                        {"after", part(told(row.control_evidence, control.noticed_by))}, {"error", error.empty() ? Json() : Json(error)}});
    }
    const bool fine = std::all_of(rows.begin(), rows.end(), [](const VerifyRow& row) { return row.control_noticed; });
    const Json json = {{"complete", rows.size() == tasks.size()}, {"controls_noticed", fine}, {"left_out", to_json(left_out)}, {"rows", list}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace costate::cli
