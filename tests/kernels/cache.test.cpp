// What the machine says of its cache, and that the plain read reads everything.
#include "kernels/cache.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <numeric>
#include <vector>

TEST_CASE("the second-level cache has a plausible size") {
    CHECK(costate::kernels::second_level_cache() >= std::size_t{1} << 16);
    CHECK(costate::kernels::second_level_cache() <= std::size_t{1} << 30);
}

TEST_CASE("a plain read sums every word, whatever their number") {
    std::vector<std::uint64_t> words;
    for (std::size_t count = 0; count < 300; ++count) {
        const auto sum = std::accumulate(words.begin(), words.end(), std::uint64_t{0});
        CHECK(costate::kernels::read_all(words) == sum);
        if (count > 0) {
            // control: a word that is left out is noticed
            std::vector<std::uint64_t> other = words;
            other[count * 7 / 11] += 1;
            CHECK(costate::kernels::read_all(other) != sum);
            CHECK(costate::kernels::read_all(std::span(words).subspan(1)) == sum - words[0]);  // not aligned
        }
        words.push_back(0x9e3779b97f4a7c15 * (count + 1));
    }
}
