// What a study says: a table for the terminal, table.csv, pictures, and a page that explains them.
#pragma once

#include "guidance/rows.hpp"
#include "guidance/study.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// Columns of plain text, one line a row, notes below; `-` where a value is empty.
std::string study_table(std::span<const StudyRow> rows);

/// The same with every digit, comma separated, RFC 4180; empty fields where a value is empty.
std::string study_csv(std::span<const StudyRow> rows);

/// A gnuplot script without its terminal, and what its picture shows.
struct Chart {
    std::string name;     // of its files, without the ending
    std::string title, caption;
    std::string script;
};

/// Error against steps for each precision with the predicted slopes drawn in, distance to DTO, error against cost and time.
/// Pictures that would be empty are left out.
std::vector<Chart> study_pictures(const StudyProblem& problem, std::span<const StudyRow> rows);

/// What gnuplot writes for a script: `terminal` is "svg" or "png". Empty when gnuplot is absent or fails; then `why` is a sentence.
std::optional<std::string> run_gnuplot(const std::string& script, std::string_view terminal, std::string& why);

/// A picture with its drawing; an empty svg is a picture that could not be drawn.
struct DrawnPicture {
    Chart picture;
    std::string svg;
};

/// One self-contained page. Every text is escaped.
std::string study_page(const StudyProblem& problem, const StudyTruth& truth, std::span<const StudyRow> rows,
                       std::span<const DrawnPicture> pictures, std::span<const std::string> remarks);

/// Writes table.csv, report.html and the pictures as .svg and .png; returns sentences about what could not be done.
/// Rows are those of the problem, in its order; fewer than total when a study was stopped.
std::vector<std::string> write_report(const std::filesystem::path& directory, const StudyProblem& problem, const StudyTruth& truth,
                                      std::span<const StudyRow> rows, std::size_t total);

/// Columns of text, two blanks between them, one line each; the first `left_columns` flush left, the others flush right.
std::string aligned_columns(const std::vector<std::vector<std::string>>& lines, std::size_t left_columns);
/// "1.5 kB", "12 MB": powers of 1000.
std::string readable_bytes(std::size_t bytes);
/// "3.2 µs", "14 ms", "1 min 5 s".
std::string readable_seconds(double seconds);

}  // namespace costate::guidance
