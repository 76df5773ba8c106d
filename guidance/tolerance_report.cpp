#include "guidance/tolerance_report.hpp"

#include "guidance/page.hpp"
#include "ode/gradient/sensitive_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace costate::guidance {

namespace {

using Line = std::vector<std::string>;

std::string scientific(const std::optional<double>& value) { return value ? fmt::format("{:.2e}", *value) : "-"; }
std::string fixed(const std::optional<double>& value) { return value ? fmt::format("{:.2f}", *value) : "-"; }
std::string full(const std::optional<double>& value) { return value && std::isfinite(*value) ? fmt::format("{}", *value) : ""; }
std::string quoted(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
}
std::string both(std::size_t there, std::size_t back) { return back == 0 ? std::to_string(there) : fmt::format("{}+{}", there, back); }
std::string words_of(const ToleranceRow& row) {
    if (row.sentence.empty() || row.note.empty()) return row.sentence + row.note;
    return row.sentence + "; " + row.note;
}

const Line heads = {"precision", "tableau", "method", "tolerance", "state error", "gradient error", "accepted",
                    "rejected",  "evals",   "vjps",   "jvps",      "time",        "memory",         "status"};

Line line_of(const ToleranceRow& row) {
    return {row.precision,
            row.tableau,
            row.method,
            fmt::format("{:g}", row.tolerance),
            scientific(row.state_error),
            scientific(row.gradient_error),
            both(row.accepted, row.back_accepted),
            both(row.rejected, row.back_rejected),
            std::to_string(row.evaluations),
            std::to_string(row.vjps),
            std::to_string(row.jvps),
            row.seconds ? readable_seconds(*row.seconds) : "-",
            readable_bytes(row.peak_bytes),
            row.status};
}

std::string html_table(const Line& head, const std::vector<Line>& lines, std::size_t names, bool last_is_name) {
    const auto is_name = [&](std::size_t i, std::size_t size) { return i < names || (last_is_name && i + 1 >= size); };
    std::string text = "<div class=\"wide\"><table><thead><tr>";
    for (std::size_t i = 0; i < head.size(); ++i) text += fmt::format("<th{}>{}</th>", is_name(i, head.size()) ? " class=\"name\"" : "", escaped(head[i]));
    text += "</tr></thead><tbody>\n";
    for (const Line& line : lines) {
        text += "<tr>";
        for (std::size_t i = 0; i < line.size(); ++i) text += fmt::format("<td{}>{}</td>", is_name(i, line.size()) ? " class=\"name\"" : "", escaped(line[i]));
        text += "</tr>\n";
    }
    return text + "</tbody></table></div>\n";
}

std::vector<Line> lines_of(std::span<const ToleranceSlope> slopes) {
    std::vector<Line> lines;
    for (const ToleranceSlope& one : slopes)
        lines.push_back({one.precision, one.tableau, one.method, fmt::format("{:.3g}", one.predicted), fixed(one.state), fixed(one.gradient),
                         one.worst ? fmt::format("{:.3g}", *one.worst) : "-"});
    return lines;
}
const Line slope_heads = {
    "precision", "tableau", "method", "predicted slope", "of the state error", "of the gradient error", "state error / tolerance, at most"};

std::string facts(const StudyProblem& problem, const StudyTruth& truth) {
    return fmt::format(
        "<dl><dt>Question</dt><dd>&nabla;<sub>x</sub> of L(x(t<sub>1</sub>)) = &frac12;&#8214;{}x(t<sub>1</sub>) &minus; y&#8214;&sup2; along x&#775; = f(t, "
        "x) from t<sub>0</sub> = {} to "
        "t<sub>1</sub> = {} by solves that choose their steps, for {} start{} in dimension {}, each solved by itself; the worst one is the row&#39;s, counts "
        "are of all.</dd>"
        "<dt>Tolerance</dt><dd>{}; a step is accepted where its estimated error is below it in the root mean square over the components.</dd>"
        "<dt>Truth</dt><dd>State and gradient of the continuous problem to {} digits; two solves with other nodes and other steps differ by {:.0e} (computed "
        "in {}).</dd>"
        "<dt>Errors</dt><dd>&#8214;x<sub>1</sub> &minus; x<sub>1</sub>*&#8214;&#8322; / &#8214;x<sub>1</sub>*&#8214;&#8322; and &#8214;g &minus; "
        "g*&#8214;&#8322; / &#8214;g*&#8214;&#8322;.</dd>"
        "<dt>Step sizes</dt><dd>They depend on the start too. <code>dto</code>, its schedules and the adjoint methods leave that out (frozen); "
        "<code>controlled</code> differentiates the controller; "
        "<code>sensitive</code> chooses steps by the errors of state and sensitivities together, and then leaves it out.</dd></dl>\n",
        problem.observation.empty() ? "" : "H ", problem.t0, problem.t1, problem.samples, problem.samples == 1 ? "" : "s", problem.dimension,
        problem.atol ? fmt::format("rtol as in the row, atol = {:g}", *problem.atol) : "rtol = atol", problem.digits,
        truth.relative_error, readable_seconds(truth.seconds));
}

std::string page_of(const StudyProblem& problem, const StudyTruth& truth, std::span<const ToleranceRow> rows, std::span<const DrawnPicture> pictures,
                    std::span<const std::string> remarks) {
    std::string page = page_head("Tolerances: " + problem.title);
    page += fmt::format("<h1>State and gradient at given tolerances: {}</h1>\n", escaped(problem.title));
    for (const auto& remark : remarks) page += fmt::format("<p class=\"remark\">{}</p>\n", escaped(remark));
    page += facts(problem, truth);
    page +=
        "<h2>Slopes</h2>\n<p>Of log error against log tolerance, by least squares over the rows that rounding leaves alone. A controller that keeps what it "
        "promises has slope 1 where the pair is carried on by its "
        "higher order; the last column is what the problem makes of local errors.</p>\n" +
        html_table(slope_heads, lines_of(tolerance_slopes(problem, rows)), 3, false);
    page += "<h2>Pictures</h2>\n";
    for (const DrawnPicture& drawn : pictures)
        if (!drawn.svg.empty())
            page += fmt::format("<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>\n", inline_svg(drawn.svg), escaped(drawn.picture.caption));
    std::vector<Line> lines;
    for (const ToleranceRow& row : rows) {
        lines.push_back(line_of(row));
        lines.back().push_back(words_of(row));
    }
    Line with_note = heads;
    with_note.emplace_back("what it says");
    page += fmt::format(
                "<h2>Rows</h2>\n<details open><summary>All {} rows; the same in <code>table.csv</code> and, one JSON object a line, in "
                "<code>rows.jsonl</code></summary>\n",
                rows.size()) +
            html_table(with_note, lines, 3, true) + "</details>\n";
    return page + "</body>\n</html>\n";
}

}  // namespace

std::string tolerance_table(std::span<const ToleranceRow> rows) {
    std::vector<Line> lines = {heads};
    lines.front().emplace_back("");
    std::vector<std::string> notes;
    for (const ToleranceRow& row : rows) {
        lines.push_back(line_of(row));
        const std::string words = words_of(row);
        if (words.empty()) continue;
        const auto found = std::find(notes.begin(), notes.end(), words);
        lines.back().push_back(fmt::format("[{}]", found - notes.begin() + 1));
        if (found == notes.end()) notes.push_back(words);
    }
    std::string text = aligned_columns(lines, 3);
    for (std::size_t i = 0; i < notes.size(); ++i) text += fmt::format("[{}] {}\n", i + 1, notes[i]);
    return text;
}

std::string slope_table(std::span<const ToleranceSlope> slopes) {
    std::vector<Line> lines = lines_of(slopes);
    lines.insert(lines.begin(), slope_heads);
    return aligned_columns(lines, 3);
}

std::string tolerance_csv(std::span<const ToleranceRow> rows) {
    std::string text =
        "method,tableau,tolerance,precision,status,state_error,gradient_error,accepted,rejected,back_accepted,back_rejected,evaluations,vjps,jvps,seconds,peak_"
        "bytes,"
        "state_estimate,sensitivity_estimate,sentence,note\r\n";
    for (const ToleranceRow& row : rows)
        text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", quoted(row.method), quoted(row.tableau), row.tolerance,
                            row.precision, quoted(row.status), full(row.state_error), full(row.gradient_error), row.accepted, row.rejected, row.back_accepted,
                            row.back_rejected, row.evaluations, row.vjps, row.jvps, full(row.seconds), row.peak_bytes, full(row.state_estimate),
                            full(row.sensitivity_estimate), quoted(row.sentence), quoted(row.note));
    return text;
}

std::vector<std::string> tolerance_remarks(std::span<const ToleranceRow> rows, const std::optional<Amplification>& amplification) {
    std::vector<std::string> remarks;
    if (amplification)
        remarks.push_back(
            fmt::format("The flow makes an error at t0 {:.3g} times as large at t1 and one made on the way up to {:.3g} times (the norms of its sensitivities); "
                        "{}{}",
                        amplification->from_start, amplification->largest,
                        std::isfinite(amplification->condition)
                            ? fmt::format("relative to the states its condition number is {:.3g}.", amplification->condition)
                            : "there is no condition number, since x(t1) is 0.",
                        amplification->largest > 10 ? " No control of local errors can prevent that." : ""));
    const auto blind = std::find_if(rows.begin(), rows.end(), [](const ToleranceRow& row) {
        return row.state_estimate && row.sensitivity_estimate && ode::Watch{*row.state_estimate, *row.sensitivity_estimate}.blind();
    });
    if (blind != rows.end())
        remarks.push_back(fmt::format("{}, {}: {}", blind->tableau, fmt::format("{:g}", blind->tolerance), blind->note));
    return remarks;
}

std::vector<std::string> write_report(const std::filesystem::path& directory, const StudyProblem& problem, const StudyTruth& truth,
                                      std::span<const ToleranceRow> rows, const std::optional<Amplification>& amplification, std::size_t total) {
    std::vector<std::string> remarks;
    if (rows.size() < total)
        remarks.push_back(fmt::format("The study was stopped: {} of {} rows are here; the same command goes on where it stopped.", rows.size(), total));
    std::vector<DrawnPicture> drawn;
    std::string why;
    for (Chart& picture : tolerance_pictures(problem, rows, amplification)) {
        std::optional<std::string> svg, png;
        if (why.empty()) svg = run_gnuplot(picture.script, "svg", why);
        if (why.empty()) png = run_gnuplot(picture.script, "png", why);
        if (svg) write_file_atomically(directory / (picture.name + ".svg"), *svg);
        if (png) write_file_atomically(directory / (picture.name + ".png"), *png);
        drawn.push_back({std::move(picture), svg.value_or("")});
    }
    if (!why.empty()) remarks.push_back(why);
    write_file_atomically(directory / "table.csv", tolerance_csv(rows));
    std::vector<std::string> on_the_page = remarks;
    for (std::string& remark : tolerance_remarks(rows, amplification)) on_the_page.push_back(std::move(remark));
    write_file_atomically(directory / "report.html", page_of(problem, truth, rows, drawn, on_the_page));
    return remarks;
}

}  // namespace costate::guidance
