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
    for (const char* key : {"method", "task", "image", "loss", "psnr", "ssim", "measurement_psnr", "class_ok", "evaluations", "vjps", "jvps", "peak_bytes", "restarts", "note"})
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

TEST_CASE("a folder of images is measured, and what is written where it cannot be is refused first") {
    const Scratch scratch;
    for (const char* name : {"a.pgm", "b.pgm"}) std::ofstream(scratch / name) << "P2\n4 4\n255\n0 50 100 150 200 250 10 20 30 40 50 60 70 80 90 " << (name[0] == 'a' ? "100" : "0") << "\n";
    std::filesystem::create_directories(scratch.path() / "images");
    for (const char* name : {"a.pgm", "b.pgm"}) std::filesystem::rename(scratch.path() / name, scratch.path() / "images" / name);
    const std::string images = scratch / "images";
    const auto outcome = program::run({"guide", images, "--task", "super-resolution:2", "--images", images, "--count", "2", "--methods", "greedy:steps=8", "--out", scratch / "d"});
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    CHECK(std::filesystem::exists(scratch.path() / "d" / "samples" / "00001.greedy_steps-8.png"));
    const auto nowhere = program::run(with({"--save", scratch / "none/x.npy"}));
    CHECK(nowhere.status == 2);
    CHECK(nowhere.error.find("there is no folder") != std::string::npos);
    // a sample that failed: said, another status, no file
    const auto failed = program::run(with({"--methods", "greedy:rate=1e30", "--save", scratch / "x.npy"}));
    CHECK(failed.status == 1);
    CHECK(failed.out.find("not finite") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(scratch.path() / "x.npy"));
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
    refused(with({"--noise", ""}), "--noise");
    refused(with({"--noise", "0.1", "--posterior", "10", "--tune", "2"}), "--tune");
}
