// Running claims: which readings in which settings, in parallel, the same for any number of threads.
#pragma once

#include "claims/claim.hpp"
#include "claims/report/report.hpp"
#include "claims/verify_rows.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace costate::claims {

enum class Coverage {
    quick,       ///< every reading in its default setting, Reading::shown
    pairwise,    ///< every pair of values of two axes occurs
    exhaustive,  ///< every combination
};

/// key=value of `costate verify --set`.
struct Wish {
    std::string key, value;
    bool where_it_applies = false;  ///< nothing to a claim that does not depend on the key
};

/// "dim=3". Throws std::invalid_argument for a text that is no key=value, and for a key or a value that does not exist.
[[nodiscard]] Wish wish_from(std::string_view text);

/// A claim that was not run, and the reason: words that follow a colon.
struct LeftOut {
    std::string id, why;
};

/// Why the claim does not depend on what is wished, or does not offer the value: its own list of fields is what a field can be. A network has a path
/// whatever the claim. Empty where it does.
[[nodiscard]] std::optional<std::string> no_offer(const Claim& claim, std::span<const Wish> wishes);

/// Whether there is no such reason.
[[nodiscard]] bool offers(const Claim& claim, std::span<const Wish> wishes);

/// The settings of one claim: what is wished is fixed, the other axes are covered. A wish for "model" runs the field "network".
/// Throws std::invalid_argument in one sentence for a key that the claim does not depend on, for a value that does not exist, and for a network's
/// dimension, which is its own.
[[nodiscard]] std::vector<Setting> settings_of(const Claim& claim, std::span<const Wish> wishes, Coverage coverage);

/// One reading in one setting. The claim is not owned and outlives this.
struct VerifyTask {
    const Claim* claim = nullptr;
    const Reading* reading = nullptr;
    Setting setting{};
    std::string setting_text{};
};

/// Claim by claim, setting by setting, reading by reading; the order of every report. A reading begins with the setting that shows it
/// (Reading::shown), unless the wishes name that key or a network.
[[nodiscard]] std::vector<VerifyTask> verify_tasks(std::span<const Claim* const> claims, std::span<const Wish> wishes, Coverage coverage);

/// The same on a path of one's own: of these claims those that depend on a path, which is this one in every setting.
[[nodiscard]] std::vector<VerifyTask> tasks_on(std::span<const Claim* const> claims, const guidance::AnyPath& path, Coverage coverage);

/// The reading and its control. What they throw becomes a finding named "error": the row is then not as predicted, or its
/// control not noticed. Throws nothing of its own.
[[nodiscard]] VerifyRow run(const VerifyTask& task);

struct VerifyEvent {
    enum class Kind { row_is_known, task_begins, row_is_done } kind;
    const VerifyTask* task;
    const VerifyRow* row;     ///< nullptr when the task begins
    std::size_t done, total;  ///< rows that are known or done, of all tasks
};

struct VerifyOptions {
    std::size_t threads = 0;                               ///< at most; 0: all of the machine
    std::string fingerprint{};                             ///< goes into every row; rows with another one are not known
    std::span<const VerifyRow> known{};                    ///< rows that need not be computed; looked at before the first task begins
    std::function<void(const VerifyRow&)> keep{};          ///< as each row is computed; one call at a time
    std::function<void(const VerifyEvent&)> event{};       ///< one call at a time; known rows come first
    std::function<bool()> stop{};                          ///< asked before every task, from several threads
};

/// The rows in the order of the tasks; fewer than tasks when it was stopped. Every task is deterministic by itself, so only
/// `seconds` depends on the threads. Throws what keep and event throw.
[[nodiscard]] std::vector<VerifyRow> verify(std::span<const VerifyTask> tasks, const VerifyOptions& options);

/// What a report tells: the rows beside their tasks, which they follow in order. Claims without a row are left out.
[[nodiscard]] std::vector<ReportedClaim> reported(std::span<const VerifyTask> tasks, std::span<const VerifyRow> rows);

/// Words for a shell that run the task alone: "costate verify greed-theorem-4 --set tableau=rk4 dim=3". Behind a tableau or path of one's own, which the
/// command line does not know, a comment says so.
[[nodiscard]] std::string command_of(const VerifyTask& task);

}  // namespace costate::claims
