// The study as a program: its JSON, its directory, and what becomes of it when it is killed, interrupted or damaged.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <map>
#include <set>
#include <thread>

namespace {

using nlohmann::json;
using program::model;
using program::Scratch;
namespace fs = std::filesystem;

using Question = std::tuple<std::string, std::string, int, std::string>;

std::map<Question, json> rows_of(const fs::path& directory) {
    std::map<Question, json> rows;
    std::istringstream lines(program::read(directory / "rows.jsonl"));
    for (std::string line; std::getline(lines, line);) {
        const json row = json::parse(line);
        const auto [at, fresh] = rows.try_emplace({row.at("method"), row.at("tableau"), row.at("steps"), row.at("precision")}, row);
        CHECK(fresh);
    }
    return rows;
}

// What does not depend on the clock.
json timeless(json row) {
    row.erase("seconds");
    return row;
}

std::vector<std::string> small_study(const std::string& out) {
    return {"study", "lotka-volterra", "--samples", "2", "--steps", "2,4,8", "--tableaus", "euler,rk4", "--digits", "20", "--out", out};
}

}  // namespace

TEST_CASE("study prints its rows with the documented keys") {
    const auto outcome = program::run({"study", "pendulum", "--samples", "1", "--steps", "128,256", "--tableaus", "rk4", "--digits", "20", "--json"});
    REQUIRE(outcome.status == 0);
    CHECK(outcome.error.empty());
    const json study = json::parse(outcome.out);
    CHECK(study.at("complete") == true);
    CHECK(study.at("rows").size() == 5 * 2 * 3);
    for (const auto& row : study.at("rows")) {
        for (const char* key : {"method", "tableau", "steps", "precision", "error", "error_to_dto", "observed_order", "predicted_order",
                                "evaluations", "vjps", "seconds", "peak_bytes"})
            CHECK(row.contains(key));
        CHECK(row.at("predicted_order") == 4);
        CHECK(row.at("evaluations").get<int>() >= 4 * row.at("steps").get<int>());
        if (row.at("precision") == "mpfr50" && row.at("steps") == 256) CHECK(row.at("observed_order").get<double>() == Approx(4).margin(0.1));
        if (row.at("steps") == 128) CHECK(row.at("observed_order").is_null());
    }
}

TEST_CASE("a study is kept, and asked again it does nothing anew") {
    const Scratch scratch;
    const std::string out = scratch / "report";
    REQUIRE(program::run(small_study(out)).status == 0);
    for (const char* file : {"rows.jsonl", "table.csv", "report.html", "study.json", "truth.json", "error-steps-f64.svg", "error-steps-mpfr50.png", "error-seconds.svg"}) CHECK(fs::exists(fs::path(out) / file));
    const auto rows = rows_of(out);
    CHECK(rows.size() == 5 * 2 * 3 * 3);
    const std::string before = program::read(fs::path(out) / "rows.jsonl");
    REQUIRE(program::run(small_study(out)).status == 0);
    CHECK(program::read(fs::path(out) / "rows.jsonl") == before);
    const std::string page = program::read(fs::path(out) / "report.html");
    CHECK(page.find("<svg") != std::string::npos);
    CHECK(page.find("There are no pictures") == std::string::npos);
    CHECK(page.find("<script") == std::string::npos);
    for (std::size_t at = page.find("href="); at != std::string::npos; at = page.find("href=", at + 1))
        CHECK(page.substr(at + 6, 1) == "#");  // inside the page
    CHECK(page.find("src=") == std::string::npos);

    SECTION("a half-written line is recognised and only its row done again") {
        const fs::path file = fs::path(out) / "rows.jsonl";
        fs::resize_file(file, fs::file_size(file) - 20);
        const auto again = program::run(small_study(out));
        CHECK(again.status == 0);
        CHECK(again.error.find("1 damaged") != std::string::npos);
        const auto after = rows_of(out);
        REQUIRE(after.size() == rows.size());
        for (const auto& [question, row] : rows) CHECK(timeless(after.at(question)) == timeless(row));
    }
    SECTION("another study in the same directory is refused and nothing is lost") {
        auto other = small_study(out);
        other.insert(other.end(), {"--seed", "7"});
        const auto outcome = program::run(other);
        CHECK(outcome.status == 2);
        CHECK(outcome.error.find("x0") != std::string::npos);
        CHECK(program::read(fs::path(out) / "rows.jsonl") == before);
    }
    SECTION("more steps extend it") {
        auto more = small_study(out);
        more[5] = "2,4,8,16";
        REQUIRE(program::run(more).status == 0);
        CHECK(rows_of(out).size() == 5 * 2 * 4 * 3);
        CHECK(program::read(fs::path(out) / "rows.jsonl").starts_with(before));
    }
}

TEST_CASE("a study on a path says which, keeps it apart, and shows greedy as one row") {
    const Scratch scratch;
    const std::string out = scratch / "report";
    std::vector<std::string> words = {"study", "gaussian-mixture", "--path", "linear-vp", "--variables", "regular", "--t0", "0.25", "--samples", "1", "--methods",
                                      "dto,greedy", "--tableaus", "rk4", "--steps", "4,8", "--precisions", "f64", "--digits", "10", "--out", out, "--json"};
    const auto outcome = program::run(words);
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    const json study = json::parse(outcome.out);
    CHECK(study.at("path") == "linear-vp");
    CHECK(study.at("variables") == "regular");
    CHECK(study.at("parametrisation") == "velocity");
    REQUIRE(study.at("rows").size() == 3);
    const json& greedy = study.at("rows").at(2);
    CHECK(greedy.at("method") == "greedy");
    CHECK(greedy.at("steps") == 1);
    CHECK(greedy.at("predicted_order").is_null());
    CHECK(greedy.at("error_to_dto").get<double>() < 1e-13);  // one Euler step in these variables, to the data, is greedy
    CHECK(program::read(fs::path(out) / "report.html").find("regular variables") != std::string::npos);
    const json kept = json::parse(program::read(fs::path(out) / "study.json"));
    CHECK(kept.at("path") == "linear-vp");
    words[3] = "cosine";
    const auto other = program::run(words);
    CHECK(other.status == 2);
    CHECK(other.error.find("another study") != std::string::npos);
}

TEST_CASE("a killed study goes on where it was, and an interrupted one leaves a usable directory") {
    const Scratch scratch;
    const std::string out = scratch / "report", whole = scratch / "whole";
    const auto words = [&](const std::string& directory) {
        return std::vector<std::string>{"study", "polynomial", "--samples", "2", "--tableaus", "euler,rk4,dormand-prince", "--steps",
                                        "1,2,4,8,16,32,64,128,256,512", "--digits", "20", "--out", directory};
    };
    REQUIRE(program::run(words(whole)).status == 0);
    const auto expected = rows_of(whole);
    const auto wait_for_rows = [&](std::size_t least) {
        const auto lines = [&] {
            const std::string text = program::read(fs::path(out) / "rows.jsonl");
            return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        };
        for (int i = 0; i < 60'000 && lines() < least; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    program::Running killed(words(out));
    wait_for_rows(20);
    killed.signal(SIGKILL);
    CHECK(killed.wait().status == 1000 + SIGKILL);
    std::istringstream lines(program::read(fs::path(out) / "rows.jsonl"));
    std::size_t kept = 0;
    for (std::string line; std::getline(lines, line);) kept += line.ends_with("}") ? 1u : 0u;
    CHECK(kept >= 20);
    CHECK(kept < expected.size());

    program::Running stopped(words(out));
    wait_for_rows(kept + 20);
    stopped.signal(SIGINT);
    const auto outcome = stopped.wait();
    CHECK(outcome.status == 130);
    CHECK(outcome.error.find("goes on") != std::string::npos);
    CHECK(fs::exists(fs::path(out) / "report.html"));
    CHECK(fs::exists(fs::path(out) / "table.csv"));
    const auto partial = rows_of(out);
    CHECK(partial.size() >= kept + 20);
    CHECK(partial.size() < expected.size());

    REQUIRE(program::run(words(out)).status == 0);
    const auto all = rows_of(out);
    REQUIRE(all.size() == expected.size());
    for (const auto& [question, row] : expected) CHECK(timeless(all.at(question)) == timeless(row));
}

TEST_CASE("all methods are one of every name, and what is left out is said with its reason") {
    const auto study = [](std::vector<std::string> arguments) {
        const std::vector<std::string> small = {"--all-methods", "--tableaus", "euler", "--steps", "4", "--precisions", "f64", "--samples", "1", "--digits", "8"};
        arguments.insert(arguments.begin(), "study");
        arguments.insert(arguments.end(), small.begin(), small.end());
        const auto outcome = program::run(arguments);
        REQUIRE(outcome.status == 0);
        return outcome.out;
    };
    const auto base = [](const std::string& name) { return name.substr(0, name.find(':')); };
    std::set<std::string> listed, computed;
    std::istringstream lines(program::run({"list", "methods"}).out);
    for (std::string line; std::getline(lines, line);) listed.insert(base(line.substr(0, line.find(' '))));
    const json found = json::parse(study({"gaussian-mixture", "--t0", "0.5", "--json"}));
    for (const json& row : found.at("rows")) computed.insert(base(row.at("method")));
    CHECK(listed.size() > 15);
    for (const char* name : {"controlled", "sensitive"}) CHECK(listed.erase(name) == 1);  // of studies of tolerances alone
    CHECK(computed == listed);
    CHECK(study({"gaussian-mixture", "--t0", "0.5"}).find("leaves out") == std::string::npos);
    CHECK(study({"gaussian-mixture"}).find("--all-methods leaves out look-ahead, adjoint-deis-1: r = sigma/alpha is infinite at t = 0") != std::string::npos);
    CHECK(study({"lotka-volterra"}).find("--all-methods leaves out greedy, look-ahead, adjoint-deis-1: lotka-volterra is a plain field") != std::string::npos);
}

TEST_CASE("a budget of memory is one more method, and one that is too small costs a row, not the study") {
    const auto rows = [](const char* bytes) {
        const auto outcome = program::run({"study", "lotka-volterra", "--tableaus", "rk4", "--steps", "8", "--precisions", "f64", "--samples", "1", "--methods", "dto", "--memory", bytes, "--json"});
        REQUIRE(outcome.status == 0);
        return nlohmann::json::parse(outcome.out).at("rows");
    };
    std::size_t told = 0;
    for (const char* bytes : {"1kB", "1.5kB", "2kB", "3kB", "4kB", "64MB"}) {
        INFO(bytes);
        const auto found = rows(bytes);
        REQUIRE(found.size() == 2);
        const auto& row = found.at(1);
        CHECK(row.at("method") == std::string("memory:") + bytes);
        const auto note = row.at("note").get<std::string>();
        if (row.at("error").is_null()) {
            CHECK(note.find("give at least") != std::string::npos);
            ++told;
            continue;
        }
        CHECK(note.find("for 8 steps: ") != std::string::npos);
        CHECK(row.at("error") == found.at(0).at("error"));
        CHECK(row.at("error_to_dto") == 0);
    }
    CHECK((told > 0 && told < 6));
    program::refuses({"study", "lotka-volterra", "--memory", "much"}, "much");
    // with 50 digits samples are solved one by one, and share the budget
    const auto outcome = program::run({"study", "lotka-volterra", "--tableaus", "rk4", "--steps", "40", "--precisions", "mpfr50", "--samples", "2", "--digits", "12", "--methods",
                                       "dto,binomial:3,mixed:3,backsolve,reversible-heun", "--memory", "60kB", "--json"});
    REQUIRE(outcome.status == 0);
    std::map<std::string, nlohmann::json> found;
    const json study = json::parse(outcome.out);
    for (const json& row : study.at("rows")) found[row.at("method")] = row;
    REQUIRE(found.size() == 6);
    const auto &budget = found.at("memory:60kB"), &dto = found.at("dto");
    CHECK(budget.at("note").get<std::string>().find("each of 2 samples by itself: 30.0 kB for 40 steps: ") != std::string::npos);
    CHECK(budget.at("error") == dto.at("error"));
    CHECK(budget.at("error_to_dto") == 0);
    CHECK(budget.at("peak_bytes").get<std::size_t>() <= 60'000);
    CHECK(dto.at("peak_bytes").get<std::size_t>() > 60'000);
    CHECK(budget.at("evaluations").get<std::size_t>() > dto.at("evaluations").get<std::size_t>());
}
