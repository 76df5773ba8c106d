#include "claims/report/report.hpp"

#include "claims/report/mathematics.hpp"
#include "guidance/journal.hpp"

#include <stdexcept>

namespace costate::claims {

namespace {

// A sentence where a text holds a formula that cannot be read.
void check_text(const std::string& text, const std::string& where, std::vector<std::string>& problems) {
    try {
        to_plain(text);
    } catch (const std::invalid_argument& error) {
        problems.push_back("A formula of " + where + " is shown as it is written: " + error.what());
    }
}

}  // namespace

const Finding* headline(const Evidence& evidence) {
    const bool holds = evidence.holds();
    const Finding* first = nullptr;
    for (const Finding& finding : evidence.findings) {
        if (!finding.decides || (!holds && finding.holds)) continue;
        if (finding.proof == evidence.proof()) return &finding;  // the one whose strength is told beside it
        if (first == nullptr) first = &finding;
    }
    return first;
}

std::vector<std::string> write_verify_report(const std::filesystem::path& directory, std::span<const ReportedClaim> claims,
                                             std::span<const std::string> remarks) {
    std::vector<std::string> problems;
    for (const ReportedClaim& reported : claims) {
        const Claim& claim = *reported.claim;
        check_text(claim.explanation, claim.id + " (explanation)", problems);
        for (const Reading& reading : claim.readings) {
            check_text(reading.statement, claim.id + " (statement)", problems);
            check_text(reading.remark, claim.id + " (remark)", problems);
        }
        for (const ReportedReading& run : reported.readings) check_text(run.reading->control.broken.in(run.setting), claim.id + " (control)", problems);
    }
    const Drawings drawings = draw_figures(claims, problems);
    std::vector<std::string> all(remarks.begin(), remarks.end());
    all.insert(all.end(), problems.begin(), problems.end());
    guidance::write_file_atomically(directory / "report.html", verify_page(claims, drawings, all));
    guidance::write_file_atomically(directory / "table.tex", verify_table_tex(claims, remarks));
    return problems;
}

}  // namespace costate::claims
