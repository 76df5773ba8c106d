// Checkpoints on file: nothing is left behind, whatever ends the run, and what goes wrong is a sentence.
#include "ode/gradient/checkpointed.hpp"
#include "ode/gradient/store_all.hpp"
#include "tests/ode/checkpoint_gradients.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace costate;
using namespace costate::ode;
using namespace costate::testing;
using namespace costate::ode::checkpoint;
using Catch::Matchers::Contains;
using dto::Checkpointed;

namespace {

struct Directory {
    std::filesystem::path path;
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "costate-test-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Directory() { std::filesystem::remove_all(path); }
    [[nodiscard]] std::size_t files() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator()));
    }
};

/// RLIMIT_FSIZE for a while: what a full disk is, to one process.
struct FileLimit {
    rlimit before{};
    explicit FileLimit(rlim_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        const rlimit limited{bytes, before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limited);
    }
    ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

TEST_CASE("the file level leaves nothing behind; a full disk and a directory that is none are a sentence") {
    const Directory directory;
    const Spec spec{Rule::two_level, 3, 6};
    const Checkpointed method(spec, directory.path);
    const auto expected = gradient<Polynomial<double>, double>(dto::StoreAll{}, 200);
    const Setting<double> in;
    Polynomial<double> f{parameters<double>()};
    Checkpointed::Workspace<Polynomial<double>, double> ws(find_tableau("kutta3"));
    GradientResult<double> found;
    const auto run = [&](const Checkpointed& by) { by(f, in.loss, in.t0, in.t1, 200, in.x0, {}, ws, found); };
    run(method);
    CHECK(same(found, expected));
    CHECK(directory.files() == 0);  // while the workspace still has it open: a killed process leaves nothing either
    {
        const FileLimit limit(3 * 4 * sizeof(double) + 8);  // three states and a bit
        CHECK_THROWS_WITH(run(method), Contains("slot 3 of 32 bytes cannot be written in " + directory.path.string()) && Contains("free space"));
    }
    run(method);  // and goes on working afterwards
    CHECK(same(found, expected));
    CHECK_THROWS_WITH(run(Checkpointed(spec, directory.path / "absent")), Contains("no file can be made in") && Contains("absent"));
    CHECK(directory.files() == 0);
}

TEST_CASE("where the environment names no directory for temporary files, the sentence says what it names") {
    const Directory directory;
    const auto run = [] { return gradient<Polynomial<double>, double>(Checkpointed(Spec{Rule::two_level, 3, 6}), 20); };
    const char* before = std::getenv("TMPDIR");
    const std::string kept = before ? before : "";
    const std::string absent = (directory.path / "absent").string();
    setenv("TMPDIR", absent.c_str(), 1);
    CHECK_THROWS_WITH(run(), Contains("no directory for temporary files in TMPDIR=" + absent + " (") && Contains("let TMPDIR name one"));
    setenv("TMPDIR", directory.path.c_str(), 1);
    CHECK(same(run(), gradient<Polynomial<double>, double>(dto::StoreAll{}, 20)));
    before ? setenv("TMPDIR", kept.c_str(), 1) : unsetenv("TMPDIR");
}

namespace {

/// Something happens at an evaluation.
struct Interrupted : Polynomial<double> {
    int left;
    std::function<void()> then;
    void operator()(const double& t, std::span<const double> x, std::span<double> dx) {
        if (left-- == 0) then();
        Polynomial<double>::operator()(t, x, dx);
    }
};

}  // namespace

TEST_CASE("nor does it leave anything after an exception or a signal that kills") {
    const Directory directory;
    const Checkpointed method(Spec{Rule::two_level, 3, 6}, directory.path);
    const Setting<double> in;
    const auto run = [&](std::function<void()> then) {
        Interrupted f{{parameters<double>()}, 700, std::move(then)};
        method(f, in.loss, find_tableau("kutta3"), in.t0, in.t1, 200, in.x0);
    };
    const auto is_open = [&] {
        bool found = false;
        std::error_code closed;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
            found = found || std::filesystem::read_symlink(entry, closed).string().starts_with(directory.path.string() + "/");
        return found;
    };
    bool seen = false;
    CHECK_THROWS_WITH(run([&] { seen = is_open(), throw std::runtime_error("enough"); }), "enough");
    CHECK(seen);  // there was a file
    CHECK_FALSE(is_open());
    CHECK(directory.files() == 0);
    for (const int signal : {SIGTERM, SIGKILL}) {
        const pid_t child = fork();
        if (child == 0) {
            std::signal(SIGTERM, SIG_DFL);  // the test program catches it
            run([&] { raise(signal); });
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        CHECK((WIFSIGNALED(status) && WTERMSIG(status) == signal));
        CHECK(directory.files() == 0);
    }
}
