// What was run, and a page, a table for a paper and pictures that tell it to somebody who never saw the code.
#pragma once

#include "claims/claim.hpp"
#include "claims/setting.hpp"

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::claims {

/// One reading run in one setting. `reading` is not owned and outlives this.
struct ReportedReading {
    const Reading* reading = nullptr;
    Setting setting{};
    std::string setting_text{};  ///< what of the setting changes the claim, see text_of; may be empty
    Evidence own{}, controlled{};
    bool expected = false, holds = false, as_predicted = false, control_noticed = false;
    double seconds = 0;
    std::string command{};  ///< reproduces it
};

/// A claim with what came of it. The first entry of each reading is told in full; further ones of the same reading are settings that were tried.
/// `claim` is not owned and outlives this.
struct ReportedClaim {
    const Claim* claim = nullptr;
    std::vector<ReportedReading> readings{};
};

/// The finding that stands for the evidence in one line: the first of those that decide; nullptr where hypotheses alone decide.
const Finding* headline(const Evidence& evidence);

/// A gnuplot script, with its terminal: measured points, predictions as lines of the same colour.
/// Throws std::invalid_argument where a curve's x, measured and predicted differ in length (predicted may be empty).
std::string figure_script(const Figure& figure);

/// Figures as inline SVG; a figure without a drawing is told in numbers.
using Drawings = std::map<const Figure*, std::string>;

/// The figures that the page shows, drawn in parallel, the same for any number of threads. Sentences about what could not be drawn go to problems.
Drawings draw_figures(std::span<const ReportedClaim> claims, std::vector<std::string>& problems);

/// One self-contained page: index, then a section a claim. Every text is escaped; a formula that cannot be read is shown as written.
std::string verify_page(std::span<const ReportedClaim> claims, const Drawings& drawings, std::span<const std::string> remarks);

/// A LaTeX table (packages booktabs, amsmath, amssymb), one line a reading in each of its settings; `remarks` are its comments.
std::string verify_table_tex(std::span<const ReportedClaim> claims, std::span<const std::string> remarks = {});

/// Writes report.html and table.tex, each atomically; returns sentences about what could not be done, formulas that cannot be read among them.
/// `remarks` are sentences for the head of the page. Throws std::runtime_error where a file cannot be written.
std::vector<std::string> write_verify_report(const std::filesystem::path& directory, std::span<const ReportedClaim> claims,
                                             std::span<const std::string> remarks);

}  // namespace costate::claims
