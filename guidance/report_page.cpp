#include "guidance/page.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace costate::guidance {

namespace {

std::string cell(const std::optional<double>& value, std::string_view format) {
    return value ? fmt::format("<td>{}</td>", fmt::format(fmt::runtime(format), *value)) : "<td>&ndash;</td>";
}

std::string row_html(const StudyRow& row) {
    return fmt::format("<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td class=\"name\">{}</td><td>{}</td>", escaped(row.precision),
                       escaped(row.tableau), escaped(row.method), row.steps) +
           cell(row.error, "{:.3e}") + cell(row.error_to_dto, "{:.3e}") + cell(row.observed_order, "{:.2f}") + cell(row.predicted_order, "{}") +
           fmt::format("<td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"name\">{}</td></tr>\n", row.evaluations, row.vjps,
                       row.jvps, row.seconds ? readable_seconds(*row.seconds) : "&ndash;", readable_bytes(row.peak_bytes), escaped(row.note));
}

std::string full_table(std::span<const StudyRow> rows) {
    std::string text = "<div class=\"wide\"><table><thead><tr><th class=\"name\">precision</th><th class=\"name\">tableau</th><th class=\"name\">method</th>"
                       "<th>steps</th><th>error</th><th>to DTO</th><th>order</th><th>predicted</th><th>evaluations</th><th>vjps</th><th>jvps</th>"
                       "<th>time</th><th>memory</th><th class=\"name\">note</th></tr></thead><tbody>\n";
    for (const StudyRow& row : rows) text += row_html(row);
    return text + "</tbody></table></div>\n";
}

// The order between the two finest rows that have one.
std::optional<double> finest_order(std::span<const StudyRow> rows, const std::string& precision, const std::string& tableau, const std::string& method) {
    std::optional<double> order;
    for (const StudyRow& row : rows) {
        if (row.precision == precision && row.tableau == tableau && row.method == method && row.observed_order) order = row.observed_order;
    }
    return order;
}

std::string order_table(const StudyProblem& problem, std::span<const StudyRow> rows, const std::string& precision) {
    std::string text = "<table><thead><tr><th class=\"name\">tableau</th><th>predicted</th>";
    for (const auto& method : problem.methods) text += fmt::format("<th>{}</th>", escaped(method));
    text += "</tr></thead><tbody>\n";
    for (const auto& tableau : problem.tableaus) {
        const auto one = std::find_if(rows.begin(), rows.end(), [&](const StudyRow& row) { return row.tableau == tableau && row.predicted_order; });
        text += fmt::format("<tr><td class=\"name\">{}</td>", escaped(tableau)) + cell(one == rows.end() ? std::nullopt : one->predicted_order, "{}");
        for (const auto& method : problem.methods) text += cell(finest_order(rows, precision, tableau, method), "{:.3f}");
        text += "</tr>\n";
    }
    return text + "</tbody></table>\n";
}

const StudyRow* smallest_error(std::span<const StudyRow> rows, std::string_view precision) {
    const StudyRow* best = nullptr;
    for (const StudyRow& row : rows) {
        if (row.precision == precision && row.error && (!best || *row.error < *best->error)) best = &row;
    }
    return best;
}

std::string cheapest(std::span<const StudyRow> rows, std::string_view precision, double goal) {
    const auto calls = [](const StudyRow& row) { return row.evaluations + row.vjps + row.jvps; };
    const StudyRow* best = nullptr;
    for (const StudyRow& row : rows) {
        if (row.precision != precision || !row.error || *row.error > goal) continue;
        if (!best || calls(row) < calls(*best)) best = &row;
    }
    if (!best) return fmt::format(" No row in {} reaches an error of {:.0e}.", precision, goal);
    return fmt::format(" The fewest calls of the field that reach an error of {:.0e} in {} are {} ({} with {}, {} steps).", goal, precision,
                       calls(*best), escaped(best->tableau), escaped(best->method), best->steps);
}

std::string what_is_seen(const StudyProblem& problem, std::span<const StudyRow> rows) {
    std::string text = "<p>Every method computes the same gradient in the limit of small steps; what differs is how fast it gets there, what it costs and "
                       "what it keeps in memory. On the logarithmic axes of the first pictures a method of order <i>p</i> is a straight line that falls by "
                       "<i>p</i> decades for each decade of steps.";
    for (const auto& precision : problem.precisions) {
        if (const StudyRow* best = smallest_error(rows, precision); best && precision != "mpfr50") {
            text += fmt::format(" In {} no row comes nearer to the truth than {:.1e}.", precision, *best->error);
        }
    }
    for (const auto& precision : problem.precisions) {
        if (precision == "f64" || problem.precisions.size() == 1) text += cheapest(rows, precision, 1e-6);
    }
    if (std::find(problem.methods.begin(), problem.methods.end(), "greedy") != problem.methods.end())
        text += " The exception is <code>greedy</code>, the gradient at the estimate of the end: it takes no steps, and its distance to the truth is its own.";
    if (!problem.smooth) return text + "</p>\n";
    text += "</p>\n<p>Methods that differentiate the solver itself (<code>dto</code>, <code>partner</code>, <code>forward</code>) give one "
            "result up to rounding. Methods that discretise the adjoint equation (<code>backsolve</code>, <code>stored-states</code>) converge with the same "
            "order, to the same limit, along their own line; <code>backsolve</code> keeps nothing but integrates the state backwards, and pays where that is "
            "unstable.</p>\n";
    return text;
}

std::string facts(const StudyProblem& problem, const StudyTruth& truth) {
    const std::string_view observed = problem.observation.empty() ? "" : "H ";
    const std::string followed = problem.statement.empty() ? "" : fmt::format("<dt>Variables</dt><dd>{}</dd>", escaped(problem.statement));
    return fmt::format("<dl><dt>Question</dt><dd>&nabla;<sub>x</sub> of L(x(t<sub>1</sub>)) = &frac12;&#8214;{}x(t<sub>1</sub>) &minus; y&#8214;&sup2; along x&#775; = f(t, x) "
                       "from t<sub>0</sub> = {} to t<sub>1</sub> = {}, for {} start{} x(t<sub>0</sub>) in dimension {}; the worst one is the row&#39;s.</dd>{}"
                       "<dt>Truth</dt><dd>The gradient of the continuous problem to {} digits; its own estimate of its relative error is {:.0e} (computed in {}).</dd>"
                       "<dt>Error</dt><dd>&#8214;g &minus; g*&#8214;&#8322; / &#8214;g*&#8214;&#8322; against that truth g*; <i>to DTO</i>: the same against the derivative of the solver "
                       "on the same grid in the same precision.</dd>"
                       "<dt>Order</dt><dd>log(e<sub>1</sub>/e<sub>2</sub>) / log(n<sub>2</sub>/n<sub>1</sub>) between successive rows; empty where rounding or the truth&#39;s own error decides.</dd></dl>\n",
                       observed, problem.t0, problem.t1, problem.samples, problem.samples == 1 ? "" : "s", problem.dimension, followed, problem.digits, truth.relative_error,
                       readable_seconds(truth.seconds));
}

}  // namespace

std::string study_page(const StudyProblem& problem, const StudyTruth& truth, std::span<const StudyRow> rows,
                       std::span<const DrawnPicture> pictures, std::span<const std::string> remarks) {
    std::string page = page_head("Gradients of " + problem.title);
    page += fmt::format("<h1>Gradients of {}</h1>\n", escaped(problem.title));
    for (const auto& remark : remarks) page += fmt::format("<p class=\"remark\">{}</p>\n", escaped(remark));
    page += facts(problem, truth) + "<h2>What is seen</h2>\n" + what_is_seen(problem, rows);
    const std::string& finest = problem.precisions.back();
    page += fmt::format("<h2>Orders</h2>\n<p>Between the two finest rows in {} that rounding does not spoil, beside the order computed from the tableau.</p>\n",
                        escaped(finest)) + order_table(problem, rows, finest);
    page += "<h2>Pictures</h2>\n";
    for (const DrawnPicture& drawn : pictures) {
        if (drawn.svg.empty()) continue;
        page += fmt::format("<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>\n", inline_svg(drawn.svg), escaped(drawn.picture.caption));
    }
    page += fmt::format("<h2>Rows</h2>\n<details open><summary>All {} rows; the same in <code>table.csv</code> and, one JSON object a line, in "
                        "<code>rows.jsonl</code></summary>\n", rows.size()) + full_table(rows) + "</details>\n";
    return page + "</body>\n</html>\n";
}

}  // namespace costate::guidance
