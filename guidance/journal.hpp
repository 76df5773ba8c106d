// A directory to which long work adds line by line, so that the same command goes on where a killed one stopped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// Writes beside the file and renames over it: a reader sees the old file or the new one.
/// Throws std::runtime_error when the disk refuses, std::invalid_argument when something else has the name it writes to.
void write_file_atomically(const std::filesystem::path& file, std::string_view contents);

/// What the work is called in sentences, and what its files beside rows.jsonl are called.
struct JournalKind {
    std::string noun;                       ///< "study"
    std::string configuration;              ///< "study.json": says what the rows belong to
    std::vector<std::string> results = {};  ///< "truth.json": kept whole beside the rows
};

/// DIR with the configuration, rows.jsonl and the results. One process writes at a time (advisory lock).
class Journal {
public:
    /// Whether the line is a whole row that is not yet known; who asks keeps the row.
    using Take = std::function<bool(std::string_view line)>;

    /// Opens or creates. `configuration` is one JSON object: a directory begun with another one is refused, naming the first
    /// key that differs, unless it holds neither results nor rows: then it is taken over. Lines that `take` does not want are
    /// dropped from rows.jsonl; files that the work does not know stay.
    /// Throws std::invalid_argument or std::runtime_error with a sentence; a new directory is left behind only on success.
    Journal(std::filesystem::path directory, JournalKind kind, const std::string& configuration, const Take& take);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return directory_; }
    [[nodiscard]] std::size_t dropped_lines() const { return dropped_; }
    /// The contents of one of the results when the directory was opened; nothing where there was none.
    [[nodiscard]] std::optional<std::string> found(const std::string& result) const;

    /// Adds a line (given without its newline) in one write. Throws std::runtime_error when the disk refuses.
    void append(std::string_view line);
    /// Writes one of the results whole. Throws std::runtime_error when the disk refuses.
    void keep(const std::string& result, std::string_view contents);

    /// After a failure, and the last call: removes the directory with the journal's files if this object made it and nothing
    /// was appended or kept. A file of somebody else stays, and the directory with it.
    void abandon() noexcept;

private:
    void open(const std::string& configuration, const Take& take);
    void make_and_lock();
    bool lock();
    [[nodiscard]] bool holds_nothing() const;
    void check_configuration(const std::string& configuration, bool any_rows) const;
    std::string read_rows(const Take& take);

    std::filesystem::path directory_;
    JournalKind kind_;
    std::map<std::string, std::string> found_;
    int lock_ = -1, file_ = -1;
    std::size_t dropped_ = 0;
    bool made_ = false;  // by this object, which holds the lock
    bool kept_ = false;  // a row or a result came after that
};

}  // namespace costate::guidance
