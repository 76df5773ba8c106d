// Theorems as a program: lines, JSON, exit statuses, its directory, and what is refused.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace {

using nlohmann::json;
using program::model;
using program::Scratch;
namespace fs = std::filesystem;

json parsed(const program::Outcome& outcome) {
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    return json::parse(outcome.out);
}

void refuses(const std::vector<std::string>& arguments, const std::string& word) {
    std::string line = "costate";
    for (const auto& argument : arguments) line += " " + argument;
    const auto outcome = program::run(arguments);
    INFO(line << "\n" << outcome.error);
    CHECK(outcome.status == 2);
    CHECK(outcome.out.empty());
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
    CHECK(outcome.error.starts_with("costate: "));
    CHECK(outcome.error.find(word) != std::string::npos);
}

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

// Rows without what the clock says.
std::vector<json> timeless(const json& document) {
    std::vector<json> rows = document.at("rows");
    for (json& row : rows) row.erase("seconds");
    return rows;
}

const std::vector<std::string> one_claim = {"verify", "tableau-order", "--set", "dim=1", "seed=3", "tableau=rk4"};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

TEST_CASE("verify says a line a reading and a summary") {
    const auto outcome = program::run(one_claim);
    CHECK(outcome.status == 0);
    CHECK(outcome.error.empty());
    CHECK(outcome.out.find("holds, as predicted") != std::string::npos);
    CHECK(outcome.out.find("tableau=rk4 field=polynomial dim=1 seed=3") != std::string::npos);
    CHECK(outcome.out.find("all as predicted, every control noticed") != std::string::npos);
    const auto quiet = program::run(with(one_claim, {"--quiet"}));
    CHECK(quiet.status == 0);
    CHECK(lines_of(quiet.out) == 1);
    const auto table = program::run(with(one_claim, {"--tex"}));
    CHECK(table.status == 0);
    CHECK(table.out.find("\\begin{tabular") != std::string::npos);
    CHECK(table.out.find("as predicted") == std::string::npos);
}

TEST_CASE("verify prints its rows with the documented keys, the same for any number of threads") {
    const auto words = with(one_claim, {"--json", "--all"});
    const json one = parsed(program::run(with(words, {"--threads", "1"})));
    for (const char* key : {"complete", "as_predicted", "controls_noticed"}) CHECK(one.at(key) == true);
    REQUIRE(one.at("rows").size() == 3);  // three fields: the rest is set
    for (const json& row : one.at("rows")) {
        for (const char* key : {"id", "source", "reading", "setting", "expected", "holds", "as_predicted", "control_noticed", "predicted", "measured", "proof",
                                "subject", "seconds", "evidence", "control_evidence"})
            CHECK(row.contains(key));
        CHECK(row.at("id") == "tableau-order");
        CHECK(row.at("as_predicted") == true);
    }
    CHECK(timeless(parsed(program::run(with(words, {"--threads", "2"})))) == timeless(one));
}

TEST_CASE("a control tells what was broken and how it was noticed") {
    const auto words = with({"verify", "--sabotage"}, {one_claim.begin() + 1, one_claim.end()});
    const auto outcome = program::run(words);
    CHECK(outcome.status == 0);
    for (const char* word : {"what is broken:", "before:", "after:", "does not hold", "The claim noticed."}) CHECK(outcome.out.find(word) != std::string::npos);
    const json told = parsed(program::run(with(words, {"--json"})));
    CHECK(told.at("controls_noticed") == true);
    const json row = told.at("rows").at(0);
    CHECK(row.at("before").at("holds") != row.at("after").at("holds"));
    CHECK_FALSE(row.at("broken").get<std::string>().empty());
    CHECK(row.at("error").is_null());
}

TEST_CASE("rows are kept, known when asked again, and damaged ones done again") {
    const Scratch scratch;
    const std::string out = scratch / "report";
    const auto words = with(one_claim, {"--out", out});
    REQUIRE(program::run(words).status == 0);
    for (const char* file : {"rows.jsonl", "verify.json", "report.html", "table.tex"}) CHECK(fs::exists(fs::path(out) / file));
    const fs::path file = fs::path(out) / "rows.jsonl";
    const std::string before = program::read(file);
    CHECK(lines_of(before) == 1);
    CHECK(program::run(words).out.find("known") != std::string::npos);
    CHECK(program::read(file) == before);
    REQUIRE(program::run(with(words, {"--all"})).status == 0);
    CHECK(lines_of(program::read(file)) == 3);
    CHECK(program::read(file).starts_with(before));
    CHECK(program::read(fs::path(out) / "report.html").find("<script") == std::string::npos);

    std::ofstream(file, std::ios::binary) << "{\"id\": \"tableau-order\"}\n" << std::string(5000, '[') << "\n\xff\x01\n" << before.substr(0, before.size() / 2);
    const auto again = program::run(words);
    CHECK(again.status == 0);
    CHECK(again.error.find("dropped: 4") != std::string::npos);
    CHECK(lines_of(program::read(file)) == 1);
    CHECK(json::parse(program::read(file)).at("measured") == json::parse(before).at("measured"));
    // a row of another build is computed again
    json other = json::parse(before);
    other["fingerprint"] = "0.0.1 0123456789abcdef";
    std::ofstream(file, std::ios::binary) << other.dump() << "\n";
    CHECK(program::run(words).out.find("known") == std::string::npos);
    CHECK(lines_of(program::read(file)) == 2);
}

TEST_CASE("an interrupted verification keeps its rows and goes on") {
    const Scratch scratch;
    const std::string out = scratch / "report";
    const fs::path file = fs::path(out) / "rows.jsonl";
    program::Running running({"verify", "lambda-delta", "tableau-order", "--exhaustive", "--threads", "1", "--out", out});
    for (int i = 0; i < 60'000 && lines_of(program::read(file)) < 3; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    running.signal(SIGINT);
    const auto outcome = running.wait();
    CHECK(outcome.status == 130);
    CHECK(outcome.error.find("goes on") != std::string::npos);
    CHECK(outcome.out.find("not run") != std::string::npos);
    CHECK(fs::exists(fs::path(out) / "report.html"));
    const std::string kept = program::read(file);
    REQUIRE(lines_of(kept) >= 3);
    std::istringstream lines(kept);
    std::string first;
    std::getline(lines, first);
    const auto again = program::run({"verify", json::parse(first).at("id").get<std::string>(), "--quick", "--out", out});
    CHECK(again.status == 0);
    CHECK(again.out.find("known") != std::string::npos);  // --exhaustive begins with what --quick asks
    CHECK(program::read(file) == kept);
}

TEST_CASE("what cannot be verified is refused in one sentence") {
    const Scratch scratch;
    std::ofstream(scratch / "file") << "x";
    fs::create_directory(scratch / "other");
    std::ofstream(scratch / "other/letter.txt") << "x";
    refuses({"verify", "tableau-ordre"}, "did you mean tableau-order");
    refuses({"verify", "no-such-theorem-anywhere"}, "costate list claims");
    refuses({"verify", ""}, "claim");
    refuses({"verify", "tableau-order", "--set", "path=cosine"}, "tableau, field, dim, seed");
    refuses({"verify", "tableau-order", "--set", "colour=red"}, "tableau, path, field, dim, seed, model");
    refuses({"verify", "tableau-order", "--set", "dim"}, "key=value");
    refuses({"verify", "tableau-order", "--set", "dim=11"}, "from 1 to 10");
    refuses({"verify", "tableau-order", "--set", "tableau=rk5"}, "rk4");
    refuses({"verify", "tableau-order", "--set", "field=data-set"}, "polynomial, linear, mixture");
    refuses({"verify", "tableau-order", "--set"}, "--set");
    refuses({"verify", "--set", "path=straight"}, "cond-ot");
    refuses({"verify", "tableau-order", "--model", model("moons.safetensors")}, "does not depend on model");
    refuses({"verify", "--model", scratch / "missing.safetensors"}, "missing.safetensors");
    refuses({"verify", "--model", model("moons.safetensors"), "--set", "field=mixture"}, "");
    refuses({"verify", "--quick", "--all"}, "--all");
    refuses({"verify", "--all", "--exhaustive"}, "--exhaustive");
    refuses({"verify", "--tex", "--json"}, "--tex");
    refuses({"verify", "--sabotage", "--out", scratch / "report"}, "--out");
    refuses({"verify", "--threads", "-1"}, "--threads");
    refuses(with(one_claim, {"--out", scratch / "file"}), "is a file");
    refuses(with(one_claim, {"--out", scratch / "file/below"}), "below");
    refuses(with(one_claim, {"--out", scratch / "other"}), "holds files but no verification");
    refuses(with(one_claim, {"--out", "/proc/report"}), "/proc/report");
    CHECK(scratch.files() == 3);
}

TEST_CASE("list names claims and paths") {
    const json claims = parsed(program::run({"list", "claims", "--json"}));
    CHECK(claims.size() >= 20);
    for (const json& claim : claims) {
        for (const char* key : {"name", "title", "source", "readings", "settings"}) CHECK(claim.contains(key));
        CHECK_FALSE(claim.at("readings").empty());
    }
    const json paths = parsed(program::run({"list", "paths", "--json"}));
    CHECK(paths.size() == 7);
    CHECK(paths.at(0).at("reaches_data") == true);
    CHECK(program::run({"list", "claims"}).out.find("tableau-order") != std::string::npos);
}
