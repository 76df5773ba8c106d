#include "kernels/huge_pages.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

long faults_of_32_megabytes() {
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    const std::vector<char> block(std::size_t{32} << 20, 'x');
    getrusage(RUSAGE_SELF, &after);
    CHECK(block.back() == 'x');
    return after.ru_minflt - before.ru_minflt;
}

// "always", "madvise" or "never"; "never" where there is no such file.
std::string huge_pages() {
    std::ifstream in("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string modes = "[never]";
    std::getline(in, modes);
    const auto begin = modes.find('[') + 1;
    return modes.substr(begin, modes.find(']') - begin);
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
TEST_CASE("the address sanitizer has an allocator of its own") { WARN("SKIPPED: page faults are its own"); }
#else
TEST_CASE("large blocks come in large pages once they are preferred") {
    if (huge_pages() != "always") CHECK(faults_of_32_megabytes() > 4000);
    const bool agreed = costate::kernels::prefer_huge_pages();
    const long faults = faults_of_32_megabytes(), again = faults_of_32_megabytes();
    CHECK(again < 100);  // what was freed stays in the process
    if (agreed && huge_pages() != "never") CHECK(faults < 2000);
}
#endif
