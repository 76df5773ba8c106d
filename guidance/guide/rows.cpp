#include "guidance/guide/rows.hpp"

#include "guidance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace costate::guidance {

using Json = nlohmann::ordered_json;

namespace {

Json or_null(const std::optional<double>& value) { return value && std::isfinite(*value) ? Json(*value) : Json(nullptr); }

template <class T>
std::optional<T> or_empty(const Json& json, const char* key) {
    const Json& value = json.at(key);
    return value.is_null() ? std::nullopt : std::optional<T>(value.get<T>());
}

}  // namespace

bool is_baseline(std::string_view method) { return method == pseudo_inverse_name || method == "regularised-inverse"; }

bool same_question(const GuideRow& a, const GuideRow& b) { return a.method == b.method && a.task == b.task && a.image == b.image; }

std::string to_json_line(const GuideRow& row) {
    Json json;
    json["method"] = row.method;
    json["task"] = row.task;
    json["image"] = row.image;
    json["loss"] = or_null(row.loss);
    json["psnr"] = or_null(row.psnr);
    json["ssim"] = or_null(row.ssim);
    json["measurement_psnr"] = or_null(row.measurement_psnr);
    json["class_ok"] = row.class_ok ? Json(*row.class_ok) : Json(nullptr);
    json["evaluations"] = row.evaluations;
    json["vjps"] = row.vjps;
    json["jvps"] = row.jvps;
    json["seconds"] = or_null(row.seconds);
    json["peak_bytes"] = row.peak_bytes;
    json["restarts"] = row.restarts;
    json["note"] = row.note;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<GuideRow> guide_row(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    try {
        GuideRow row;
        row.method = json.at("method").get<std::string>();
        row.task = json.at("task").get<std::string>();
        row.image = json.at("image").get<std::size_t>();
        row.loss = or_empty<double>(json, "loss");
        row.psnr = or_empty<double>(json, "psnr");
        row.ssim = or_empty<double>(json, "ssim");
        row.measurement_psnr = or_empty<double>(json, "measurement_psnr");
        row.class_ok = or_empty<bool>(json, "class_ok");
        row.evaluations = json.at("evaluations").get<std::size_t>();
        row.vjps = json.at("vjps").get<std::size_t>();
        row.jvps = json.value("jvps", std::size_t{0});
        row.seconds = or_empty<double>(json, "seconds");
        row.peak_bytes = json.at("peak_bytes").get<std::size_t>();
        row.restarts = json.at("restarts").get<std::size_t>();
        row.note = json.at("note").get<std::string>();
        return row;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

namespace {

/// The finite values of one quantity over the rows.
template <class Get>
std::optional<Interval> over(std::span<const GuideRow* const> rows, std::uint64_t seed, Get&& get) {
    std::vector<double> values;
    for (const GuideRow* row : rows)
        if (const std::optional<double> value = get(*row); value && std::isfinite(*value)) values.push_back(*value);
    return values.empty() ? std::nullopt : std::optional(bootstrap_interval(values, seed));
}

std::optional<double> gain_of(const GuideRow& row, std::span<const GuideRow> rows) {
    for (const GuideRow& other : rows)
        if (other.method == pseudo_inverse_name && other.image == row.image && other.psnr && row.psnr) return *row.psnr - *other.psnr;
    return std::nullopt;
}

GuideSummary summary_of(const std::string& method, std::span<const GuideRow* const> own, std::span<const GuideRow> all, std::uint64_t seed) {
    GuideSummary summary{method};
    summary.count = own.size();
    for (const GuideRow* row : own) {
        const double share = 1.0 / static_cast<double>(own.size());
        summary.failed += !row->loss;
        summary.evaluations += share * static_cast<double>(row->evaluations);
        summary.vjps += share * static_cast<double>(row->vjps);
        summary.seconds += share * row->seconds.value_or(0);
        summary.restarts += share * static_cast<double>(row->restarts);
        summary.peak_bytes = std::max(summary.peak_bytes, static_cast<double>(row->peak_bytes));
    }
    summary.psnr = over(own, seed, [](const GuideRow& r) { return r.psnr; });
    summary.ssim = over(own, seed, [](const GuideRow& r) { return r.ssim; });
    summary.loss = over(own, seed, [](const GuideRow& r) { return r.loss; });
    summary.measurement_psnr = over(own, seed, [](const GuideRow& r) { return r.measurement_psnr; });
    summary.class_ok = over(own, seed, [](const GuideRow& r) { return r.class_ok ? std::optional<double>(*r.class_ok) : std::nullopt; });
    if (method != pseudo_inverse_name) summary.gain = over(own, seed, [&](const GuideRow& r) { return gain_of(r, all); });
    return summary;
}

std::string cell(const std::optional<Interval>& value, int digits, double scale = 1) {
    if (!value) return "-";
    return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", scale * value->mean, digits, scale * value->low, digits, scale * value->high, digits);
}

std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

std::string full(const std::optional<double>& value) { return value && std::isfinite(*value) ? fmt::format("{}", *value) : ""; }

}  // namespace

std::vector<GuideSummary> summaries(std::span<const GuideRow> rows, std::uint64_t seed) {
    std::vector<GuideSummary> list;
    std::vector<std::string> done;
    for (const GuideRow& first : rows) {
        if (std::find(done.begin(), done.end(), first.method) != done.end()) continue;
        done.push_back(first.method);
        std::vector<const GuideRow*> own;
        for (const GuideRow& row : rows)
            if (row.method == first.method) own.push_back(&row);
        list.push_back(summary_of(first.method, own, rows, seed));
    }
    return list;
}

std::vector<std::string> failures(std::span<const GuideRow> rows) {
    std::vector<std::string> sentences;
    for (const GuideSummary& s : summaries(rows, 0)) {
        if (s.failed == 0) continue;
        const auto first = std::find_if(rows.begin(), rows.end(), [&](const GuideRow& row) { return row.method == s.method && !row.loss; });
        sentences.push_back(fmt::format("{} failed on {} of {} images: {}", s.method, s.failed, s.count, first->note));
    }
    return sentences;
}

std::string guide_table(std::span<const GuideSummary> list) {
    std::vector<std::vector<std::string>> lines = {{"method", "images", "PSNR", "gain", "SSIM", "class %", "PSNR of y", "loss", "evals", "vjps", "time", "memory"}};
    for (const GuideSummary& s : list)
        lines.push_back({s.method, fmt::format("{}", s.count - s.failed), cell(s.psnr, 2), cell(s.gain, 2), cell(s.ssim, 3), cell(s.class_ok, 1, 100),
                         s.measurement_psnr ? fmt::format("{:.1f}", s.measurement_psnr->mean) : "-", s.loss ? fmt::format("{:.3g}", s.loss->mean) : "-",
                         fmt::format("{:.0f}", s.evaluations), fmt::format("{:.0f}", s.vjps), readable_seconds(s.seconds),
                         readable_bytes(static_cast<std::size_t>(s.peak_bytes))});
    for (std::size_t column = lines.front().size(); column-- > 2;) {  // what no method has is no column
        const bool empty = std::all_of(lines.begin() + 1, lines.end(), [&](const auto& line) { return line[column] == "-"; });
        if (empty)
            for (auto& line : lines) line.erase(line.begin() + static_cast<std::ptrdiff_t>(column));
    }
    return aligned_columns(lines, 1);
}

std::string guide_line(const GuideRow& row) {
    std::string text = fmt::format("{}, {}, image {}:", row.method, row.task, row.image);
    if (!row.loss) return text + " " + row.note + "\n";
    text += fmt::format(" loss {:.4g}", *row.loss);
    if (row.psnr) text += fmt::format(", PSNR {:.2f} dB", *row.psnr);
    if (row.ssim) text += fmt::format(", SSIM {:.3f}", *row.ssim);
    if (row.measurement_psnr) text += fmt::format(", PSNR of y {:.1f} dB", *row.measurement_psnr);
    if (row.class_ok) text += *row.class_ok ? ", class reached" : ", class not reached";
    text += fmt::format(", {} evaluations, {} vjps, {}", row.evaluations, row.vjps, readable_seconds(row.seconds.value_or(0)));
    return text + (row.note.empty() ? "\n" : "; " + row.note + "\n");
}

std::string guide_csv(std::span<const GuideRow> rows) {
    std::string text = "method,task,image,loss,psnr,ssim,measurement_psnr,class_ok,evaluations,vjps,jvps,seconds,peak_bytes,restarts,note\r\n";
    for (const GuideRow& r : rows)
        text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", quoted(r.method), quoted(r.task), r.image, full(r.loss), full(r.psnr), full(r.ssim),
                            full(r.measurement_psnr), r.class_ok ? (*r.class_ok ? "true" : "false") : "", r.evaluations, r.vjps, r.jvps, full(r.seconds), r.peak_bytes,
                            r.restarts, quoted(r.note));
    return text;
}

}  // namespace costate::guidance
