// The networks of ../shared from their ONNX files: PyTorch's exporter wrote these, PyTorch's own answers in double precision are the goldens.
#include "nn/check.hpp"
#include "nn/onnx/import.hpp"
#include "nn/weights.hpp"
#include "tests/nn/temporary.hpp"
#include "tests/nn/torch_float32.hpp"

#include <catch2/catch.hpp>

#include <iostream>
#include <set>

using namespace costate::nn;

namespace {

const std::filesystem::path models = std::filesystem::path(COSTATE_SHARED_DIR) / "data/models";

bool absent() {
    if (std::filesystem::exists(models / "moons.onnx")) return false;
    std::cout << "SKIPPED: there is no " << (models / "moons.onnx").string() << "\n";
    return true;
}

std::set<std::string> ops(const Network& network) {
    std::set<std::string> names;
    for (const Layer& layer : network.description.layers) names.insert(layer.op);
    return names;
}

/// Layers but for reshapes, and θ's names without what they all begin with.
void same_network(const Network& imported, const Network& described) {
    CHECK(imported.parameter_count() == described.parameter_count());
    CHECK(imported.parameters.size() == described.parameters.size());
    CHECK(imported.description.input_shape == described.description.input_shape);
    CHECK(imported.description.parametrisation == described.description.parametrisation);
    for (const Weight& weight : described.parameters) {
        const Weight* found = imported.find_parameter("model." + weight.name);
        INFO(weight.name);
        REQUIRE(found != nullptr);
        CHECK(found->values == weight.values);
    }
}

const std::vector<std::pair<std::string, std::size_t>> expected{{"moons", 20},        {"gmm2", 20},       {"digits", 10},
                                                                {"mnist_vp_eps", 11}, {"mnist_unet", 83}, {"mnist_classifier", 11}};

}  // namespace

TEST_CASE("networks from ONNX files agree with PyTorch as those from network files do, and have the same layers and weights") {
    if (absent()) return;
    const TemporaryFolder folder;
    for (const auto& [model, count] : expected) {
        const Network network = load_network(models / (model + ".onnx"));
        same_network(network, load_network(models / (model + ".safetensors")));
        save_network(network, folder / "converted.safetensors", {}, std::nullopt);
        for (const Network& n : {network, load_network(folder / "converted.safetensors")}) {
            const auto rows = check_network(n, Golden(n, models / (model + ".golden.safetensors")));
            CHECK(rows.size() == 2 * count);
            for (const CheckRow& row : rows) {
                INFO(model << " " << row.quantity << " " << row.precision << " " << row.max_error);
                CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch_float32.at(model).at(row.quantity)));
            }
        }
    }
}

TEST_CASE("what exporters write as several operators is one layer: SiLU, group normalisation, numbers added to channels, the embedding of time") {
    if (absent()) return;
    const std::set<std::string> unet{"add", "add_channel", "concat", "conv2d", "groupnorm", "linear", "silu", "time_embedding", "upsample_nearest"};
    CHECK(ops(load_network(models / "mnist_unet.onnx")) == unet);
    CHECK(ops(load_network(models / "moons.onnx")) == std::set<std::string>{"concat", "linear", "silu"});
    for (const auto& [model, rows] : expected)
        CHECK(load_network(models / (model + ".onnx")).description.layers.size() ==
              load_network(models / (model + ".safetensors")).description.layers.size());
}

TEST_CASE("negative control: the answers of one ONNX network are not those of another") {
    if (absent()) return;
    const Network moons = load_network(models / "moons.onnx");
    for (const CheckRow& row : check_network(moons, Golden(load_network(models / "gmm2.onnx"), models / "gmm2.golden.safetensors")))
        CHECK(row.agrees == (row.quantity == "theta_bar.6.bias"));
    CHECK_THROWS_AS(Golden(moons, models / "digits.golden.safetensors"), GoldenError);
}
