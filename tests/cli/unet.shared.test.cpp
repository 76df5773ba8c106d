// study and verify on a U-Net of images that another program exported, from either kind of file.
#include "program.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

namespace {

using json = nlohmann::json;

const std::filesystem::path models = std::filesystem::path(COSTATE_SHARED_DIR) / "data/models";

bool absent() {
    if (std::filesystem::exists(models / "mnist_unet.onnx")) return false;
    std::cout << "SKIPPED: there is no " << (models / "mnist_unet.onnx").string() << "\n";
    return true;
}

}  // namespace

TEST_CASE("a U-Net is studied from either file: the same errors, of midpoint's order") {
    if (absent()) return;
    std::vector<std::vector<double>> errors;
    for (const char* file : {"mnist_unet.onnx", "mnist_unet.safetensors"}) {
        const auto outcome = program::run({"study", (models / file).string(), "--t1", "0.25", "--methods", "dto", "--tableaus", "midpoint", "--steps", "2,4",
                                           "--precisions", "f64", "--digits", "4", "--json"});
        REQUIRE(outcome.status == 0);
        std::vector<double>& of_file = errors.emplace_back();
        const json report = json::parse(outcome.out);
        for (const json& row : report.at("rows")) of_file.push_back(row.at("error").get<double>());
    }
    REQUIRE(errors[0].size() == 2);
    for (std::size_t i = 0; i < 2; ++i) CHECK(errors[0][i] == Approx(errors[1][i]).epsilon(1e-6));
    CHECK(errors[0][0] < 0.02);
    CHECK(errors[0][1] < errors[0][0] / 2.5);
}

TEST_CASE("of the claims on a U-Net the shortest is run unasked, and the others are named") {
    if (absent()) return;
    const auto outcome = program::run({"verify", "--model", (models / "mnist_unet.safetensors").string(), "--json"});
    CHECK(outcome.status == 0);
    const json report = json::parse(outcome.out);
    CHECK(report.at("as_predicted") == true);
    CHECK(report.at("controls_noticed") == true);
    REQUIRE(report.at("rows").size() == 1);
    CHECK(report.at("rows").at(0).at("id") == "horizon");
    CHECK(report.at("left_out").size() == 26);
}
