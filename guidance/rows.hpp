// The rows of a study and the directory that keeps them: a line of JSON a row, appended as soon as it is known.
#pragma once

#include "guidance/journal.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// error = ‖g - g*‖₂ / ‖g*‖₂ of g = ∇ₓL(Φ(x₀)) for one method, tableau, number of steps and precision; g* is the truth.
/// The worst sample is the row's. What could not be computed or has no meaning is empty, and `note` says why.
struct StudyRow {
    std::string method, tableau;
    std::size_t steps = 0;
    std::string precision;
    std::optional<double> error{};
    std::optional<double> error_to_dto{};     // the same against DTO of the same discrete map in the same precision
    std::optional<double> reconstruction_error{};  // of a reversible method: how far from x₀ its way back ended, relative
    std::optional<double> rounding{};         // the part of `error` that the precision makes: the distance to the same computation in more digits
    std::optional<double> observed_order{};   // log(e₁/e₂) / log(n₂/n₁) against the row with the next smaller number of steps
    std::optional<double> predicted_order{};  // from the tableau's proven order and the kind of method
    std::size_t evaluations = 0, vjps = 0, jvps = 0;  // calls of the field and of its products with vectors, as for one sample
    std::optional<double> seconds{};                    // of all samples on one core
    std::size_t peak_bytes = 0;                       // what the method held at once, of all samples
    std::string note{};
};

/// Two rows answer the same question.
bool same_question(const StudyRow& a, const StudyRow& b);

/// One line of JSON without its newline, keys as in docs/json.md; numbers that are not finite become null.
std::string to_json_line(const StudyRow& row);

/// The inverse of to_json_line; empty for anything that is not a whole row.
std::optional<StudyRow> row_from_json_line(std::string_view line);

/// The same for rows of any study; each has its specialisation.
template <class Row>
std::optional<Row> row_of(std::string_view line);
template <>
std::optional<StudyRow> row_of(std::string_view line);

/// The truth of a study: ∇ₓL of the continuous problem as decimal strings, batch-major, and the relative error of the worst
/// sample as the truth's own solver estimates it.
struct StudyTruth {
    std::vector<std::string> gradient;
    std::vector<std::string> state;  // x(t₁); empty in directories from before it was kept
    double relative_error = 0;
    double seconds = 0;
    std::map<std::string, bool> vanishing;  // "method tableau": whether its leading error coefficient vanishes here
};

/// DIR with study.json (what is studied), truth.json and rows.jsonl. One process writes at a time (advisory lock).
template <class Row>
class RowDirectory {
public:
    /// Opens or creates. `configuration` is one JSON object that says what is studied: a directory begun with another one is
    /// refused, naming the first key that differs, unless it holds neither truth nor rows: then this study takes it over.
    /// Lines of rows.jsonl that are not whole rows are dropped from the file; a damaged truth counts as none.
    /// Throws std::invalid_argument or std::runtime_error with a sentence; a new directory is left behind only on success.
    RowDirectory(std::filesystem::path directory, const std::string& configuration);

    [[nodiscard]] const std::filesystem::path& path() const { return journal_.path(); }
    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
    [[nodiscard]] const std::optional<StudyTruth>& truth() const { return truth_; }
    [[nodiscard]] std::size_t dropped_lines() const { return journal_.dropped_lines(); }

    /// One write of the whole line. Throws std::runtime_error when the disk refuses.
    void append(const Row& row);
    void keep(const StudyTruth& truth);

    /// After a failure, and the last call: removes the directory with this class's files if this object made it and neither
    /// truth nor rows were kept. A file of somebody else stays, and the directory with it.
    void abandon() noexcept { journal_.abandon(); }

private:
    bool take(std::string_view line);

    std::vector<Row> rows_;
    std::optional<StudyTruth> truth_;
    Journal journal_;  // after the rows, which it fills
};

using StudyDirectory = RowDirectory<StudyRow>;

}  // namespace costate::guidance
