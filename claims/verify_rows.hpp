// A reading that was run in a setting, as a line of JSON, and the directory that keeps such lines.
#pragma once

#include "claims/claim.hpp"
#include "guidance/journal.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace costate::claims {

/// What came of one reading in one setting. holds, predicted, measured, proof and subject are what `evidence` says;
/// as_predicted: holds = expected,
/// what accompanies holds, and nothing was thrown.
struct VerifyRow {
    std::string id, source, reading;
    std::string setting;      ///< text_of the setting: what of it changes the claim; may be empty
    std::string fingerprint;  ///< of the program and the network: a row of others answers another question
    bool expected = false, holds = false, as_predicted = false, control_noticed = false;
    std::string predicted, measured;  ///< of the findings that decide, joined by "; "
    Proof proof = Proof::illustration;
    std::string subject;
    double seconds = 0;
    Evidence evidence{}, control_evidence{};

    /// As predicted, and the control was noticed.
    [[nodiscard]] bool comes_out() const { return as_predicted && control_noticed; }
    /// Sets holds, as_predicted, predicted, measured, proof and subject from the evidence and `expected`.
    void conclude();
};

/// The finding that stands for something thrown: it does not hold, and what it says never counts as predicted.
inline constexpr std::string_view error_name = "error";
[[nodiscard]] Evidence evidence_of_error(std::string_view sentence);

/// The findings that decide: all of them where the evidence holds or none of them fails, else those that fail.
[[nodiscard]] std::vector<const Finding*> deciding(const Evidence& evidence);

/// A key: two rows answer the same question where all four agree.
[[nodiscard]] std::string question(std::string_view id, std::string_view reading, std::string_view setting, std::string_view fingerprint);

/// One line of JSON without its newline, keys as in docs/json.md; numbers that are not finite become null.
[[nodiscard]] std::string to_json_line(const VerifyRow& row);

/// The inverse of to_json_line (null becomes NaN); nothing for anything that is not a whole row, and for a row whose verdict is
/// not what its own evidence says.
[[nodiscard]] std::optional<VerifyRow> verify_row_from_json_line(std::string_view line);

/// DIR with verify.json and rows.jsonl; see guidance::Journal for what it refuses and throws.
class VerifyDirectory {
public:
    explicit VerifyDirectory(std::filesystem::path directory);

    [[nodiscard]] const std::filesystem::path& path() const { return journal_.path(); }
    /// What was there when it was opened.
    [[nodiscard]] const std::vector<VerifyRow>& rows() const { return rows_; }
    [[nodiscard]] std::size_t dropped_lines() const { return journal_.dropped_lines(); }
    /// One write of the whole line. Throws std::runtime_error when the disk refuses.
    void append(const VerifyRow& row);
    /// After a failure, and the last call: a new directory without a row goes.
    void abandon() noexcept { journal_.abandon(); }

private:
    bool take(std::string_view line);

    std::vector<VerifyRow> rows_;
    std::set<std::string> questions_;
    guidance::Journal journal_;  // after the two, which it fills
};

}  // namespace costate::claims
