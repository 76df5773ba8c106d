// What studies of steps and of tolerances share on the command line.
#pragma once

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "guidance/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace costate::cli {

/// The command line of a study.
struct StudyOptions {
    guidance::StudyRequest request;
    std::string x0, y, out;
    bool json = false, quiet = false;
};

/// Where the rows are kept: a directory, or memory only.
template <class Row>
class Keeper {
public:
    Keeper(const std::string& out, const guidance::StudyProblem& problem) {
        if (!out.empty()) directory_.emplace(out, problem.configuration());
        if (directory_ && directory_->truth()) truth_ = directory_->truth();
    }
    [[nodiscard]] const std::vector<Row>& rows() const { return directory_ ? directory_->rows() : rows_; }
    [[nodiscard]] const std::optional<guidance::StudyTruth>& truth() const { return truth_; }
    [[nodiscard]] bool on_disk() const { return directory_.has_value(); }
    [[nodiscard]] std::size_t dropped() const { return directory_ ? directory_->dropped_lines() : 0; }
    void keep(const guidance::StudyTruth& truth) {
        truth_ = truth;
        if (directory_) directory_->keep(truth);
    }
    /// Leaves no directory behind that holds nothing.
    void abandon() {
        if (directory_) directory_->abandon();
    }
    void append(const Row& row) {
        if (directory_) directory_->append(row);
        else rows_.push_back(row);
    }

private:
    std::optional<guidance::RowDirectory<Row>> directory_;
    std::vector<Row> rows_;
    std::optional<guidance::StudyTruth> truth_;
};

/// Says how many lines of rows.jsonl were no rows.
template <class Row>
void tell_dropped(const Keeper<Row>& keeper, bool quiet) {
    if (keeper.dropped() == 0 || quiet) return;
    whisper(fmt::format("costate: {} damaged or repeated line{} of rows.jsonl {} dropped\n", keeper.dropped(), keeper.dropped() == 1 ? "" : "s",
                        keeper.dropped() == 1 ? "was" : "were"));
}

/// Shows what a study tells. study_has_no_clock: it foresees in units of its own, so nothing is said of the time left before the first row.
inline guidance::StudyHooks hooks_of(Progress& progress, bool study_has_no_clock = false) {
    guidance::StudyHooks hooks;
    hooks.stop = asked_to_stop;
    const auto begin = std::make_shared<std::optional<std::chrono::steady_clock::time_point>>();
    hooks.event = [&progress, begin, study_has_no_clock](const guidance::StudyEvent& event) {
        using Kind = guidance::StudyEvent::Kind;
        const double total = static_cast<double>(std::max<std::size_t>(event.total, 1)), done_part = static_cast<double>(event.done) / total;
        const bool truth = event.kind == Kind::truth_begins || event.kind == Kind::truth_is_known;
        if (!*begin || event.kind == Kind::rows_begin) *begin = std::chrono::steady_clock::now();
        if (event.kind == Kind::rows_begin) return;
        const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - **begin).count();
        if (truth) {
            const double remaining = event.done > 0 ? elapsed * (total / static_cast<double>(event.done) - 1) : -1;
            progress.show(fmt::format("the truth: {} of {} samples", event.done, event.total), done_part, remaining);
            return;
        }
        if (event.kind == Kind::row_is_known) return;
        // what was foreseen, corrected by how the foreseen compared with the clock so far
        const double pace = event.seconds_done > 0 ? elapsed / event.seconds_done : 1;
        const bool unknown = study_has_no_clock && event.seconds_done == 0;
        const double left = unknown ? -1 : (event.seconds_total - event.seconds_done) * pace;
        progress.show(fmt::format("row {} of {}: {}", event.done + 1, event.total, event.row),
                      event.seconds_total > 0 ? event.seconds_done / event.seconds_total : done_part, left);
    };
    return hooks;
}

/// Says that a study was stopped and how it goes on.
void tell_interrupted(bool on_disk);

/// A study from its directory to its exit status: compute(keeper, progress) throws StudyStopped where it was interrupted, tell(keeper, complete) prints.
template <class Row, class Compute, class Tell>
int run_kept(const StudyOptions& options, const guidance::StudyProblem& problem, Compute&& compute, Tell&& tell) {
    Keeper<Row> keeper(options.out, problem);
    tell_dropped(keeper, options.quiet);
    stop_on_signals();
    bool complete = true;
    try {
        Progress progress(!options.json && !options.quiet);
        compute(keeper, progress);
    } catch (const guidance::StudyStopped&) {
        complete = false;
    } catch (...) {
        keeper.abandon();
        throw;
    }
    tell(keeper, complete);
    if (complete) return done;
    tell_interrupted(keeper.on_disk());
    return interrupted;
}

/// The last lines of what is printed: remarks, and where the rows are.
template <class Row>
std::string last_lines(const StudyOptions& options, const Keeper<Row>& keeper, const std::vector<std::string>& remarks) {
    std::string text;
    for (const std::string& remark : remarks) text += remark + "\n";
    if (!keeper.on_disk()) text += "nothing was kept: --out DIR writes the rows, the pictures and a report\n";
    else if (keeper.truth()) text += fmt::format("report: {}/report.html\n", options.out);
    return text;
}

/// costate study --tolerances: computes, keeps and tells; the exit status.
int run_tolerances(const StudyOptions& options, const guidance::Study& study);

}  // namespace costate::cli
