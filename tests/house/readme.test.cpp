// The C++ example printed in the README is example 01, to the letter: what is read is what runs.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string read(const std::string& file) {
    std::ifstream in(std::string(COSTATE_SOURCE_DIR) + "/" + file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string cpp_block(const std::string& markdown) {
    const std::string fence = "```cpp\n";
    const auto begin = markdown.find(fence);
    if (begin == std::string::npos) return {};
    const auto end = markdown.find("```", begin + fence.size());
    return markdown.substr(begin + fence.size(), end - begin - fence.size());
}

}  // namespace

TEST_CASE("the README's example is example 01") {
    const auto shown = cpp_block(read("README.md"));
    REQUIRE_FALSE(shown.empty());
    CHECK(shown == read("examples/01_gradient_of_a_flow.cpp"));
}

TEST_CASE("what the README links to is there") {
    const std::string text = read("README.md");
    std::size_t links = 0;
    for (std::size_t at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1), ++links) {
        if (text[at - 1] == '[') continue;  // a lambda
        const std::string target = text.substr(at + 2, text.find(')', at) - at - 2);
        INFO(target);
        CHECK(std::filesystem::exists(std::string(COSTATE_SOURCE_DIR) + "/" + target));
    }
    CHECK(links > 10);
}
