#include "guidance/report.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

extern char** environ;

namespace costate::guidance {

namespace {

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

std::string contents(std::FILE* file) {
    std::string text;
    std::rewind(file);
    char buffer[65536];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file)) > 0;) text.append(buffer, n);
    return text;
}

// The exit status of `gnuplot -d` with the three files as its streams; -1 when it could not be started, with errno.
// It gets a process group of its own: Ctrl-C is for the study, which still wants its pictures.
int spawn_gnuplot(std::FILE* in, std::FILE* out, std::FILE* error) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, fileno(in), 0);
    posix_spawn_file_actions_adddup2(&files, fileno(out), 1);
    posix_spawn_file_actions_adddup2(&files, fileno(error), 2);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    char name[] = "gnuplot", plain[] = "-d";
    char* const arguments[] = {name, plain, nullptr};
    pid_t child = 0;
    const int failure = posix_spawnp(&child, name, &files, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

std::optional<std::string> run_gnuplot(const std::string& script, std::string_view terminal, std::string& why) {
    const File in(std::tmpfile()), out(std::tmpfile()), error(std::tmpfile());
    if (!in || !out || !error) {
        why = fmt::format("There are no pictures: no temporary file could be made ({}).", std::strerror(errno));
        return std::nullopt;
    }
    const std::string prologue = terminal == "svg"
                                     ? "set terminal svg size 960,600 font 'DejaVu Sans,14' enhanced background '#ffffff'\nkey_font = \"',12'\"\ntitle_font = \"',16'\"\n"
                                     : "set terminal pngcairo size 1440,900 font 'DejaVu Sans,21' linewidth 1.6 pointscale 1.5 enhanced background '#ffffff'\nkey_font = \"',18'\"\ntitle_font = \"',24'\"\n";
    const std::string text = "set encoding utf8\n" + prologue + script;
    const bool written = std::fwrite(text.data(), 1, text.size(), in.get()) == text.size();
    std::rewind(in.get());
    const int status = written ? spawn_gnuplot(in.get(), out.get(), error.get()) : 128;
    if (status == -1 && errno == ENOENT) {
        why = "There are no pictures: gnuplot was not found; install the package gnuplot-nox and run the same command again.";
        return std::nullopt;
    }
    std::string picture = contents(out.get());
    if (status != 0 || picture.empty()) {
        std::string said = contents(error.get());
        for (char& c : said) c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
        why = fmt::format("There are no pictures: gnuplot failed (status {}): {}", status, said.substr(0, 200));
        return std::nullopt;
    }
    return picture;
}

}  // namespace costate::guidance
