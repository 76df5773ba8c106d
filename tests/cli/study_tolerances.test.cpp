// The study of tolerances as a program: its JSON, its directory and pictures, and how it goes on after a kill.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <thread>
#include <tuple>

namespace {

using nlohmann::json;
using program::Scratch;
namespace fs = std::filesystem;

using Question = std::tuple<std::string, std::string, double, std::string>;

std::map<Question, json> rows_of(const fs::path& directory) {
    std::map<Question, json> rows;
    std::istringstream lines(program::read(directory / "rows.jsonl"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.ends_with("}")) break;
        json row = json::parse(line);
        row.erase("seconds");
        CHECK(rows.try_emplace({row.at("method"), row.at("tableau"), row.at("tolerance"), row.at("precision")}, row).second);
    }
    return rows;
}

std::vector<std::string> words(const std::string& out) {
    return {"study", "brusselator", "--tolerances", "1e-3,1e-5,1e-7,1e-9", "--t1", "4", "--digits", "16", "--out", out};
}

}  // namespace

TEST_CASE("a study of tolerances prints the documented keys, on a network too") {
    const auto outcome = program::run({"study", program::model("moons.safetensors"), "--tolerances", "1e-5,1e-7", "--methods", "dto,stored-states:0.1",
                                       "--tableaus", "dormand-prince", "--samples", "2", "--digits", "10", "--json"});
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    CHECK(outcome.error.empty());
    const json study = json::parse(outcome.out);
    CHECK(study.at("complete") == true);
    CHECK(study.at("truth_error").get<double>() < 1e-9);
    CHECK(study.at("amplification").at("condition").get<double>() > 0);
    REQUIRE(study.at("rows").size() == 4);
    REQUIRE(study.at("slopes").size() == 2);
    for (const char* key : {"method", "tableau", "precision", "predicted", "state", "gradient", "worst_state_error_per_tolerance"})
        CHECK(study.at("slopes").at(0).contains(key));
    for (const json& row : study.at("rows")) {
        for (const char* key : {"method",
                                "tableau",
                                "tolerance",
                                "precision",
                                "status",
                                "sentence",
                                "state_error",
                                "gradient_error",
                                "accepted",
                                "rejected",
                                "back_accepted",
                                "back_rejected",
                                "evaluations",
                                "vjps",
                                "jvps",
                                "seconds",
                                "peak_bytes",
                                "state_estimate",
                                "sensitivity_estimate",
                                "note"})
            CHECK(row.contains(key));
        CHECK(row.at("status") == "success");
        CHECK((row.at("back_accepted").get<int>() > 0) == (row.at("method") == "stored-states:0.1"));
    }
    for (const std::size_t first : {std::size_t(0), std::size_t(2)}) {  // two decades of tolerance, by each method
        const auto error = [&](std::size_t i) { return study.at("rows").at(i).at("gradient_error").get<double>(); };
        CHECK(error(first + 1) < error(first) / 20);
    }
}

TEST_CASE("a study of tolerances that is killed goes on where it was; its report has pictures") {
    const Scratch scratch;
    const std::string out = scratch / "report", whole = scratch / "whole";
    REQUIRE(program::run(words(whole)).status == 0);
    const auto expected = rows_of(whole);
    CHECK(expected.size() == 3 * 7 * 4);
    for (const char* file : {"study.json", "truth.json", "table.csv", "report.html", "error-tolerance.svg", "gradient-tolerance.png", "error-evaluations.svg",
                             "error-seconds.svg", "amplification.svg"})
        CHECK(fs::exists(fs::path(whole) / file));
    const std::string page = program::read(fs::path(whole) / "report.html");
    CHECK(page.find("<svg") != std::string::npos);
    CHECK(page.find("There are no pictures") == std::string::npos);
    CHECK(page.find("<script") == std::string::npos);

    program::Running killed(words(out));
    const auto lines = [&] {
        const std::string text = program::read(fs::path(out) / "rows.jsonl");
        return std::count(text.begin(), text.end(), '\n');
    };
    for (int i = 0; i < 60'000 && lines() < 10; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    killed.signal(SIGKILL);
    (void)killed.wait();
    const auto kept = rows_of(out);
    CHECK(kept.size() >= 10);
    CHECK(kept.size() < expected.size());
    REQUIRE(program::run(words(out)).status == 0);
    CHECK(rows_of(out) == expected);

    const std::string before = program::read(fs::path(out) / "rows.jsonl");
    REQUIRE(program::run(words(out)).status == 0);
    CHECK(program::read(fs::path(out) / "rows.jsonl") == before);
    // equal steps are another study
    const auto other = program::run({"study", "brusselator", "--steps", "8", "--t1", "4", "--digits", "16", "--samples", "1", "--out", out});
    CHECK(other.status == 2);
    CHECK(other.error.find("another study") != std::string::npos);
    CHECK(program::read(fs::path(out) / "rows.jsonl") == before);
}

TEST_CASE("the named fields of the classic comparisons are studied by name") {
    for (const char* field : {"van-der-pol-10", "kepler", "lorenz"}) {
        const auto outcome = program::run(
            {"study", field, "--tolerances", "1e-4,1e-7", "--methods", "dto", "--tableaus", "dormand-prince", "--t1", "0.5", "--digits", "12", "--json"});
        INFO(field << outcome.error);
        REQUIRE(outcome.status == 0);
        for (const json& row : json::parse(outcome.out).at("rows")) CHECK(row.at("state_error").get<double>() < 1e3 * row.at("tolerance").get<double>());
    }
}
