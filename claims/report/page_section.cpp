#include "claims/report/mathematics.hpp"
#include "claims/report/page.hpp"
#include "claims/subjects.hpp"
#include "guidance/report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace costate::claims::page {

namespace {

std::string statement(const ReportedReading& run) {
    const std::string as = run.as_predicted ? "<span class=\"as\">as predicted</span>" : "<span class=\"wrong\">not as predicted</span>";
    std::string text = fmt::format("<div class=\"reading\"><p><b>{}</b> &middot; {} &middot; {}</p>\n<p>{}</p>\n", html_escaped(run.reading->name), verdict(run.holds), as,
                                   formulas(run.reading->statement));
    if (!run.reading->remark.empty()) text += "<p class=\"as\">" + formulas(run.reading->remark) + "</p>\n";
    return text + "</div>\n";
}

std::string hypotheses(const Evidence& evidence) {
    if (evidence.hypotheses.empty()) return "";
    std::string text = "<h3>Hypotheses, checked</h3>\n<div class=\"wide\"><table><thead><tr><th>asked</th><th>found</th><th></th></tr></thead><tbody>\n";
    for (const Hypothesis& hypothesis : evidence.hypotheses)
        text += fmt::format("<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>\n", formulas(hypothesis.text),
                            hypothesis.decides ? "" : " <span class=\"as\">(the statement does not ask for it; reported for information)</span>",
                            formulas(hypothesis.found), verdict(hypothesis.holds));
    return text + "</tbody></table></div>\n";
}

std::string findings_table(std::span<const Finding> findings) {
    std::string text = "<div class=\"wide\"><table><thead><tr><th>finding</th><th>predicted</th><th>measured</th><th>uncertainty</th><th>proof</th><th></th></tr></thead><tbody>\n";
    for (const Finding& finding : findings)
        text += fmt::format("<tr><td class=\"name\">{}{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"word\"><abbr title=\"{}\">{}</abbr></td><td>{}</td></tr>\n", formulas(finding.name),
                            finding.decides ? "" : " <span class=\"as\">(beside the statement)</span>", formulas(finding.predicted), formulas(finding.measured),
                            formulas(finding.uncertainty), html_escaped(meaning(finding.proof)), html_escaped(name(finding.proof)), verdict(finding.holds));
    return text + "</tbody></table></div>\n";
}

std::string pictures(const Evidence& evidence, const Drawings& drawings) {
    std::string text;
    for (const Figure& figure : evidence.figures) {
        const auto drawing = drawings.find(&figure);
        if (drawing == drawings.end()) text += "<p class=\"as\">" + formulas(figure.title) + ": there is no picture; the numbers are in the table.</p>\n";
        else text += "<figure>\n" + drawing->second + "\n<figcaption>" + formulas(figure.title) + "</figcaption>\n</figure>\n";
    }
    return text;
}

// The finding or hypothesis that had to turn, as it was in the control.
std::string what_turned(const ReportedReading& run) {
    const std::string& name = run.reading->control.noticed_by;
    for (const Finding& finding : run.controlled.findings)
        if (finding.name == name) return fmt::format("predicted {}, measured {}: {}", formulas(finding.predicted), formulas(finding.measured), verdict(finding.holds));
    for (const Hypothesis& hypothesis : run.controlled.hypotheses)
        if (hypothesis.text == name) return fmt::format("found {}: {}", formulas(hypothesis.found), verdict(hypothesis.holds));
    return run.controlled.findings.empty() ? "nothing was found" : formulas(run.controlled.findings.front().measured);
}

std::string control(const ReportedReading& run) {
    const Control& control = run.reading->control;
    const std::string kind = run.expected ? "Control: broken on purpose" : "Control: changed so that this reading holds";
    const bool elsewhere = !run.controlled.subject.empty() && run.controlled.subject != run.own.subject;
    return fmt::format("<div class=\"control\"><b>{}</b>: {}{}<br>The finding that has to turn: <i>{}</i>; {}. {}</div>\n", kind, formulas(control.broken.in(run.setting)),
                       elsewhere ? " Run on " + formulas(run.controlled.subject) + "." : "", formulas(control.noticed_by), what_turned(run),
                       run.control_noticed ? "The claim noticed." : "<span class=\"wrong\">The claim did not notice.</span>");
}

std::string evidence(const ReportedReading& run, bool several, const Drawings& drawings) {
    std::string text;
    if (several) text += fmt::format("<h3>The {} reading</h3>\n", html_escaped(run.reading->name));
    text += "<p>Run on " + formulas(run.own.subject) + (run.setting_text.empty() ? "" : " (" + html_escaped(run.setting_text) + ")") + ".</p>\n";
    const bool has_field = run.setting_text.find("field=") != std::string::npos;
    if (const std::string numbers = !run.own.numbers.empty() ? run.own.numbers : has_field ? in_numbers(run.setting) : ""; !numbers.empty())
        text += "<details><summary>The subject in numbers</summary><div class=\"numbers\">" + paragraphs(numbers) + "</div></details>\n";
    text += hypotheses(run.own) + pictures(run.own, drawings);
    if (!run.own.findings.empty()) text += "<h3>Predicted and measured</h3>\n" + findings_table(run.own.findings);
    text += control(run);
    return text + fmt::format("<p class=\"as\">To see it again ({}): <code>{}</code></p>\n", guidance::readable_seconds(run.seconds), html_escaped(run.command));
}

std::string other_settings(const std::vector<const ReportedReading*>& runs) {
    if (runs.empty()) return "";
    const auto out = static_cast<std::size_t>(std::count_if(runs.begin(), runs.end(), [](const ReportedReading* run) { return !comes_out(*run); }));
    std::string text = fmt::format("<details{}><summary>{} more settings were tried; {}</summary>\n<div class=\"wide long\"><table><thead><tr><th>setting</th><th>reading</th>"
                                   "<th>expected</th><th>verdict</th><th>predicted</th><th>measured</th><th>proof</th><th>control</th></tr></thead><tbody>\n",
                                   out ? " open" : "", runs.size(), out ? fmt::format("<span class=\"wrong\">{} not as predicted</span>", out) : "all came out as predicted");
    for (const ReportedReading* run : runs) {
        const Finding* finding = headline(run->own);
        text += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", html_escaped(run->setting_text),
                            html_escaped(run->reading->name), run->expected ? "holds" : "does not hold", verdict(run->holds),
                            run->as_predicted ? "" : " <span class=\"wrong\">unexpected</span>", finding ? formulas(finding->predicted) : "", finding ? formulas(finding->measured) : "",
                            html_escaped(name(run->own.proof())), run->control_noticed ? "noticed" : "<span class=\"wrong\">not noticed</span>");
    }
    return text + "</tbody></table></div></details>\n";
}

}  // namespace

std::string section(const ReportedClaim& reported, const Drawings& drawings) {
    const Claim& claim = *reported.claim;
    std::vector<const ReportedReading*> more;
    const std::vector<const ReportedReading*> told = told_in_full(reported, &more);
    std::string text = fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n<p class=\"source\">{} &middot; <code>{}</code></p>\n<div class=\"readings\">\n", html_escaped(claim.id),
                                   formulas(claim.title), html_escaped(claim.source), html_escaped(claim.id));
    for (const ReportedReading* run : told) text += statement(*run);
    text += "</div>\n<h3>What was computed, and why it settles the matter</h3>\n" + paragraphs(claim.explanation);
    for (const ReportedReading* run : told) text += evidence(*run, told.size() > 1, drawings);
    return text + other_settings(more) + "</section>\n";
}

}  // namespace costate::claims::page
