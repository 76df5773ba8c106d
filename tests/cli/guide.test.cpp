// costate guide as a program: one line, JSON, a directory that goes on, and refusals that leave nothing behind.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;
using program::Scratch;

std::vector<std::string> with(std::vector<std::string> words) {
    std::vector<std::string> all = {"guide", "gaussian-mixture", "--dim", "4", "--task", "projection:2"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

}  // namespace

TEST_CASE("one method on one image prints one line, and saves its sample") {
    const Scratch scratch;
    const auto outcome = program::run(with({"--methods", "greedy:steps=10", "--save", scratch / "x.npy"}));
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    CHECK(lines_of(outcome.out) == 1);
    CHECK(outcome.out.starts_with("greedy:steps=10, projection:2, image 0: loss "));
    CHECK(program::read(scratch / "x.npy").size() > 4 * 8);
    CHECK(scratch.files() == 1);
}

TEST_CASE("JSON has the documented keys, and the same numbers on one thread and on two") {
    const auto rows = [](const char* threads) {
        const auto outcome = program::run(with({"--methods", "unconditional,greedy", "--steps", "6", "--count", "5", "--json", "--threads", threads}));
        INFO(outcome.error);
        REQUIRE(outcome.status == 0);
        CHECK(outcome.error.empty());
        json object = json::parse(outcome.out);
        CHECK(object.at("complete") == true);
        for (json& row : object.at("rows")) row.erase("seconds");
        return object.at("rows");
    };
    const json one = rows("1");
    REQUIRE(one.size() == 15);
    for (const char* key : {"method", "task", "image", "loss", "psnr", "ssim", "measurement_psnr", "class_ok", "evaluations", "vjps", "peak_bytes", "restarts", "note"})
        CHECK(one.at(0).contains(key));
    CHECK(one.at(0).at("method") == "pseudo-inverse");
    CHECK(one.at(2).at("vjps") == 6);
    CHECK(rows("2") == one);
}

TEST_CASE("a directory keeps rows, samples and a page, and a longer comparison goes on in it") {
    const Scratch scratch;
    const auto run = [&](const char* count) { return program::run(with({"--methods", "greedy:steps=5", "--count", count, "--out", scratch / "d", "--quiet"})); };
    REQUIRE(run("2").status == 0);
    const std::string begun = program::read(scratch.path() / "d" / "rows.jsonl");
    CHECK(lines_of(begun) == 4);
    REQUIRE(run("3").status == 0);
    const std::string whole = program::read(scratch.path() / "d" / "rows.jsonl");
    CHECK(lines_of(whole) == 6);
    CHECK(whole.starts_with(begun));
    for (const char* name : {"report.html", "table.csv", "guide.json", "samples/00002.greedy_steps-5.npy"}) CHECK(std::filesystem::exists(scratch.path() / "d" / name));
    CHECK(program::read(scratch.path() / "d" / "report.html").find("greedy") != std::string::npos);
    // another question is another directory
    const auto other = program::run(with({"--methods", "greedy:steps=5", "--seed", "1", "--out", scratch / "d"}));
    CHECK(other.status == 2);
    CHECK(other.error.find("seed") != std::string::npos);
    CHECK(program::read(scratch.path() / "d" / "rows.jsonl") == whole);
}

TEST_CASE("a posterior sampler is measured against the closed form") {
    const auto outcome = program::run(with({"--noise", "0.3", "--methods", "unconditional:steps=10", "--posterior", "50", "--json"}));
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    const json row = json::parse(outcome.out).at("rows").at(0);
    CHECK(row.at("sliced_w2").get<double>() > row.at("floor").get<double>());
    CHECK(row.at("exact_weights").size() == 3);
}

TEST_CASE("what cannot be is one sentence, and nothing is left behind") {
    const Scratch scratch;
    const auto refused = [&](std::vector<std::string> words, const std::string& why) {
        words.insert(words.end(), {"--out", scratch / "d"});
        const auto outcome = program::run(words);
        INFO(outcome.error);
        CHECK(outcome.status == 2);
        CHECK(outcome.out.empty());
        CHECK(lines_of(outcome.error) == 1);
        CHECK(outcome.error.find(why) != std::string::npos);
        CHECK(scratch.files() == 0);
    };
    refused({"guide", "gaussian-mixture"}, "nothing to guide to");
    refused({"guide", "nowhere.onnx", "--task", "denoise"}, "is no file");
    refused({"guide", program::model("moons.safetensors"), "--task", "denoise"}, "--images");
    refused({"guide", program::model("moons.safetensors"), "--loss", program::model("moons.safetensors")}, "--target");
    refused({"guide", program::model("moons.safetensors"), "--loss", program::model("moons.safetensors"), "--target", "5"}, "no output 5");
    refused({"guide", program::model("moons.safetensors"), "--reference", program::model("moons.safetensors")}, "begins like no");
    refused(with({"--methods", "prayer"}), "there is no guidance method 'prayer'");
    refused(with({"--methods", "greedy:rate=-1"}), "not negative");
    refused(with({"--noise", "loud"}), "--noise loud");
    refused(with({"--target", "3"}), "--loss");
    refused(with({"--precision", "f16"}), "choose f32 or f64");
    refused(with({"--posterior", "10"}), "--noise above 0");
    refused(with({"--save", "x.npy"}), "--save");
    refused(with({"--gradient", "guess"}), "no gradient method");
}
