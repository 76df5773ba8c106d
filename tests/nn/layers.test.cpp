// Layers on images, each by itself, against PyTorch: layers.golden.safetensors, float64 answers of PyTorch 2.15 written by
// tools/layer_goldens.py (seed 20261122).
#include "nn/check.hpp"
#include "nn/network.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace costate;
using namespace costate::nn;

namespace {

const std::filesystem::path goldens = std::filesystem::path(COSTATE_SOURCE_DIR) / "tests/nn/layers.golden.safetensors";

std::vector<std::string> names(const SafetensorsFile& file) {
    std::vector<std::string> result;
    for (const auto& [key, text] : file.metadata())
        if (key.ends_with(".architecture")) result.push_back(key.substr(0, key.find('.')));
    return result;
}

/// The rows of `costate check` for one case; `change` may alter its architecture.
template <class Change>
std::vector<CheckRow> rows_of(const SafetensorsFile& file, const std::string& name, const TemporaryFolder& folder, Change change) {
    std::vector<TensorToWrite> network, golden;
    for (const TensorEntry& tensor : file.tensors()) {
        if (!tensor.name.starts_with(name + "/")) continue;
        const std::string own = tensor.name.substr(name.size() + 1);
        (own.starts_with("/") ? golden : network).push_back({own.starts_with("/") ? own.substr(1) : own, file.values(tensor.name), DType::f64});
    }
    std::string architecture = file.metadata().at(name + ".architecture");
    change(architecture);
    write_safetensors(folder / "case.safetensors", network, network_metadata(architecture, file.metadata().at(name + ".input_shape"), "logits"));
    write_safetensors(folder / "case.golden.safetensors", golden, {});
    const Network loaded = load_network(folder / "case.safetensors");
    return check_network(loaded, Golden(loaded, folder / "case.golden.safetensors"));
}

}  // namespace

TEST_CASE("layers on images are PyTorch's: values, products with the Jacobian from both sides, gradients of the weights") {
    const TemporaryFolder folder;
    const SafetensorsFile file(goldens);
    std::set<std::string> ops;
    for (const std::string& name : names(file)) {
        const auto rows = rows_of(file, name, folder, [](std::string&) {});
        CHECK(rows.size() >= 6);
        for (const CheckRow& row : rows) {
            INFO(name << " " << row.quantity << " " << row.precision << " " << row.max_error);
            CHECK(row.max_error <= (row.precision == "f64" ? 2e-15 : 1e-6));  // a few roundings on values of order one
        }
        for (const Layer& layer : load_network(folder / "case.safetensors").description.layers) ops.insert(layer.op);
    }
    for (const char* op : {"conv2d", "groupnorm", "add_channel", "upsample_nearest", "avg_pool2d", "concat_skip", "flatten"}) CHECK(ops.contains(op));
}

TEST_CASE("negative control: another geometry with the same shapes is noticed in every row") {
    const TemporaryFolder folder;
    const SafetensorsFile file(goldens);
    const auto replaced = [](std::string from, std::string to) {
        return [from, to](std::string& text) {
            REQUIRE(text.find(from) != std::string::npos);
            text.replace(text.find(from), from.size(), to);
        };
    };
    // ε of a norm, and the order of what is joined
    for (const CheckRow& row : rows_of(file, "groupnorm-silu", folder, replaced("0.001", "0.002"))) CHECK((row.max_error > 1e-5 || row.quantity == "theta_bar.bias"));
    for (const CheckRow& row : rows_of(file, "concat-skip", folder, replaced(R"("h", "x", "h")", R"("h", "h", "x")"))) CHECK(row.max_error > 1e-2);
    CHECK(rows_of(file, "conv-dilated", folder, replaced(R"("dilation": 2, "padding": 2)", R"("dilation": 1, "padding": 1)")).front().max_error > 1e-2);
}
