// The house: the direction of includes, and what library code may not do. Sources are read as text.
#include "tests/house/code.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace house;
namespace fs = std::filesystem;
const fs::path root = COSTATE_SOURCE_DIR;

// A room may include itself and these.
const std::map<std::string, std::set<std::string>> drawing = {
    {"scalar", {}},
    {"kernels", {"scalar"}},
    {"autodiff", {"scalar", "kernels"}},
    {"ode", {"scalar", "kernels"}},
    {"nn", {"scalar", "kernels", "autodiff"}},
    {"guidance", {"scalar", "kernels", "autodiff", "ode", "nn"}},
    {"claims", {"scalar", "kernels", "autodiff", "ode", "nn", "guidance"}},
    {"cli", {"scalar", "kernels", "autodiff", "ode", "nn", "guidance", "claims"}},
};

struct Source {
    std::string room, path, text;  // path relative to the root; text without comments and string literals, but with #include lines
};

std::vector<Source> sources() {
    std::vector<Source> all;
    for (const auto& [room, allowed] : drawing) {
        if (!fs::exists(root / room)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / room)) {
            const auto extension = entry.path().extension();
            if (extension == ".hpp" || extension == ".cpp" || extension == ".inc")
                all.push_back({room, fs::relative(entry.path(), root).string(), code_of(read(entry.path()))});
        }
    }
    return all;
}

// Sentences about includes that go against the drawing.
std::vector<std::string> wrong_includes(const Source& source) {
    std::vector<std::string> wrong;
    static const std::regex include(R"(#\s*include\s*"([^"]+)\")");
    for (std::sregex_iterator it(source.text.begin(), source.text.end(), include), end; it != end; ++it) {
        const std::string target = (*it)[1], room = target.substr(0, target.find('/'));
        if (room != source.room && !drawing.at(source.room).contains(room)) wrong.push_back(source.path + " includes " + target);
    }
    return wrong;
}

const std::vector<std::pair<std::string, std::regex>>& forbidden() {
    static const std::vector<std::pair<std::string, std::regex>> rules = {
        {"prints", std::regex(R"(\b(std::)?(cout|cerr|clog|printf|fprintf|puts|fputs|putchar|perror)\b|\bfmt::print\b|\bstd::print\b|#\s*include\s*<(iostream|fmt/ostream\.h)>)")},
        {"ends the process", std::regex(R"(\b(std::)?(abort|exit|_exit|quick_exit|terminate)\s*\(|\bassert\s*\()")},
        {"is thread_local", std::regex(R"(\bthread_local\b)")},
        // a static object that is neither const nor constexpr and is not a function
        {"has a mutable static", std::regex(R"((^|\n)[ \t]*(inline\s+)?static\s+(?!const\b|constexpr\b|consteval\b|constinit const\b|inline\b|_?_?assert)[A-Za-z_][\w:<>,\s\*&]*\s[A-Za-z_]\w*\s*(=|;|\{[^\n]*\}\s*;))")},
    };
    return rules;
}

std::vector<std::string> offences(const Source& source) {
    std::vector<std::string> found;
    for (const auto& [what, rule] : forbidden())
        if (std::smatch match; std::regex_search(source.text, match, rule)) found.push_back(source.path + " " + what + ": " + match.str());
    return found;
}

}  // namespace

TEST_CASE("includes follow the drawing") {
    const auto all = sources();
    REQUIRE(all.size() > 40);
    for (const auto& source : all)
        for (const auto& sentence : wrong_includes(source)) FAIL_CHECK(sentence);
    // control: an upward include is noticed
    CHECK(wrong_includes({"kernels", "kernels/x.hpp", "#include \"ode/step.hpp\"\n"}).size() == 1);
    CHECK(wrong_includes({"ode", "ode/x.hpp", "#include \"autodiff/tape.hpp\"\n"}).size() == 1);
}

TEST_CASE("library code neither prints, nor ends the process, nor keeps mutable globals") {
    for (const auto& source : sources()) {
        if (source.room == "cli") continue;
        for (const auto& sentence : offences(source)) FAIL_CHECK(sentence);
    }
    // controls
    const auto caught = [](const char* code) { return !offences({"ode", "ode/x.hpp", code_of(code)}).empty(); };
    CHECK(caught("void f() { std::cout << 1; }"));
    CHECK(caught("void f() { std::abort(); }"));
    CHECK(caught("void f() { assert(x); }"));
    CHECK(caught("thread_local int x;"));
    CHECK(caught("    static int counter = 0;\n"));
    CHECK(caught("static std::vector<double> cache;\n"));
    CHECK_FALSE(caught("static const int x = 0; // printf\n"));
    CHECK_FALSE(caught("    static T from_rational(const Rational& q) {\n return 0; }"));
    CHECK_FALSE(caught("throw std::invalid_argument(\"printf(\");"));
}

TEST_CASE("one file names oneTBB") {
    std::vector<std::string> naming;
    for (const auto& source : sources())
        if (std::regex_search(source.text, std::regex(R"(\b(tbb|oneapi)\b)"))) naming.push_back(source.path);
    REQUIRE(naming.size() == 1);
    CHECK(naming[0].starts_with("kernels/parallel."));
}
