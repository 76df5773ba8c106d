#include "guidance/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace costate::guidance {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr const char* rows_file = "rows.jsonl";

// Asked before every opening: a pipe would block it. A link to a regular file is one.
bool is_there(const fs::path& file) {
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (fs::is_regular_file(status)) return true;
    if (status.type() == fs::file_type::not_found) return false;
    if (!fs::status_known(status)) {
        throw std::runtime_error(fmt::format("cannot read {}: {}; make it readable or choose another --out directory", file.string(),
                                             error.message()));
    }
    throw std::invalid_argument(fmt::format("{} is not a regular file: remove it or choose another --out directory", file.string()));
}

std::string read_whole(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        throw std::runtime_error(fmt::format("cannot read {}: {}; make it readable or choose another --out directory", file.string(),
                                             std::strerror(errno)));
    }
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_whole(int file, std::string_view bytes, const fs::path& name) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            throw std::runtime_error(fmt::format("cannot write {}: {}; free some space, then the same command goes on where it "
                                                 "stopped, or choose another --out directory", name.string(), std::strerror(errno)));
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

struct Descriptor {
    int value;
    ~Descriptor() {
        if (value >= 0) ::close(value);
    }
};

}  // namespace

void write_file_atomically(const fs::path& file, std::string_view contents) {
    fs::path beside = file;
    beside += ".part";
    is_there(beside);  // refuses a pipe or a directory of that name
    try {
        const Descriptor out{::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
        if (out.value < 0) {
            throw std::runtime_error(fmt::format("cannot write {}: {}; choose a directory that can be written",
                                                 file.string(), std::strerror(errno)));
        }
        write_whole(out.value, contents, file);
        std::error_code error;
        fs::rename(beside, file, error);
        if (error) {
            throw std::runtime_error(fmt::format("cannot write {}: {}; remove what has its name or choose another --out directory",
                                                 file.string(), error.message()));
        }
    } catch (...) {
        std::error_code ignored;
        fs::remove(beside, ignored);
        throw;
    }
}

Journal::Journal(fs::path directory, JournalKind kind, const std::string& configuration, const Take& take)
    : directory_(std::move(directory)), kind_(std::move(kind)) {
    std::error_code error;
    if (fs::exists(directory_, error) && !fs::is_directory(directory_, error)) {
        throw std::invalid_argument(fmt::format("--out {} is a file: name a directory, which is made when missing", directory_.string()));
    }
    try {
        open(configuration, take);
    } catch (...) {
        abandon();
        if (lock_ >= 0) ::close(lock_);
        throw;
    }
}

Journal::~Journal() {
    if (file_ >= 0) ::close(file_);
    if (lock_ >= 0) ::close(lock_);
}

void Journal::open(const std::string& configuration, const Take& take) {
    make_and_lock();
    const std::string wanted_rows = read_rows(take);
    check_configuration(configuration, !wanted_rows.empty());
    if (dropped_ > 0) write_file_atomically(directory_ / rows_file, wanted_rows);
    for (const std::string& result : kind_.results)
        if (is_there(directory_ / result)) found_[result] = read_whole(directory_ / result);
    file_ = ::open((directory_ / rows_file).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file_ < 0) {
        throw std::runtime_error(fmt::format("cannot write {}: {}; choose an --out directory that can be written",
                                             (directory_ / rows_file).string(), std::strerror(errno)));
    }
}

std::optional<std::string> Journal::found(const std::string& result) const {
    const auto at = found_.find(result);
    return at == found_.end() ? std::nullopt : std::optional(at->second);
}

void Journal::abandon() noexcept {
    if (!made_ || kept_) return;
    made_ = false;
    const auto remove = [&](const std::string& name) {
        std::error_code ignored;
        fs::remove(directory_ / name, ignored);
        fs::remove(directory_ / (name + ".part"), ignored);
    };
    remove(kind_.configuration);
    remove(rows_file);
    for (const std::string& result : kind_.results) remove(result);
    ::rmdir(directory_.c_str());  // stays when somebody else put a file there
}

// Nothing but what is left by work that was killed while it wrote its first file.
bool Journal::holds_nothing() const {
    std::error_code error;
    fs::directory_iterator entry(directory_, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error))
        if (entry->path().filename() != kind_.configuration + ".part") return false;
    return !error;
}

// Whoever abandons a directory removes it while others may wait at it: what was locked must still have the name.
void Journal::make_and_lock() {
    for (int attempt = 0; attempt < 3; ++attempt) {
        std::error_code error;
        const bool fresh = fs::create_directories(directory_, error);
        if (error) {
            throw std::runtime_error(fmt::format("cannot make the directory {}: {}; choose an --out directory that can be written",
                                                 directory_.string(), error.message()));
        }
        const bool locked = lock();
        struct stat named {}, held {};
        if (lock_ >= 0 && ::stat(directory_.c_str(), &named) == 0 && ::fstat(lock_, &held) == 0 && named.st_dev == held.st_dev &&
            named.st_ino == held.st_ino) {
            made_ = fresh && locked && holds_nothing();  // others may have come and gone before the lock
            return;
        }
        if (lock_ >= 0) ::close(std::exchange(lock_, -1));
    }
    throw std::runtime_error(fmt::format("the directory {} is removed again and again: choose another --out directory",
                                         directory_.string()));
}

// False where the file system knows no locks, or when the directory has just gone.
bool Journal::lock() {
    lock_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock_ < 0 && errno == ENOENT) return false;
    if (lock_ < 0) {
        throw std::runtime_error(fmt::format("cannot open the directory {}: {}; choose an --out directory that can be written",
                                             directory_.string(), std::strerror(errno)));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) {
        throw std::runtime_error(fmt::format("another {} is writing to {}: wait for it or choose another --out directory", kind_.noun,
                                             directory_.string()));
    }
    return false;
}

void Journal::check_configuration(const std::string& configuration, bool any_rows) const {
    const fs::path file = directory_ / kind_.configuration;
    const Json wanted = Json::parse(configuration);
    const std::string text = wanted.dump(2) + "\n";
    if (!is_there(file)) {
        if (!holds_nothing()) {
            throw std::invalid_argument(fmt::format("{} holds files but no {}: choose an empty or new --out directory",
                                                    directory_.string(), kind_.noun));
        }
        write_file_atomically(file, text);
        return;
    }
    const Json found = Json::parse(read_whole(file), nullptr, false);
    if (!found.is_object()) {
        throw std::runtime_error(fmt::format("{} is damaged: remove it and its directory, or choose another --out directory", file.string()));
    }
    const auto keys = wanted.items();
    const bool of_this_kind = std::all_of(keys.begin(), keys.end(), [&](const auto& item) { return found.contains(item.key()); });
    const bool any_results = std::any_of(kind_.results.begin(), kind_.results.end(), [&](const auto& name) { return is_there(directory_ / name); });
    if (of_this_kind && found != wanted && !any_rows && !any_results) {
        write_file_atomically(file, text);  // begun, but nothing came of it
        return;
    }
    for (const auto& [key, value] : wanted.items()) {
        if (found.contains(key) && found[key] == value) continue;
        throw std::invalid_argument(
            fmt::format("{} holds another {} ({} differs): choose another --out directory, or repeat the options that its {} records",
                        directory_.string(), kind_.noun, key, kind_.configuration));
    }
}

// What the file should hold: the lines that are taken.
std::string Journal::read_rows(const Take& take) {
    const fs::path file = directory_ / rows_file;
    if (!is_there(file)) return {};
    const std::string text = read_whole(file);
    std::string taken;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        const std::string_view line(text.data() + begin, (end == std::string::npos ? text.size() : end) - begin);
        if (end != std::string::npos && take(line)) taken.append(line).push_back('\n');
        else ++dropped_;
        if (end == std::string::npos) break;
        begin = end + 1;
    }
    return taken;
}

void Journal::append(std::string_view line) {
    write_whole(file_, std::string(line) + "\n", directory_ / rows_file);
    kept_ = true;
}

void Journal::keep(const std::string& result, std::string_view contents) {
    write_file_atomically(directory_ / result, contents);
    kept_ = true;
}

}  // namespace costate::guidance
