#include "guidance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace costate::guidance {

namespace {

std::string scientific(const std::optional<double>& value) { return value ? fmt::format("{:.3e}", *value) : "-"; }
std::string fixed(const std::optional<double>& value) { return value ? fmt::format("{:.2f}", *value) : "-"; }
std::string full(const std::optional<double>& value) { return value && std::isfinite(*value) ? fmt::format("{}", *value) : ""; }

// U+2014 and "µ" count as one column
std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

using Line = std::vector<std::string>;

std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}

}  // namespace

std::string aligned_columns(const std::vector<std::vector<std::string>>& lines, std::size_t left_columns) {
    std::vector<std::size_t> width;
    for (const Line& line : lines) {
        width.resize(std::max(width.size(), line.size()), 0);
        for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], columns_of(line[i]));
    }
    std::string text;
    for (const Line& line : lines) {
        std::string out;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string padding(width[i] - columns_of(line[i]), ' ');
            out += (i == 0 ? "" : "  ") + (i < left_columns ? line[i] + padding : padding + line[i]);
        }
        text += out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

std::string readable_bytes(std::size_t bytes) {
    constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.{}f} {}", value, value < 9.95 ? 1 : 0, units[unit]);
}

std::string readable_seconds(double seconds) {
    if (!(seconds >= 0) || seconds > 1e9) return "unknown";
    if (seconds >= 3600) return fmt::format("{:.0f} h {:.0f} min", std::floor(seconds / 3600), std::floor(std::fmod(seconds, 3600) / 60));
    if (seconds >= 60) return fmt::format("{:.0f} min {:.0f} s", std::floor(seconds / 60), std::floor(std::fmod(seconds, 60)));
    constexpr std::array units{"s", "ms", "µs", "ns"};
    std::size_t unit = 0;
    for (; seconds < 0.9995 && unit + 1 < units.size(); ++unit) seconds *= 1000;
    return fmt::format("{:.{}f} {}", seconds, seconds < 9.95 ? 1 : 0, units[unit]);
}

std::string study_table(std::span<const StudyRow> rows) {
    std::vector<Line> lines = {{"precision", "tableau", "method", "steps", "error", "to DTO", "order", "predicted", "evals", "vjps",
                                "jvps", "time", "memory", ""}};
    std::vector<std::string> notes;
    for (const StudyRow& row : rows) {
        std::string mark;
        if (!row.note.empty()) {
            const auto found = std::find(notes.begin(), notes.end(), row.note);
            mark = fmt::format("[{}]", found - notes.begin() + 1);
            if (found == notes.end()) notes.push_back(row.note);
        }
        lines.push_back({row.precision, row.tableau, row.method, std::to_string(row.steps), scientific(row.error),
                         scientific(row.error_to_dto), fixed(row.observed_order), row.predicted_order ? fmt::format("{}", *row.predicted_order) : "-",
                         std::to_string(row.evaluations), std::to_string(row.vjps), std::to_string(row.jvps),
                         row.seconds ? readable_seconds(*row.seconds) : "-", readable_bytes(row.peak_bytes), mark});
    }
    std::string text = aligned_columns(lines, 3);
    for (std::size_t i = 0; i < notes.size(); ++i) text += fmt::format("[{}] {}\n", i + 1, notes[i]);
    return text;
}

std::string study_csv(std::span<const StudyRow> rows) {
    std::string text = "method,tableau,steps,precision,error,error_to_dto,rounding,observed_order,predicted_order,evaluations,vjps,jvps,"
                       "seconds,peak_bytes,reconstruction_error,note\r\n";
    for (const StudyRow& row : rows) {
        text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", quoted(row.method), quoted(row.tableau), row.steps,
                            quoted(row.precision), full(row.error), full(row.error_to_dto), full(row.rounding), full(row.observed_order),
                            full(row.predicted_order), row.evaluations, row.vjps, row.jvps, full(row.seconds), row.peak_bytes, full(row.reconstruction_error),
                            quoted(row.note));
    }
    return text;
}

std::vector<std::string> write_report(const std::filesystem::path& directory, const StudyProblem& problem, const StudyTruth& truth,
                                      std::span<const StudyRow> rows, std::size_t total) {
    std::vector<std::string> remarks;
    if (rows.size() < total) {
        remarks.push_back(fmt::format("The study was stopped: {} of {} rows are here; the same command goes on where it stopped.", rows.size(), total));
    }
    std::vector<DrawnPicture> drawn;
    std::string why;
    for (Chart& picture : study_pictures(problem, rows)) {
        std::optional<std::string> svg, png;
        if (why.empty()) svg = run_gnuplot(picture.script, "svg", why);
        if (why.empty()) png = run_gnuplot(picture.script, "png", why);
        if (svg) write_file_atomically(directory / (picture.name + ".svg"), *svg);
        if (png) write_file_atomically(directory / (picture.name + ".png"), *png);
        drawn.push_back({std::move(picture), svg.value_or("")});
    }
    if (!why.empty()) remarks.push_back(why);
    write_file_atomically(directory / "table.csv", study_csv(rows));
    write_file_atomically(directory / "report.html", study_page(problem, truth, rows, drawn, remarks));
    return remarks;
}

}  // namespace costate::guidance
