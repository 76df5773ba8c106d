// The parts of the page: what its files share.
#pragma once

#include "claims/report/report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace costate::claims::page {

/// HTML of a text with formulas; one that cannot be read is shown as written.
std::string formulas(std::string_view text);
/// The same in paragraphs, split at empty lines.
std::string paragraphs(std::string_view text);
/// The first run of every reading, in the order of the readings; the others after them in `more`.
std::vector<const ReportedReading*> told_in_full(const ReportedClaim& claim, std::vector<const ReportedReading*>* more = nullptr);
/// "holds" or "does not hold" in its colour.
std::string verdict(bool holds);
/// Whether the run came out as expected and its control was noticed.
bool comes_out(const ReportedReading& run);
/// The section of one claim.
std::string section(const ReportedClaim& claim, const Drawings& drawings);

}  // namespace costate::claims::page
