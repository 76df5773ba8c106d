// What a scalar lacks is a compile-time error with a message for people.
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace {

/// What the compiler says to expressions in Vars x of two exact scalars, each in a function of its own; empty when it
/// accepts them.
std::string compile(const std::string& prime, const std::string& rational) {
    std::ofstream("unsupported.cpp") << "#include \"autodiff/choice_functions.hpp\"\nusing namespace costate;\n"
                                     << "auto f(const autodiff::Var<PrimeField>& x) { return " << prime << "; }\n"
                                     << "auto g(const autodiff::Var<Rational>& x) { return " << rational << "; }\n";
    const int status =
        std::system("c++ -std=c++20 -fsyntax-only -I" COSTATE_SOURCE_DIR " unsupported.cpp > unsupported.log 2>&1");
    std::ostringstream text;
    text << std::ifstream("unsupported.log").rdbuf();
    std::remove("unsupported.cpp");
    std::remove("unsupported.log");
    return status == 0 ? "" : text.str();
}

}  // namespace

TEST_CASE("ops without a meaning in a scalar do not compile, and the message says what to do") {
    if (std::system("c++ --version > /dev/null 2>&1") != 0) {
        WARN("SKIPPED: there is no compiler named c++");
        return;
    }
    CHECK(compile("x * x / 3 + pow(x, 5) + where(equal(x, x), x, 1)", "relu(x) * (x < 1 ? 1 : 2) + maximum(abs(x), floor(x))").empty());
    const std::string message = compile("x < x", "silu(x)");
    CHECK(message.find("has no order, so it has no relu and no comparison") != std::string::npos);
    CHECK(message.find("has no exp, log, sqrt") != std::string::npos);
    CHECK(message.find("Rational") != std::string::npos);
    CHECK(compile("clamp(maximum(x, abs(x)), 0, 1)", "x").find("has no order, so it has no relu and no comparison") != std::string::npos);
}
