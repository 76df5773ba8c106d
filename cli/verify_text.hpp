// What costate verify says: a line a reading, the story of a control, and a summary.
#pragma once

#include "claims/verify.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace costate::cli {

/// $…$ as Unicode, fit for a terminal; as it is where it cannot be read.
std::string readable(std::string_view text, std::size_t longest = 400);

/// "holds, as predicted", "does not hold, as predicted" or "DOES NOT COME OUT AS PREDICTED".
std::string verdict_of(const claims::VerifyRow& row);

/// Widths of columns, known before the first row is.
struct LineWidths {
    std::size_t id = 0, reading = 0;
};
LineWidths widths_of(std::span<const claims::VerifyTask> tasks);

/// One line, and where it does not come out: what was predicted, what was measured, and the command that repeats it.
std::string line_of(const claims::VerifyRow& row, const claims::VerifyTask& task, const LineWidths& widths, bool known);

/// What was broken, and how the claim noticed.
std::string sabotage_text(const claims::VerifyRow& row, const claims::VerifyTask& task);

/// A line a claim that is not run, and why.
std::string left_out_text(std::span<const claims::LeftOut> left_out);

/// "31 verdicts of 20 claims: all as predicted, every control noticed; 2 claims left out (12 s)"; of controls alone where they were sabotaged.
std::string summary_of(std::span<const claims::VerifyRow> rows, std::size_t total, std::size_t left_out, double seconds, bool sabotage);

/// The documents of --json, see docs/json.md.
std::string verify_json(std::span<const claims::VerifyRow> rows, std::size_t total, std::span<const claims::LeftOut> left_out);
std::string sabotage_json(std::span<const claims::VerifyRow> rows, std::span<const claims::VerifyTask> tasks,
                          std::span<const claims::LeftOut> left_out);

}  // namespace costate::cli
