#include "guidance/rows.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
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

// A decimal number, whole and finite: neither hexadecimal nor a name such as nan.
bool is_finite_decimal(const std::string& text) {
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
    char* end = nullptr;
    const long double value = std::strtold(text.c_str(), &end);
    return end == text.c_str() + text.size() && std::isfinite(value);
}

bool is_usable(const StudyTruth& truth) {
    return !truth.gradient.empty() && std::all_of(truth.gradient.begin(), truth.gradient.end(), is_finite_decimal) &&
           std::isfinite(truth.relative_error) && truth.relative_error >= 0 && std::isfinite(truth.seconds) && truth.seconds >= 0;
}

constexpr const char* own_files[] = {"study.json", "truth.json", "rows.jsonl"};

// Nothing but what a study leaves that was killed while it wrote its first file.
bool holds_nothing(const fs::path& directory) {
    std::error_code error;
    fs::directory_iterator entry(directory, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error))
        if (entry->path().filename() != "study.json.part") return false;
    return !error;
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

StudyDirectory::StudyDirectory(fs::path directory, const std::string& configuration) : directory_(std::move(directory)) {
    std::error_code error;
    if (fs::exists(directory_, error) && !fs::is_directory(directory_, error)) {
        throw std::invalid_argument(fmt::format("--out {} is a file: name a directory, which is made when missing", directory_.string()));
    }
    try {
        make_and_lock();
        const std::string whole_rows = read_rows();
        check_configuration(configuration);
        if (dropped_ > 0) write_file_atomically(directory_ / "rows.jsonl", whole_rows);
        read_truth();
        file_ = ::open((directory_ / "rows.jsonl").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
        if (file_ < 0) {
            throw std::runtime_error(fmt::format("cannot write {}: {}; choose an --out directory that can be written",
                                                 (directory_ / "rows.jsonl").string(), std::strerror(errno)));
        }
    } catch (...) {
        abandon();
        if (lock_ >= 0) ::close(lock_);
        throw;
    }
}

StudyDirectory::~StudyDirectory() {
    if (file_ >= 0) ::close(file_);
    if (lock_ >= 0) ::close(lock_);
}

void StudyDirectory::abandon() noexcept {
    if (!made_ || truth_ || !rows_.empty()) return;
    made_ = false;
    std::error_code ignored;
    for (const char* name : own_files) {
        fs::remove(directory_ / name, ignored);
        fs::remove(directory_ / (std::string(name) + ".part"), ignored);
    }
    ::rmdir(directory_.c_str());  // stays when somebody else put a file there
}

// Whoever abandons a directory removes it while others may wait at it: what was locked must still have the name.
void StudyDirectory::make_and_lock() {
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
            made_ = fresh && locked && holds_nothing(directory_);  // another study may have come and gone before the lock
            return;
        }
        if (lock_ >= 0) ::close(std::exchange(lock_, -1));
    }
    throw std::runtime_error(fmt::format("the directory {} is removed again and again: choose another --out directory",
                                         directory_.string()));
}

// False where the file system knows no locks, or when the directory has just gone.
bool StudyDirectory::lock() {
    lock_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock_ < 0 && errno == ENOENT) return false;
    if (lock_ < 0) {
        throw std::runtime_error(fmt::format("cannot open the directory {}: {}; choose an --out directory that can be written",
                                             directory_.string(), std::strerror(errno)));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) {
        throw std::runtime_error(fmt::format("another study is writing to {}: wait for it or choose another --out directory",
                                             directory_.string()));
    }
    return false;
}

void StudyDirectory::check_configuration(const std::string& configuration) {
    const fs::path file = directory_ / "study.json";
    const Json wanted = Json::parse(configuration);
    const std::string text = wanted.dump(2) + "\n";
    if (!is_there(file)) {
        if (!holds_nothing(directory_)) {
            throw std::invalid_argument(fmt::format("{} holds files but no study: choose an empty or new --out directory",
                                                    directory_.string()));
        }
        write_file_atomically(file, text);
        return;
    }
    const Json found = Json::parse(read_whole(file), nullptr, false);
    if (!found.is_object()) {
        throw std::runtime_error(fmt::format("{} is damaged: remove it and its directory, or choose another --out directory", file.string()));
    }
    const auto keys = wanted.items();
    const bool of_a_study = std::all_of(keys.begin(), keys.end(), [&](const auto& item) { return found.contains(item.key()); });
    if (of_a_study && found != wanted && rows_.empty() && !is_there(directory_ / "truth.json")) {
        write_file_atomically(file, text);  // begun, but nothing came of it
        return;
    }
    for (const auto& [key, value] : wanted.items()) {
        if (found.contains(key) && found[key] == value) continue;
        throw std::invalid_argument(
            fmt::format("{} holds another study ({} differs): choose another --out directory, or repeat the options that its "
                        "study.json records", directory_.string(), key));
    }
}

// What the file should hold: the whole rows, each once.
std::string StudyDirectory::read_rows() {
    const fs::path file = directory_ / "rows.jsonl";
    if (!is_there(file)) return {};
    const std::string text = read_whole(file);
    std::string whole;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        const std::string_view line(text.data() + begin, (end == std::string::npos ? text.size() : end) - begin);
        const auto row = end == std::string::npos ? std::nullopt : row_from_json_line(line);
        const auto same = [&](const StudyRow& other) { return same_question(*row, other); };
        if (row && std::none_of(rows_.begin(), rows_.end(), same)) {
            rows_.push_back(*row);
            whole.append(line).push_back('\n');
        } else {
            ++dropped_;
        }
        if (end == std::string::npos) break;
        begin = end + 1;
    }
    return whole;
}

void StudyDirectory::read_truth() {
    const fs::path file = directory_ / "truth.json";
    if (!is_there(file)) return;
    const Json json = Json::parse(read_whole(file), nullptr, false);
    if (!json.is_object() || !json.contains("gradient") || !json.contains("relative_error")) return;
    try {
        StudyTruth truth;
        truth.gradient = json.at("gradient").get<std::vector<std::string>>();
        truth.relative_error = json.at("relative_error").get<double>();
        truth.seconds = json.value("seconds", 0.0);
        truth.vanishing = json.value("vanishing", std::map<std::string, bool>{});
        if (is_usable(truth)) truth_ = std::move(truth);
    } catch (const Json::exception&) {
        truth_.reset();  // damaged: it is computed again
    }
}

void StudyDirectory::append(const StudyRow& row) {
    write_whole(file_, to_json_line(row) + "\n", directory_ / "rows.jsonl");
    rows_.push_back(row);
}

void StudyDirectory::keep(const StudyTruth& truth) {
    const Json json = {{"gradient", truth.gradient}, {"relative_error", truth.relative_error}, {"seconds", truth.seconds},
                       {"vanishing", truth.vanishing}};
    write_file_atomically(directory_ / "truth.json", json.dump(2) + "\n");
    truth_ = truth;
}

}  // namespace costate::guidance
