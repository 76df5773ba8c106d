// The kept cases of scripts/fuzz through the entries of its targets, and that these notice what they promise to notice.
#include "fuzz/entry.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

using namespace costate;

namespace {

using Entry = void (*)(const std::uint8_t*, std::size_t);

std::size_t replay(const std::filesystem::path& folder, Entry entry) {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        INFO(file.path().string());
        std::ifstream in(file.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
        CHECK_NOTHROW(entry(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("kept cases are read or refused with a sentence, within their memory") {
    const std::filesystem::path kept = std::filesystem::path(COSTATE_SOURCE_DIR) / "tests" / "nn" / "fuzz";
    CHECK(replay(kept / "safetensors", &fuzz::safetensors) > 0);
    CHECK(replay(kept / "onnx", &fuzz::onnx) > 0);
}

TEST_CASE("control: too much memory, another error, a long sentence and one that would steer a terminal are noticed") {
    const std::array<std::uint8_t, 4> bytes{};
    const auto run = [&](auto load) { fuzz::read_and_run(bytes.data(), bytes.size(), 1 << 20, load); };
    const auto refuse = [](std::size_t length, char c = 'a') {
        return [=](const std::filesystem::path& file) -> nn::Network { throw nn::NetworkError(file, std::string(length, c)); };
    };
    CHECK_NOTHROW(run(refuse(10)));
    CHECK_THROWS_AS(run(refuse(5000)), fuzz::Broken);
    CHECK_THROWS_AS(run(refuse(1, '\x1b')), fuzz::Broken);
    CHECK_THROWS_AS(run([](const auto&) -> nn::Network { throw std::out_of_range("map::at"); }), std::out_of_range);
    CHECK_THROWS_AS(run([&](const auto& file) { return std::vector<char>(std::size_t{2} << 20).empty() ? nn::Network{} : refuse(10)(file); }), fuzz::Broken);
}
