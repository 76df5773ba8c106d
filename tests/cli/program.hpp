// Runs the built program and catches what it says.
#pragma once

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace program {

namespace fs = std::filesystem;

struct Outcome {
    int status = -1;  // exit status, or 1000 + the signal that ended it
    std::string out, error;
};

/// A directory of its own, removed with all it holds.
class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "costate-cli-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no scratch directory");
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::permissions(path_, fs::perms::owner_all, ignored);
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] std::size_t files() const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : fs::recursive_directory_iterator(path_)) ++count;
        return count;
    }

private:
    fs::path path_;
};

inline std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

/// A running program; its streams go to files in a scratch directory.
class Running {
public:
    explicit Running(const std::vector<std::string>& arguments) {
        posix_spawn_file_actions_t files;
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&files, 1, (scratch_ / "out").c_str(), O_WRONLY | O_CREAT, 0600);
        posix_spawn_file_actions_addopen(&files, 2, (scratch_ / "error").c_str(), O_WRONLY | O_CREAT, 0600);
        std::vector<std::string> words = {COSTATE_PROGRAM};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> pointers;
        for (std::string& word : words) pointers.push_back(word.data());
        pointers.push_back(nullptr);
        const int failure = posix_spawn(&child_, COSTATE_PROGRAM, &files, nullptr, pointers.data(), environ);
        posix_spawn_file_actions_destroy(&files);
        if (failure != 0) throw std::runtime_error("the program does not start");
    }
    void signal(int number) const { ::kill(child_, number); }
    Outcome wait() {
        int status = 0;
        while (waitpid(child_, &status, 0) < 0) {
        }
        return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), read(scratch_ / "out"), read(scratch_ / "error")};
    }

private:
    Scratch scratch_;
    pid_t child_ = 0;
};

inline Outcome run(const std::vector<std::string>& arguments) { return Running(arguments).wait(); }

inline std::string model(const std::string& name) { return std::string(COSTATE_SOURCE_DIR) + "/models/" + name; }

/// Ran, refused, and said why in one line that holds `word`.
inline void refuses(const std::vector<std::string>& arguments, const std::string& word) {
    std::string line = "costate";
    for (const auto& argument : arguments) line += " " + argument;
    const auto outcome = run(arguments);
    INFO(line << "\n" << outcome.error);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
    CHECK(outcome.error.starts_with("costate: "));
    CHECK(outcome.error.find(word) != std::string::npos);
}

}  // namespace program
