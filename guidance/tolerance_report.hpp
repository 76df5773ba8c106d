// What a study of tolerances says: a table for the terminal, table.csv, pictures, and a page that explains them.
#pragma once

#include "guidance/report.hpp"
#include "guidance/tolerances.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace costate::guidance {

/// Columns of plain text, one line a row, notes and sentences below; `-` where a value is empty.
std::string tolerance_table(std::span<const ToleranceRow> rows);
/// A line for each method and tableau: the slopes of both errors beside the predicted one.
std::string slope_table(std::span<const ToleranceSlope> slopes);
/// The rows with every digit, comma separated, RFC 4180.
std::string tolerance_csv(std::span<const ToleranceRow> rows);

/// Error against tolerance with lines of slope 1, error against evaluations and against time, and what the flow makes of errors.
/// Pictures that would be empty are left out.
std::vector<Chart> tolerance_pictures(const StudyProblem& problem, std::span<const ToleranceRow> rows, const std::optional<Amplification>& amplification);

/// What the rows say in words: the condition of the problem, and warnings where the state's error estimate is blind to the derivatives.
std::vector<std::string> tolerance_remarks(std::span<const ToleranceRow> rows, const std::optional<Amplification>& amplification);

/// Writes table.csv, report.html and the pictures as .svg and .png; returns sentences about what could not be done.
std::vector<std::string> write_report(const std::filesystem::path& directory, const StudyProblem& problem, const StudyTruth& truth,
                                      std::span<const ToleranceRow> rows, const std::optional<Amplification>& amplification, std::size_t total);

}  // namespace costate::guidance
