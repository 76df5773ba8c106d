#include "claims/report/page.hpp"

#include "claims/report/mathematics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace costate::claims {

namespace {

constexpr std::string_view head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Theorems, run</title>
<style>
body { font: 16px/1.55 system-ui, "DejaVu Sans", sans-serif; color: #1a1a1a; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .4rem; } h2 { font-size: 1.25rem; margin: 3rem 0 .2rem; padding-top: .8rem; border-top: 2px solid #ddd; }
h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; } .source { color: #555; margin: 0 0 .8rem; }
math { font-size: 1.08em; font-family: "Latin Modern Math", "STIX Two Math", "Cambria Math", "DejaVu Math TeX Gyre", math; } .close { white-space: nowrap; } .prime { font-family: serif; }
.readings { display: grid; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)); gap: 1rem; }
.reading { border: 1px solid #ddd; border-radius: 4px; padding: .6rem .9rem; overflow-x: auto; } .reading p { margin: .35rem 0; }
.verdict { font-weight: 600; white-space: nowrap; } .yes { color: #00694c; } .no { color: #b03a00; }
.as { color: #444; } .wrong { background: #fbe3e0; color: #8a1c00; font-weight: 600; padding: 0 .3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; }
th, td { padding: .25rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #e4e4e4; } th { background: #f4f4f4; }
td { max-width: 21rem; overflow-wrap: break-word; } td.name, td.word { overflow-wrap: normal; } .set { color: #555; font-size: .92em; } abbr { text-decoration: none; }
.wide { overflow-x: auto; } .long { max-height: 28rem; overflow-y: auto; border: 1px solid #e4e4e4; }
figure { margin: 1.2rem 0; max-width: 46rem; } figure svg { width: 100%; height: auto; } figcaption { color: #444; font-size: .92rem; }
.control { border-left: 4px solid #56B4E9; background: #f2f8fc; padding: .5rem .9rem; margin: .6rem 0; overflow-x: auto; }
.remark { background: #fff6e0; border-left: 4px solid #E69F00; padding: .5rem .9rem; }
code { font-size: .9em; background: #f4f4f4; padding: .1rem .3rem; overflow-wrap: anywhere; } summary { cursor: pointer; } .numbers { overflow-wrap: anywhere; font-size: .92em; }
@media print { h2 { break-before: page; border: 0; } .long { max-height: none; } }
</style>
</head>
<body>
)";

constexpr std::string_view how_to_read = R"(<p>Each entry below is a theorem that a program has run. It <b>predicts</b> a number (an order, a constant, an equality) from the statement alone,
then <b>measures</b> it on a concrete subject, and compares. Where print and mathematics differ there are two <b>readings</b>, and the printed one is expected to fail, on some subjects or on all.
A verdict is that of the <b>setting</b> it was run in, which the index names: which method, path, field, dimension and seed of its numbers.
Every reading has a <b>control</b>: one thing is broken on purpose, and the claim has to notice; for a reading that fails, the control is a subject on which it holds.
The <b>weakest proof</b> says how the comparison was made, for the weakest of the findings that decide; each finding's own is in its table: <i>exact</i> (equality of rational numbers, or modulo a prime), <i>coefficient</i> (first non-zero coefficient of a power series with rational coefficients),
<i>slope</i> (at 50 digits over twelve halvings), <i>bound</i> (equality within a stated error), <i>statistics</i> (a confidence interval), <i>illustration</i> (double precision).</p>
)";

std::string summary(std::span<const ReportedClaim> claims) {
    std::size_t readings = 0, runs = 0, unexpected = 0, failing = 0;
    for (const ReportedClaim& claim : claims) {
        for (const ReportedReading* run : page::told_in_full(claim)) {
            ++readings;
            failing += run->holds ? 0 : 1;
        }
        runs += claim.readings.size();
        for (const ReportedReading& run : claim.readings) unexpected += page::comes_out(run) ? 0 : 1;
    }
    const std::string outcome = unexpected ? fmt::format("<b class=\"wrong\">{} did not come out as predicted.</b>", unexpected)
                                           : "<b class=\"yes\">Every reading came out as predicted and every control was noticed.</b>";
    const std::string more = runs > readings ? fmt::format(", run {} times in different settings", runs) : "";
    return fmt::format("<p>{} claims, {} readings{}; {} of the readings are shown not to hold. {}</p>\n", claims.size(), readings, more, failing, outcome);
}

std::string index(std::span<const ReportedClaim> claims) {
    std::string text = "<div class=\"wide\"><table><thead><tr><th>claim</th><th>source</th><th>reading</th><th>setting</th><th>verdict</th><th>as predicted</th>"
                       "<th>weakest proof</th><th>control</th></tr></thead><tbody>\n";
    for (const ReportedClaim& claim : claims) {
        for (const ReportedReading* run : page::told_in_full(claim)) {
            text += fmt::format("<tr><td><a href=\"#{}\">{}</a></td><td>{}</td><td class=\"set\">{}</td><td class=\"set\">{}</td><td>{}</td><td>{}</td><td class=\"word\">{}</td><td>{}</td></tr>\n",
                                html_escaped(claim.claim->id),
                                page::formulas(claim.claim->title), html_escaped(claim.claim->source), html_escaped(run->reading->name), html_escaped(run->setting_text), page::verdict(run->holds),
                                run->as_predicted ? "yes" : "<span class=\"wrong\">no</span>", html_escaped(name(run->own.proof())),
                                run->control_noticed ? "noticed" : "<span class=\"wrong\">not noticed</span>");
        }
    }
    return text + "</tbody></table></div>\n";
}

}  // namespace

namespace page {

std::string formulas(std::string_view text) {
    try {
        return to_mathml(text);
    } catch (const std::invalid_argument&) {
        return html_escaped(text);
    }
}

std::string paragraphs(std::string_view text) {
    std::string out;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find("\n\n", begin), text.size());
        if (end > begin) out += "<p>" + formulas(text.substr(begin, end - begin)) + "</p>\n";
        begin = end + 2;
    }
    return out;
}

std::vector<const ReportedReading*> told_in_full(const ReportedClaim& claim, std::vector<const ReportedReading*>* more) {
    std::vector<const ReportedReading*> told;
    for (const ReportedReading& run : claim.readings) {
        const bool known = std::any_of(told.begin(), told.end(), [&](const ReportedReading* other) { return other->reading == run.reading; });
        if (!known) told.push_back(&run);
        else if (more) more->push_back(&run);
    }
    return told;
}

std::string verdict(bool holds) { return holds ? "<span class=\"verdict yes\">&#10003; holds</span>" : "<span class=\"verdict no\">&#10007; does not hold</span>"; }

bool comes_out(const ReportedReading& run) { return run.as_predicted && run.control_noticed; }

}  // namespace page

std::string verify_page(std::span<const ReportedClaim> claims, const Drawings& drawings, std::span<const std::string> remarks) {
    std::string text(head);
    text += "<h1>Theorems, run</h1>\n" + summary(claims);
    text += how_to_read;
    for (const std::string& remark : remarks) text += "<p class=\"remark\">" + page::formulas(remark) + "</p>\n";
    text += index(claims);
    for (const ReportedClaim& claim : claims) text += page::section(claim, drawings);
    return text + "</body>\n</html>\n";
}

}  // namespace costate::claims
