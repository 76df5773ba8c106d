// Running claims made by hand: what is run, what becomes of what is thrown, threads, known rows, and files that somebody damaged.
#include "claims/verify.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace {

using namespace costate::claims;
namespace fs = std::filesystem;

// Σ_k 1/(k + dim + seed), summed in a fixed order: a number that depends on the setting.
double number_of(const Setting& setting) {
    double sum = 0;
    for (int k = 1; k < 2000; ++k) sum += 1.0 / (k + static_cast<double>(setting.dim) + static_cast<double>(setting.seed));
    return sum;
}

Evidence evidence_of(const Setting& setting, bool holds) {
    const double value = number_of(setting);
    return {.subject = "a sum, tableau " + setting.tableau.name,
            .hypotheses = {{"$d \\ge 1$", "d = " + std::to_string(setting.dim), true}},
            .findings = {{"sum", "larger than 0", std::to_string(value), "± 1e-9", Proof::bound, holds},
                         {"order", "1", "1", "exact", Proof::exact, true}},
            .figures = {{"a figure", "x", "y", true, false, {{"curve", {1, 2}, {value, std::numeric_limits<double>::quiet_NaN()}, {}}}}}};
}

Reading reading_of(std::string name, bool expected, bool own, bool controlled) {
    return {.name = std::move(name),
            .statement = "$\\sum > 0$",
            .expected = always(expected),
            .run = [own](const Setting& setting) { return evidence_of(setting, own); },
            .control = {"one is subtracted", "sum", [controlled](const Setting& setting) { return evidence_of(setting, controlled); }}};
}

Claim claim_of(std::string id, std::vector<Reading> readings) {
    Claim claim{.id = std::move(id), .title = "A sum", .source = "Nobody 1900, Theorem 1", .explanation = "It is summed.", .readings = std::move(readings)};
    claim.axes.tableaus = {"midpoint", "rk4", "euler"};
    claim.axes.fields = {"polynomial", "linear"};
    claim.axes.dims = {2, 3};
    claim.axes.seed = true;
    return claim;
}

std::vector<Claim> good_claims() {
    std::vector<Claim> claims;
    claims.push_back(claim_of("sum-one", {reading_of("printed", false, false, true), reading_of("precise", true, true, false)}));
    claims.push_back(claim_of("sum-two", {reading_of("precise", true, true, false)}));
    return claims;
}

std::vector<const Claim*> pointers(const std::vector<Claim>& claims) {
    std::vector<const Claim*> all;
    for (const Claim& claim : claims) all.push_back(&claim);
    return all;
}

VerifyRow only_row(const Claim& claim, const std::vector<Wish>& wishes = {}) {
    const Claim* one = &claim;
    const auto tasks = verify_tasks({&one, 1}, wishes, Coverage::quick);
    REQUIRE(tasks.size() == 1);
    return run(tasks[0]);
}

std::string timeless(VerifyRow row) {
    row.seconds = 0;
    return to_json_line(row);
}

std::string refusal(const std::function<void()>& f) {
    try {
        f();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "nothing was thrown";
}

class Scratch {
public:
    Scratch() {
        std::string name = (fs::temp_directory_path() / "costate-claims-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("no scratch directory");
        path_ = name;
    }
    ~Scratch() { fs::remove_all(path_); }
    [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }

private:
    fs::path path_;
};

std::string read(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("evidence holds when everything in it does, and its proof is the weakest that decides") {
    Evidence evidence;
    CHECK_FALSE(evidence.holds());  // nothing was found
    CHECK(evidence.proof() == Proof::illustration);
    evidence.findings = {{"a", "", "", "", Proof::exact, true}, {"b", "", "", "", Proof::slope, true}};
    CHECK(evidence.holds());
    CHECK(evidence.proof() == Proof::slope);
    evidence.findings[0].holds = false;
    CHECK_FALSE(evidence.holds());
    CHECK(evidence.proof() == Proof::exact);
    CHECK(evidence.holds("b"));
    CHECK_FALSE(evidence.holds("a"));
    CHECK_THROWS_AS(evidence.holds("c"), std::out_of_range);
    evidence.findings[0].holds = true;
    evidence.hypotheses = {{"$\\sigma_1 = 0$", "it is 0.01", false}};
    CHECK_FALSE(evidence.holds());
    CHECK_FALSE(evidence.holds("$\\sigma_1 = 0$"));
    CHECK(evidence.proof() == Proof::slope);
    std::set<std::string> names;
    for (const Proof proof : {Proof::exact, Proof::coefficient, Proof::slope, Proof::bound, Proof::statistics, Proof::illustration}) {
        names.insert(name(proof));
        names.insert(meaning(proof));
    }
    CHECK(names.size() == 12);
}

TEST_CASE("a row says what the evidence says") {
    const VerifyRow good = only_row(claim_of("sum", {reading_of("precise", true, true, false)}), {{"dim", "3"}, {"seed", "5"}});
    CHECK(good.setting == "tableau=midpoint field=polynomial dim=3 seed=5");
    CHECK(good.holds);
    CHECK(good.as_predicted);
    CHECK(good.control_noticed);
    CHECK(good.predicted == "larger than 0; 1");
    CHECK(good.proof == Proof::bound);
    CHECK(good.subject == "a sum, tableau midpoint");

    const VerifyRow fails_as_expected = only_row(claim_of("sum", {reading_of("printed", false, false, true)}));
    CHECK(fails_as_expected.comes_out());
    CHECK_FALSE(fails_as_expected.holds);
    CHECK(fails_as_expected.predicted == "larger than 0");

    const VerifyRow wrong = only_row(claim_of("sum", {reading_of("precise", true, false, true)}));
    CHECK_FALSE(wrong.as_predicted);
    const VerifyRow blind = only_row(claim_of("sum", {reading_of("precise", true, true, true)}));
    CHECK(blind.as_predicted);
    CHECK_FALSE(blind.control_noticed);
    CHECK_FALSE(blind.comes_out());
}

TEST_CASE("what is thrown becomes a row that is not as predicted") {
    const auto thrower = [](const Setting&) -> Evidence { throw std::domain_error("the path has no values in this scalar"); };
    for (const bool expected : {true, false}) {  // also where the reading is expected not to hold
        Claim claim = claim_of("sum", {reading_of("precise", expected, true, false)});
        claim.readings[0].run = thrower;
        const VerifyRow row = only_row(claim);
        CHECK_FALSE(row.holds);
        CHECK_FALSE(row.as_predicted);
        CHECK_FALSE(row.control_noticed);
        CHECK(row.measured == "the path has no values in this scalar");
        CHECK(verify_row_from_json_line(to_json_line(row)).has_value());
    }
    Claim claim = claim_of("sum", {reading_of("precise", true, true, false)});
    claim.readings[0].control.run = thrower;
    const VerifyRow control = only_row(claim);
    CHECK(control.as_predicted);
    CHECK_FALSE(control.control_noticed);
    CHECK(control.control_evidence.findings.at(0).name == "error");
    claim = claim_of("sum", {reading_of("precise", true, true, false)});
    claim.readings[0].control.noticed_by = "a finding that nobody made";
    CHECK(only_row(claim).control_evidence.findings.at(0).measured.find("a finding that nobody made") != std::string::npos);
    claim.readings[0].run = [](const Setting&) -> Evidence { throw 1; };
    CHECK_FALSE(only_row(claim).as_predicted);
    claim = claim_of("sum", {reading_of("precise", true, true, false)});
    claim.readings[0].expected = [](const Setting&) -> bool { throw std::runtime_error("nobody knows"); };
    CHECK(only_row(claim).measured == "nobody knows");
}

TEST_CASE("coverage and wishes choose the settings") {
    const Claim claim = claim_of("sum", {reading_of("precise", true, true, false)});
    CHECK(settings_of(claim, {}, Coverage::quick).size() == 1);
    CHECK(settings_of(claim, {}, Coverage::pairwise).size() == 6);
    CHECK(settings_of(claim, {}, Coverage::exhaustive).size() == 12);
    const std::vector<Wish> wishes = {{"tableau", "rk4"}, {"seed", "9"}};
    const auto some = settings_of(claim, wishes, Coverage::exhaustive);
    CHECK(some.size() == 4);
    for (const Setting& setting : some) {
        CHECK(setting.tableau.name == "rk4");
        CHECK(setting.seed == 9);
    }
    CHECK(refusal([&] { (void)settings_of(claim, std::vector<Wish>{{"path", "cosine"}}, Coverage::quick); }).find("tableau, field, dim, seed") != std::string::npos);
    CHECK(refusal([&] { (void)settings_of(claim, std::vector<Wish>{{"field", "mixture"}}, Coverage::quick); }).find("polynomial, linear") != std::string::npos);
    CHECK(refusal([&] { (void)settings_of(claim, std::vector<Wish>{{"dim", "11"}}, Coverage::quick); }).find("from 1 to 10") != std::string::npos);
    CHECK(refusal([&] { (void)settings_of(claim, std::vector<Wish>{{"model", "x.safetensors"}}, Coverage::quick); }).find("model") != std::string::npos);
    CHECK(refusal([] { (void)wish_from("dim"); }).find("key=value") != std::string::npos);
    CHECK(refusal([] { (void)wish_from("=3"); }).find("key=value") != std::string::npos);
    CHECK(refusal([] { (void)wish_from("colour=red"); }).find("colour") != std::string::npos);
    Claim on_networks = claim;
    on_networks.axes.model = true;
    const auto network = settings_of(on_networks, std::vector<Wish>{{"model", "x.safetensors"}}, Coverage::exhaustive);
    CHECK(network.size() == 3);  // tableaus; field and dimension are the network's
    for (const Setting& setting : network) CHECK((setting.field == "network" && setting.text("model") == "x.safetensors"));
    CHECK(refusal([&] { (void)settings_of(on_networks, std::vector<Wish>{{"field", "network"}}, Coverage::quick); }).find("--model") != std::string::npos);
}

TEST_CASE("the rows are the same for any number of threads and in the order of the tasks") {
    const auto claims = good_claims();
    const auto tasks = verify_tasks(pointers(claims), {}, Coverage::exhaustive);
    REQUIRE(tasks.size() == 36);
    std::vector<std::string> first;
    for (const std::size_t threads : {std::size_t{1}, std::size_t{2}, std::size_t{0}}) {
        std::vector<std::string> lines;
        std::size_t kept = 0, told = 0;
        VerifyOptions options;
        options.threads = threads;
        options.keep = [&](const VerifyRow&) { ++kept; };
        options.event = [&](const VerifyEvent& event) {
            if (event.kind == VerifyEvent::Kind::row_is_done) CHECK(event.done == ++told);
        };
        for (const VerifyRow& row : verify(tasks, options)) lines.push_back(timeless(row));
        CHECK(kept == tasks.size());
        CHECK(told == tasks.size());
        if (first.empty()) first = lines;
        CHECK(lines == first);
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) CHECK(verify_row_from_json_line(first[i])->setting == tasks[i].setting_text);
    CHECK(tasks[0].reading->name == "printed");
    CHECK(tasks[1].reading->name == "precise");
    CHECK(command_of(tasks[0]) == "costate verify sum-one --set tableau=midpoint field=polynomial dim=2 seed=0");
}

TEST_CASE("a reading is first run in the setting that shows it, unless something else is wished") {
    std::vector<Claim> claims = good_claims();
    claims[0].readings[0].shown = "tableau=euler";
    const auto all = pointers(claims);
    const auto tableaus = [&](const std::vector<Wish>& wishes, Coverage coverage, const char* reading) {
        std::vector<std::string> names;
        for (const VerifyTask& task : verify_tasks(all, wishes, coverage))
            if (task.claim->id == "sum-one" && task.reading->name == reading) names.push_back(task.setting.tableau.name);
        return names;
    };
    CHECK(tableaus({}, Coverage::quick, "printed") == std::vector<std::string>{"euler"});
    CHECK(tableaus({}, Coverage::quick, "precise") == std::vector<std::string>{"midpoint"});
    CHECK(tableaus({{"dim", "3"}}, Coverage::quick, "printed") == std::vector<std::string>{"euler"});
    CHECK(tableaus({{"tableau", "rk4"}}, Coverage::quick, "printed") == std::vector<std::string>{"rk4"});
    for (const Coverage coverage : {Coverage::pairwise, Coverage::exhaustive}) {
        const auto printed = tableaus({}, coverage, "printed"), precise = tableaus({}, coverage, "precise");
        CHECK(printed.front() == "euler");
        CHECK(precise.front() == "midpoint");
        std::set<std::string> once;
        for (const VerifyTask& task : verify_tasks(all, {}, coverage)) CHECK(once.insert(task.claim->id + task.reading->name + task.setting_text).second);
        CHECK(std::set(printed.begin(), printed.end()) == std::set(precise.begin(), precise.end()));
    }
}

TEST_CASE("known rows are not computed again, those of another program are, and a stop keeps what there is") {
    auto claims = good_claims();
    std::atomic<int> computed = 0;
    for (Claim& claim : claims)
        for (Reading& reading : claim.readings)
            reading.run = [&computed, own = reading.run](const Setting& setting) {
                ++computed;
                return own(setting);
            };
    const auto tasks = verify_tasks(pointers(claims), {}, Coverage::quick);
    VerifyOptions options;
    options.fingerprint = "one";
    const auto rows = verify(tasks, options);
    REQUIRE(computed == 3);
    options.known = {rows.data(), 2};
    CHECK(verify(tasks, options).size() == 3);
    CHECK(computed == 4);
    options.fingerprint = "another";
    CHECK(verify(tasks, options).size() == 3);
    CHECK(computed == 7);
    options.fingerprint = "one";
    options.threads = 1;
    options.stop = [] { return true; };
    const auto stopped = verify(tasks, options);
    CHECK(stopped.size() == 2);
    CHECK(reported(tasks, stopped).size() == 1);
    const auto told = reported(tasks, rows);
    REQUIRE(told.size() == 2);
    CHECK(told[0].claim->id == "sum-one");
    CHECK(told[0].readings.size() == 2);
    CHECK(told[1].readings.at(0).own.findings.size() == 2);
    // what keep throws ends the run
    options.known = {};
    options.stop = {};
    options.keep = [](const VerifyRow&) { throw std::runtime_error("the disk is full"); };
    CHECK(refusal([&] { (void)verify(tasks, options); }) == "the disk is full");
}

TEST_CASE("a row survives its line of JSON, and what is no whole row is nothing") {
    const VerifyRow row = only_row(claim_of("sum", {reading_of("precise", true, true, false)}));
    const std::string line = to_json_line(row);
    CHECK(line.find('\n') == std::string::npos);
    const auto again = verify_row_from_json_line(line);
    REQUIRE(again.has_value());
    CHECK(to_json_line(*again) == line);
    CHECK(again->evidence.figures.at(0).curves.at(0).measured.at(0) == row.evidence.figures[0].curves[0].measured[0]);
    CHECK(std::isnan(again->evidence.figures[0].curves[0].measured.at(1)));
    for (const char* key : {"id", "source", "reading", "expected", "holds", "as_predicted", "control_noticed", "predicted", "measured", "proof", "subject"}) {
        std::string other = line;
        const std::string quoted = "\"" + std::string(key) + "\":";
        other.replace(other.find(quoted), quoted.size(), "\"x\":");
        CHECK_FALSE(verify_row_from_json_line(other).has_value());
    }
    for (std::size_t size = 0; size < line.size(); size += 7) CHECK_FALSE(verify_row_from_json_line(line.substr(0, size)).has_value());
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string other = line;
        REQUIRE(other.find(from) != std::string::npos);
        return verify_row_from_json_line(other.replace(other.find(from), from.size(), to)).has_value();
    };
    CHECK(changed("Nobody", "Somebody"));
    CHECK_FALSE(changed("\"holds\":true", "\"holds\":false"));  // not what its evidence says
    CHECK_FALSE(changed("\"expected\":true", "\"expected\":false"));
    CHECK_FALSE(changed("\"expected\":true", "\"expected\":1"));
    CHECK_FALSE(changed("\"proof\":\"bound\"", "\"proof\":\"exact\""));
    CHECK_FALSE(changed("\"proof\":\"bound\"", "\"proof\":\"faith\""));
    CHECK_FALSE(changed("\"x\":[1.0,2.0]", "\"x\":[1.0]"));
    CHECK_FALSE(changed("\"x\":[1.0,2.0]", "\"x\":[1.0,\"2\"]"));
    for (const char* other : {"", "{}", "[]", "null", "3", "\"row\"", "{\"id\":\"sum\"}"}) CHECK_FALSE(verify_row_from_json_line(other).has_value());
    CHECK_FALSE(verify_row_from_json_line(std::string(100'000, '[')).has_value());
}

TEST_CASE("a directory keeps whole rows once and drops the rest") {
    const Scratch scratch;
    const fs::path out = scratch / "report";
    VerifyRow row = only_row(claim_of("sum", {reading_of("precise", true, true, false)})), other = row;
    other.reading = "printed";
    {
        VerifyDirectory directory(out);
        CHECK(directory.rows().empty());
        directory.append(row);
        CHECK(refusal([&] { VerifyDirectory second(out); }).find("another verification is writing") != std::string::npos);
    }
    const std::string whole = read(out / "rows.jsonl");
    std::ofstream(out / "rows.jsonl", std::ios::app) << to_json_line(row) << "\n{\"id\": 3}\n\xff\xfe\n" << to_json_line(other) << "\n" << to_json_line(other).substr(0, 50);
    {
        VerifyDirectory directory(out);
        CHECK(directory.rows().size() == 2);
        CHECK(directory.dropped_lines() == 4);
    }
    CHECK(read(out / "rows.jsonl") == whole + to_json_line(other) + "\n");
    std::ofstream(scratch / "file") << "x";
    CHECK(refusal([&] { VerifyDirectory directory(scratch / "file"); }).find("is a file") != std::string::npos);
    fs::create_directory(scratch / "letters");
    std::ofstream(scratch / "letters" / "letter.txt") << "x";
    CHECK(refusal([&] { VerifyDirectory directory(scratch / "letters"); }).find("holds files but no verification") != std::string::npos);
    {
        VerifyDirectory directory(scratch / "nothing");
        directory.abandon();
    }
    CHECK_FALSE(fs::exists(scratch / "nothing"));
}
