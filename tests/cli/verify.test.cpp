// Theorems as a program: lines, JSON, exit statuses, its directory, and what is refused.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <thread>

namespace {

using nlohmann::json;
using program::model;
using program::refuses;
using program::Scratch;
namespace fs = std::filesystem;

json parsed(const program::Outcome& outcome) {
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    return json::parse(outcome.out);
}

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

// Rows without what the clock says.
std::vector<json> timeless(const json& document) {
    std::vector<json> rows = document.at("rows");
    for (json& row : rows) row.erase("seconds");
    return rows;
}

const std::vector<std::string> one_claim = {"verify", "tableau-order", "--set", "dim=1", "seed=3", "tableau=rk4"};

// n = tanh(Wx + b), W = 1/(2d) everywhere and 7/8 more on the diagonal, b = 1/2: a network file of d inputs, floats as they stand in memory.
std::string network(const Scratch& scratch, const std::string& name, const std::string& parametrisation, const std::string& path, std::size_t inputs,
                    const std::string& format = "F32") {
    std::vector<float> values(inputs * inputs + inputs, 0.5F);
    const float share = 0.5F / static_cast<float>(inputs);
    for (std::size_t i = 0; i < inputs * inputs; ++i) values[i] = i % (inputs + 1) == 0 ? share + 0.875F : share;
    const std::size_t weights = 4 * inputs * inputs, all = 4 * values.size();
    const json header = {{"__metadata__", {{"costate.format", "1"}, {"parametrisation", parametrisation}, {"path", path}, {"input_shape", json({inputs}).dump()},
                                           {"architecture", R"([{"op": "linear", "in": ["x"], "out": "h", "weight": "w", "bias": "b"},
                                                               {"op": "tanh", "in": ["h"], "out": "n"}])"}}},
                         {"w", {{"dtype", format}, {"shape", {inputs, inputs}}, {"data_offsets", {0, weights}}}},
                         {"b", {{"dtype", format}, {"shape", {inputs}}, {"data_offsets", {weights, all}}}}};
    const std::string text = header.dump();
    const std::uint64_t length = text.size();
    const std::string file = scratch / name;
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), sizeof(length));
    out << text;
    out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(all));
    return file;
}

std::set<std::string> ids_of(const json& list) {
    std::set<std::string> ids;
    for (const json& entry : list) ids.insert(entry.at("id"));
    return ids;
}

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

TEST_CASE("claims run on a network of one's own: on the file's path, or on the one that is set") {
    const Scratch scratch;
    const auto words = with({"verify", "greed-theorem-1", "--json", "--model"}, {model("moons.safetensors")});
    const json moons = parsed(program::run(words));
    CHECK(moons.at("left_out").empty());
    CHECK(ids_of(moons.at("rows")) == std::set<std::string>{"greed-theorem-1-1", "greed-theorem-1-2"});
    for (const json& row : moons.at("rows")) {
        CHECK(row.at("setting").get<std::string>().starts_with("path=cond-ot field=network seed=0 model="));
        CHECK(row.at("subject").get<std::string>().find("moons.safetensors") != std::string::npos);
    }
    // --all has no other path to cover, and a seed is a setting as any other
    const json seeded = parsed(program::run(with(words, {"--all", "--set", "path=linear-vp", "seed=5"})));
    CHECK(seeded.at("rows").size() == moons.at("rows").size());
    for (const json& row : seeded.at("rows")) CHECK(row.at("setting").get<std::string>().starts_with("path=linear-vp field=network seed=5 model="));
    const json broken = parsed(program::run(with(words, {"--sabotage"})));
    CHECK(broken.at("controls_noticed") == true);
    CHECK(broken.at("left_out").empty());
}

TEST_CASE("an epsilon network is taken, and what says nothing about it is left out") {
    const Scratch scratch;
    const std::string file = network(scratch, "noise.safetensors", "epsilon", "linear-vp", 2);
    const json told = parsed(program::run({"verify", "adjointdeis-1", "--model", file, "--json"}));
    CHECK(told.at("as_predicted") == true);
    CHECK(told.at("controls_noticed") == true);
    REQUIRE(told.at("rows").size() == 2);
    for (const json& row : told.at("rows")) {
        CHECK(row.at("setting").get<std::string>().starts_with("path=linear-vp field=network"));
        CHECK(row.at("subject").get<std::string>().find("whose output is the noise") != std::string::npos);
    }
    // ε̂ on linear-vp has no velocity at t = 1, on cond-ot it has one
    const json greed = parsed(program::run({"verify", "greed", "horizon", "--model", file, "--json", "--set", "path=cond-ot", "tableau=euler"}));
    CHECK(ids_of(greed.at("rows")) == std::set<std::string>{"greed-corollary-4-1", "greed-theorem-4", "horizon"});
    for (const json& one : greed.at("left_out"))
        if (one.at("id") != "greed-flow-model") CHECK(one.at("why") == "it does not depend on tableau");
    const json regular = parsed(program::run({"verify", "greed", "--model", file, "--json"}));
    CHECK(ids_of(regular.at("left_out")) == std::set<std::string>{"greed-corollary-4-1", "greed-flow-model", "greed-proposition-2", "greed-theorem-3", "greed-theorem-4"});
    for (const json& one : regular.at("left_out"))
        CHECK(one.at("why").get<std::string>().find(one.at("id") == "greed-flow-model" ? "its density is not known" : "t = 1") != std::string::npos);
    CHECK(regular.at("as_predicted") == true);
    CHECK(ids_of(regular.at("rows")) == std::set<std::string>{"greed-exact-solution", "greed-theorem-1-1", "greed-theorem-1-2"});
    refuses({"verify", "horizon", "--model", file}, "horizon cannot be run");
    // a claim about any flow is told which part of it
    const json flow = parsed(program::run({"verify", "dflow-variation", "--model", file, "--json"}));
    CHECK(flow.at("as_predicted") == true);
    for (const json& row : flow.at("rows")) CHECK(row.at("subject").get<std::string>().find("followed from t = 1/20 to 99/100") != std::string::npos);
    refuses({"verify", "--model", network(scratch, "nowhere.safetensors", "x1", "none", 2)}, "--set path=NAME");
    refuses({"verify", "--model", network(scratch, "logits.safetensors", "logits", "none", 2)}, "no flow");
}

TEST_CASE("all claims on a network: what is run and what is left out are all there are") {
    const Scratch scratch;
    const std::string file = network(scratch, "small.safetensors", "velocity", "cond-ot", 2);
    const json told = parsed(program::run({"verify", "--model", file, "--json"}));
    CHECK(told.at("as_predicted") == true);
    CHECK(told.at("controls_noticed") == true);
    std::set<std::string> ids = ids_of(told.at("rows")), every;
    CHECK(ids_of(told.at("left_out")) == std::set<std::string>{"dflow-regulariser", "greed-flow-model", "reverse-is-transpose"});
    ids.merge(ids_of(told.at("left_out")));
    for (const json& claim : parsed(program::run({"list", "claims", "--json"}))) every.insert(claim.at("name"));
    CHECK(ids == every);
    for (const json& row : told.at("rows")) CHECK(row.at("subject").get<std::string>().find("small.safetensors") != std::string::npos);
}

TEST_CASE("claims that form matrices are left out of a wide network, and say so everywhere") {
    const Scratch scratch;
    const std::string file = network(scratch, "wide.safetensors", "velocity", "cond-ot", 100), out = scratch / "report";
    const auto words = std::vector<std::string>{"verify", "dflow-t", "adjointdeis", "--model", file};
    const json told = parsed(program::run(with(words, {"--json"})));
    CHECK(ids_of(told.at("left_out")) == std::set<std::string>{"dflow-theorem-4-1"});
    CHECK(told.at("left_out").at(0).at("why").get<std::string>().find("100 inputs") != std::string::npos);
    CHECK(ids_of(told.at("rows")) == std::set<std::string>{"adjointdeis-1"});
    const auto outcome = program::run(with(words, {"--out", out}));
    CHECK(outcome.status == 0);
    CHECK(outcome.out.find("dflow-theorem-4-1: left out, it forms matrices") != std::string::npos);
    CHECK(outcome.out.find("1 claim left out") != std::string::npos);
    for (const char* name : {"report.html", "table.tex"})
        CHECK(program::read(fs::path(out) / name).find("dflow-theorem-4-1 was left out") != std::string::npos);
    refuses({"verify", "dflow-t", "--model", file}, "no claim can be run");
}

TEST_CASE("rows of a network that changed are computed again") {
    const Scratch scratch;
    const std::string file = network(scratch, "own.safetensors", "velocity", "cond-ot", 2), out = scratch / "report";
    const auto words = std::vector<std::string>{"verify", "greed-theorem-1-1", "--model", file, "--out", out};
    REQUIRE(program::run(words).status == 0);
    CHECK(program::run(words).out.find("known") != std::string::npos);
    const fs::path rows = fs::path(out) / "rows.jsonl";
    CHECK(lines_of(program::read(rows)) == 2);
    std::string bytes = program::read(file);
    bytes[bytes.size() - 2] = '\x40';  // the last number of b is another one
    std::ofstream(file, std::ios::binary) << bytes;
    const auto again = program::run(words);
    CHECK(again.status == 0);
    CHECK(again.out.find("known") == std::string::npos);
    CHECK(lines_of(program::read(rows)) == 4);
    // the report is of the network that is asked about
    const std::string table = program::read(fs::path(out) / "table.tex");
    CHECK(program::run(words).out.find("known") != std::string::npos);
    CHECK(program::read(fs::path(out) / "table.tex") == table);
}

TEST_CASE("a network that cannot be read is refused in one sentence") {
    const Scratch scratch;
    const std::string whole = program::read(model("moons.safetensors"));
    for (const std::size_t size : {std::size_t{0}, std::size_t{4}, std::size_t{300}, whole.size() - 1}) {
        std::ofstream(scratch / "cut.safetensors", std::ios::binary) << whole.substr(0, size);
        refuses({"verify", "--model", scratch / "cut.safetensors"}, "cut.safetensors");
    }
    refuses({"verify", "--model", network(scratch, "whole.safetensors", "velocity", "cond-ot", 2, "I32")}, "whole.safetensors");
    refuses({"verify", "--model", scratch.path().string()}, scratch.path().filename().string());
    refuses({"verify", "--model", scratch / "missing.safetensors"}, "missing.safetensors");
    refuses({"verify", "--model", ""}, "--model");
    refuses({"verify", "--model", model("moons.safetensors"), "--set", "dim=3"}, "its own dimension");
    refuses({"verify", "--model", model("moons.safetensors"), "--set", "model=x"}, "");
}

TEST_CASE("claims that do not list the field that is set are left out") {
    const json told = parsed(program::run({"verify", "--set", "field=mixture-commuting", "dim=1", "--json"}));
    CHECK(ids_of(told.at("rows")) == std::set<std::string>{"dflow-likelihood", "dflow-theorem-4-1", "dflow-variation"});
    for (const json& row : told.at("rows")) CHECK(row.at("setting").get<std::string>().find("field=mixture-commuting dim=1") != std::string::npos);
    refuses({"verify", "tableau", "--set", "field=data-set"}, "field=data-set");
    refuses({"verify", "zero-weight", "--set", "tableau=rk4"}, "the tableau 'rk4'");  // every weight of it is not 0
    refuses({"verify", "there-and-back", "--set", "tableau=tsitouras"}, "the coefficients of the tableau 'tsitouras' are decimals");
    refuses({"verify", "dto-order", "--set", "tableau=verner-87"}, "of order 8 needs");
    refuses({"verify", "tableau-order", "--set", "tableau=gragg:12"}, "of order 12 needs");
    for (const char* name : {"tsitouras", "verner-65", "gragg:4"}) {
        const json trees = parsed(program::run({"verify", "tableau-order", "--set", std::string("tableau=") + name, "field=linear", "dim=1", "--json"}));
        CHECK(trees.at("rows").size() == 1);
        for (const auto& row : trees.at("rows")) CHECK((row.at("as_predicted") == true && row.at("control_noticed") == true));
    }
    const json some = parsed(program::run({"verify", "zero", "partner", "lambda", "--set", "tableau=rk4", "dim=1", "--json"}));
    CHECK(ids_of(some.at("rows")) == std::set<std::string>{"lambda-delta", "partner-order"});
    refuses({"verify", "--set", "field=network"}, "--model");
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
    refuses({"verify", "--set", "path=polynomial:20"}, "polynomial:6");
    refuses({"verify", "dflow-regulariser", "--model", model("moons.safetensors")}, "no flow enters");
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
