// The profile as a program: its JSON, its report, and what it refuses.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace {

using nlohmann::json;
using program::model;
using program::refuses;
using program::Scratch;
namespace fs = std::filesystem;

std::vector<std::string> words(std::vector<std::string> more) {
    std::vector<std::string> all = {"profile", model("moons.safetensors"), "--batch", "64", "--seconds", "1"};
    if (std::find(more.begin(), more.end(), "--steps") == more.end()) all.insert(all.end(), {"--steps", "3"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

json profile(std::vector<std::string> more) {
    more.emplace_back("--json");
    const auto outcome = program::run(words(std::move(more)));
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    CHECK(outcome.error.empty());
    return json::parse(outcome.out);
}

}  // namespace

TEST_CASE("profile prints the documented keys, and they fit together") {
    const json p = profile({});
    for (const char* key : {"forward_seconds", "gradient_seconds", "ratio", "gflops", "gemm_fraction", "bandwidth_fraction", "peak_bytes", "evaluations_per_second",
                            "gemm_gflops", "read_bandwidth", "weight_bandwidth", "other_seconds"}) {
        INFO(key);
        CHECK(p.at(key).is_number());
        CHECK(p.at(key).get<double>() >= 0);
    }
    CHECK(p.at("status") == "success");
    CHECK(p.at("not_finite").is_null());
    CHECK(p.at("rounds") >= 3);
    CHECK(p.at("precision") == "f32");
    // a gradient is a forward and a pullback
    CHECK(p.at("gradient_seconds").get<double>() > p.at("forward_seconds").get<double>());
    CHECK(p.at("ratio").get<double>() > 1);
    CHECK(p.at("ratio_quartiles").at(0) <= p.at("ratio"));
    CHECK(p.at("ratio_quartiles").at(1) >= p.at("ratio"));
    CHECK(p.at("gemm_fraction").get<double>() < 1.2);
    bool has_linear = false;
    for (const json& op : p.at("ops")) {
        has_linear = has_linear || op.at("name") == "linear";
        CHECK(op.at("count").get<int>() >= 0);
        CHECK(op.at("forward_seconds").get<double>() >= 0);
        CHECK(op.at("pullback_seconds").get<double>() >= 0);
    }
    CHECK(has_linear);
}

TEST_CASE("more work is more: steps, weights and records show") {
    const json few = profile({}), many = profile({"--steps", "12"});
    CHECK(many.at("forward_seconds").get<double>() > 2 * few.at("forward_seconds").get<double>());
    CHECK(many.at("peak_bytes").get<double>() > 3 * few.at("peak_bytes").get<double>());
    CHECK(profile({"--method", "backsolve", "--steps", "12"}).at("peak_bytes").get<double>() < many.at("peak_bytes").get<double>());
    const json theta = profile({"--theta", "--precision", "f64"}), mixed = profile({"--precision", "mixed", "--threads", "2"});
    CHECK(theta.at("theta") == true);
    CHECK(mixed.at("precision") == "mixed");
    const json field = json::parse(program::run({"profile", "pendulum", "--precision", "f64", "--seconds", "0.5", "--json"}).out);
    CHECK(field.at("bandwidth_fraction").is_null());
    CHECK(field.at("gradient_seconds").get<double>() > 0);
}

TEST_CASE("profile writes a page with its picture, again over its own, and over nothing else") {
    const Scratch scratch;
    const std::string out = scratch / "report";
    for (int again = 0; again < 2; ++again) {
        const auto outcome = program::run(words({"--out", out}));
        INFO(outcome.error);
        REQUIRE(outcome.status == 0);
        CHECK(outcome.out.find("report.html") != std::string::npos);
        for (const char* file : {"report.html", "profile.json", "ops.svg", "ops.png"}) CHECK(fs::exists(fs::path(out) / file));
    }
    const std::string page = program::read(fs::path(out) / "report.html");
    CHECK(page.find("<svg") != std::string::npos);
    CHECK(page.find("<script") == std::string::npos);
    CHECK(json::parse(program::read(fs::path(out) / "profile.json")).contains("ops"));
    fs::create_directory(scratch / "other");
    std::ofstream(scratch / "other/letter.txt") << "not a profile";
    refuses(words({"--out", scratch / "other"}), "something else");
    refuses(words({"--out", scratch / "other/letter.txt"}), "letter.txt");
    refuses(words({"--out", scratch / "other/letter.txt/below"}), "letter.txt");
    CHECK(fs::exists(fs::path(scratch / "other/letter.txt")));
}

TEST_CASE("profile refuses in one sentence") {
    const std::string moons = model("moons.safetensors");
    refuses({"profile"}, "MODEL");
    refuses({"profile", "missing.safetensors"}, "missing.safetensors");
    refuses({"profile", "gaussian-mixture"}, "formula");
    refuses({"profile", "pendulum", "--theta"}, "--theta");
    refuses({"profile", moons, "--tableau", "rk5"}, "rk4");
    refuses({"profile", moons, "--method", "greedy"}, "backsolve");
    refuses({"profile", moons, "--precision", "mpfr50"}, "mixed");
    refuses({"profile", moons, "--steps", "0"}, "--steps");
    refuses({"profile", moons, "--steps", "-1"}, "--steps");
    refuses({"profile", moons, "--batch", "0"}, "--batch");
    refuses({"profile", moons, "--batch", "99999999999"}, "--batch");
    refuses({"profile", moons, "--threads", "100000"}, "--threads");
    refuses({"profile", moons, "--seconds", "0"}, "--seconds");
    refuses({"profile", moons, "--seconds", "nan"}, "--seconds");
    refuses({"profile", moons, "--path", "straight"}, "cond-ot");
    refuses({"profile", moons, "--out", ""}, "--out");
    refuses({"profile", model("moons.golden.safetensors")}, "moons.golden");
}

TEST_CASE("a budget of memory is a method that says what it chose, and methods of their own steps are refused") {
    const json within = json::parse(program::run({"profile", "lotka-volterra", "--steps", "64", "--batch", "4", "--precision", "f64", "--memory", "30kB", "--seconds", "0.1", "--json"}).out);
    CHECK(within.at("method") == "memory:30000");
    CHECK(within.at("choice").get<std::string>().find("for 64 steps: ") != std::string::npos);
    CHECK(within.at("peak_bytes").get<std::size_t>() <= 30000);
    refuses({"profile", "lotka-volterra", "--memory", "1kB", "--steps", "64"}, "give at least");
    refuses({"profile", "lotka-volterra", "--memory", "much"}, "memory 'much'");
    refuses({"profile", "lotka-volterra", "--memory", "1MB", "--method", "dto"}, "--method");
    refuses({"profile", "lotka-volterra", "--method", "alf"}, "steps of its own");
}
