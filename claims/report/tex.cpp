#include "claims/report/mathematics.hpp"
#include "claims/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace costate::claims {

namespace {

// A text with a formula that cannot be read is set as plain text.
std::string tex(const std::string& text) {
    if (text.empty()) return "--";
    try {
        return to_tex(text);
    } catch (const std::invalid_argument&) {
        std::string plain;
        for (const char c : text) plain += c == '$' ? std::string("\\$") : std::string(1, c);
        return to_tex(plain);
    }
}

std::string line(const Claim& claim, const ReportedReading& run, bool first, bool with_setting) {
    const Finding* finding = headline(run.own);
    return fmt::format("{} & {} & {}{} & {}{}{} & {} & {} & {} \\\\\n", first ? tex(claim.title) : "", first ? tex(claim.source) : "", tex(run.reading->name),
                       with_setting ? " & " + tex(run.setting_text) : "", run.holds ? "holds" : "does not hold", run.as_predicted ? "" : " (unexpected)",
                       run.control_noticed ? "" : " (control not noticed)", tex(name(run.own.proof())), finding ? tex(finding->predicted) : "--",
                       finding ? tex(finding->measured) : "--");
}

}  // namespace

std::string verify_table_tex(std::span<const ReportedClaim> claims, std::span<const std::string> remarks) {
    // a reading in several settings: a column says in which
    const bool several = std::any_of(claims.begin(), claims.end(), [](const ReportedClaim& claim) {
        return std::any_of(claim.readings.begin(), claim.readings.end(), [&](const ReportedReading& run) { return run.setting_text != claim.readings[0].setting_text; });
    });
    std::string text = "% \\usepackage{booktabs,amsmath,amssymb}; the columns add up to \\textwidth, so it wants a wide page or table*\n";
    for (const std::string& remark : remarks) {
        text += "% ";
        for (const char c : remark) text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        text += "\n";
    }
    text += std::string("\\begin{table*}\n\\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}\n\\begin{tabular}{@{}p{.18\\textwidth}p{.15\\textwidth}l") +
            (several ? "p{.1\\textwidth}" : "") + "lp{.08\\textwidth}p{.16\\textwidth}p{.16\\textwidth}@{}}\n\\toprule\nClaim & Source & Reading & " +
            (several ? "Setting & " : "") + "Verdict & Proof & Predicted & Measured \\\\\n";
    for (const ReportedClaim& claim : claims) {
        text += "\\midrule\n";
        for (const ReportedReading& run : claim.readings) text += line(*claim.claim, run, &run == claim.readings.data(), several);
    }
    return text + "\\bottomrule\n\\end{tabular}\n\\end{table*}\n";
}

}  // namespace costate::claims
