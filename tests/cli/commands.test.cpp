// What each command says when all is well.
#include "program.hpp"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include <set>

namespace {

using nlohmann::json;
using program::model;

json parsed(const program::Outcome& outcome) {
    INFO(outcome.error);
    REQUIRE(outcome.status == 0);
    return json::parse(outcome.out);
}

std::set<std::string> names(const json& list) {
    std::set<std::string> result;
    for (const auto& entry : list) result.insert(entry.at("name").get<std::string>());
    return result;
}

}  // namespace

TEST_CASE("every command has help with an example") {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"--help"}, {"info", "--help"}, {"convert", "--help"}, {"list", "--help"}, {"check", "--help"}, {"study", "--help"}, {"profile", "--help"},
             {"verify", "--help"}}) {
        const auto outcome = program::run(words);
        CHECK(outcome.status == 0);
        CHECK(outcome.out.find("Example:\n  costate ") != std::string::npos);
        CHECK(outcome.error.empty());
    }
    CHECK(program::run({"--version"}).out.starts_with("costate "));
}

TEST_CASE("info describes the bundled network") {
    const json about = parsed(program::run({"info", model("moons.safetensors"), "--json"}));
    CHECK(about.at("parametrisation") == "velocity");
    CHECK(about.at("path") == "cond-ot");
    CHECK(about.at("input_shape") == json::array({2}));
    CHECK(about.at("smooth") == true);
    CHECK(about.at("weights").get<int>() > 1000);
    CHECK(program::run({"info", model("moons.safetensors")}).out.find("velocity") != std::string::npos);
}

TEST_CASE("info lists the layers with their shapes, weights and operations, and draws them") {
    const program::Scratch scratch;
    const json about = parsed(program::run({"info", model("moons.safetensors"), "--json", "--svg", scratch / "moons.svg"}));
    const json& graph = about.at("graph");
    REQUIRE(graph.size() == 8);
    CHECK(graph[1].at("op") == "linear");
    CHECK(graph[1].at("shape") == json::array({64}));
    CHECK(graph[1].at("weights") == 64 * 3 + 64);
    CHECK(graph[1].at("operations") == 2 * 64 * 3);
    const std::string picture = program::read(scratch / "moons.svg");
    CHECK(picture.starts_with("<svg xmlns"));
    CHECK(picture.ends_with("</svg>\n"));
    std::size_t boxes = 0;
    for (std::size_t at = picture.find("<g><title>"); at != std::string::npos; at = picture.find("<g><title>", at + 1)) ++boxes;
    CHECK(boxes == 10);  // x, t and eight layers
    CHECK(program::run({"info", model("moons.safetensors"), "--svg", scratch / "no/such/folder.svg"}).status == 2);
}

TEST_CASE("convert writes ONNX and reads it back: the goldens agree with all three files") {
    const program::Scratch scratch;
    REQUIRE(program::run({"convert", model("moons.safetensors"), scratch / "moons.onnx"}).status == 0);
    REQUIRE(program::run({"convert", scratch / "moons.onnx", scratch / "again.safetensors"}).status == 0);
    for (const char* file : {"moons.onnx", "again.safetensors"}) {
        const json report = parsed(program::run({"check", scratch / file, model("moons.golden.safetensors"), "--json"}));
        CHECK(report.at("agrees") == true);
        CHECK(report.at("rows").size() == parsed(program::run({"check", model("moons.safetensors"), model("moons.golden.safetensors"), "--json"})).at("rows").size());
    }
    CHECK(parsed(program::run({"info", scratch / "moons.onnx", "--json"})).at("path") == "cond-ot");
    CHECK(scratch.files() == 2);
    // controls: what is told is taken, what is senseless refused, and nothing is left behind
    CHECK(program::run({"convert", scratch / "moons.onnx", scratch / "eps.safetensors", "--parametrisation", "epsilon"}).status == 0);
    CHECK(parsed(program::run({"info", scratch / "eps.safetensors", "--json"})).at("parametrisation") == "epsilon");
    CHECK(program::run({"check", scratch / "moons.onnx", model("moons.golden.safetensors"), "--time", "when"}).error.find("\"when\"") != std::string::npos);
    CHECK(program::run({"convert", scratch / "moons.onnx", scratch / "x.safetensors", "--parametrisation", "score"}).status == 2);
    CHECK(scratch.files() == 3);
}

TEST_CASE("study, profile and guide take what an ONNX file leaves open, as if the file said so") {
    const program::Scratch scratch;
    REQUIRE(program::run({"convert", model("moons.safetensors"), scratch / "moons.onnx"}).status == 0);
    REQUIRE(program::run({"convert", scratch / "moons.onnx", scratch / "x1.safetensors", "--parametrisation", "x1"}).status == 0);
    const auto study = [](const std::string& file, std::vector<std::string> more) {
        std::vector<std::string> words{"study", file, "--path", "cond-ot", "--t0", "0.2", "--t1", "0.6", "--methods", "dto", "--tableaus", "rk4",
                                       "--steps", "4", "--precisions", "f64", "--digits", "6", "--samples", "1", "--json"};
        words.insert(words.end(), more.begin(), more.end());
        return parsed(program::run(words)).at("rows").at(0).at("error").get<double>();
    };
    const double told = study(scratch / "moons.onnx", {"--input", "x", "--time", "t", "--parametrisation", "x1"});
    CHECK(told == study(scratch / "x1.safetensors", {}));
    CHECK(told != study(scratch / "moons.onnx", {}));  // control: a velocity
    for (const char* command : {"study", "profile", "guide"})
        CHECK(program::run({command, scratch / "moons.onnx", "--time", "when"}).error.find("\"when\"") != std::string::npos);
}

TEST_CASE("verify takes what an ONNX file leaves open, and says how to run it again") {
    const program::Scratch scratch;
    REQUIRE(program::run({"convert", model("moons.safetensors"), scratch / "moons.onnx"}).status == 0);
    REQUIRE(program::run({"convert", scratch / "moons.onnx", scratch / "x1.safetensors", "--parametrisation", "x1"}).status == 0);
    const auto values = [](const std::string& file, std::vector<std::string> more) {
        std::vector<std::string> words{"verify", "grid-times", "--json", "--set", "path=cond-ot", "tableau=euler", "--model", file};
        words.insert(words.end(), more.begin(), more.end());
        const json row = parsed(program::run(words)).at("rows").at(0);
        CHECK(row.at("holds") == true);
        return std::pair{row.at("evidence").at("findings").back().at("predicted").get<std::string>(), row.at("setting").get<std::string>()};
    };
    const auto [told, setting] = values(scratch / "moons.onnx", {"--input", "x", "--time", "t", "--parametrisation", "x1"});
    CHECK(told == values(scratch / "x1.safetensors", {}).first);
    CHECK(told != values(scratch / "moons.onnx", {}).first);  // control: a velocity
    CHECK(setting.ends_with(" input=x time=t parametrisation=x1"));
    const std::string report = scratch / "report";
    REQUIRE(program::run({"verify", "grid-times", "--out", report, "--model", scratch / "moons.onnx", "--time", "t", "--set", "tableau=euler"}).status == 0);
    CHECK(program::read(report + "/report.html").find("moons.onnx --time t --set") != std::string::npos);
    CHECK(program::run({"verify", "--model", scratch / "moons.onnx", "--time", "when"}).error.find("\"when\"") != std::string::npos);
}

TEST_CASE("list names what there is") {
    CHECK(names(parsed(program::run({"list", "methods", "--json"}))) ==
          std::set<std::string>{"dto", "partner", "store-all", "states", "every", "sqrt", "binomial", "mixed", "two-level", "online", "memory", "backsolve", "stored-states",
                                "interpolating", "resolve", "forward", "mccallum-foster", "alf", "reversible-heun", "greedy", "look-ahead", "adjoint-deis-1",
                                "controlled", "sensitive"});
    const json tableaus = parsed(program::run({"list", "tableaus", "--json"}));
    CHECK(names(tableaus).contains("dormand-prince"));
    // orders are those of the literature (Hairer, Nørsett and Wanner I, chapter II)
    const std::map<std::string, int> order = {{"euler", 1}, {"midpoint", 2}, {"rk4", 4}, {"dormand-prince", 5},
                                              {"tsitouras", 5}, {"verner-65", 6}, {"verner-87", 8}, {"dop853", 8}, {"gragg:8", 8}, {"aitken-neville:5", 5}};
    for (const auto& [name, unused] : order) CHECK(names(tableaus).contains(name));
    for (const auto& entry : tableaus) {
        const auto known = order.find(entry.at("name").get<std::string>());
        if (known != order.end()) CHECK(entry.at("order") == known->second);
        CHECK(entry.at("exact") == (entry.at("name") != "tsitouras" && entry.at("name") != "dop853"));
    }
    const auto fields = names(parsed(program::run({"list", "fields", "--json"})));
    for (const char* field : {"lotka-volterra", "gaussian-mixture"}) CHECK(fields.contains(field));
    CHECK(names(parsed(program::run({"list", "ops", "--json"}))).contains("silu"));
}

TEST_CASE("check agrees with the bundled goldens and says so when it does not") {
    const json report = parsed(program::run({"check", model("moons.safetensors"), model("moons.golden.safetensors"), "--json"}));
    CHECK(report.at("agrees") == true);
    std::set<std::string> quantities;
    for (const auto& row : report.at("rows")) {
        CHECK(row.at("max_error").get<double>() <= (row.at("precision") == "f64" ? 1e-12 : 5e-4));
        CHECK(row.at("agrees") == true);
        quantities.insert(row.at("quantity").get<std::string>());
    }
    for (const char* quantity : {"u", "vjp", "jvp", "divergence", "midpoint3.grad_x0", "midpoint50.x1", "euler6.loss"}) CHECK(quantities.contains(quantity));
    // control: nothing agrees to 1e-300 but what is exact
    const auto strict = program::run({"check", model("moons.safetensors"), model("moons.golden.safetensors"), "--tolerance-f32", "1e-300"});
    CHECK(strict.status == 1);
    CHECK(strict.out.find("DISAGREES") != std::string::npos);
}
