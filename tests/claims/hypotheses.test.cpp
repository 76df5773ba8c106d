// Hypotheses about fields: what is smooth is found to be, and a network with a kink is refused by the name of its layer.
#include "claims/hypotheses.hpp"
#include "claims/subjects.hpp"
#include "nn/layers/layer.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string_view>

using namespace costate;
using namespace costate::claims;

namespace {

// tanh, then `op`, between two linear layers.
Setting network(const TemporaryFolder& folder, const std::string& op) {
    const std::string layers =
        R"([{"op": "concat_time", "in": ["x", "t"], "out": "xt"}, )"
        R"({"op": "linear", "in": ["xt"], "out": "a", "weight": "w", "bias": "b"}, )"
        R"({"op": "tanh", "in": ["a"], "out": "s"}, {"op": ")" +
        op + R"(", "in": ["s"], "out": "bent"}, {"op": "linear", "in": ["bent"], "out": "u", "weight": "v", "bias": "c"}])";
    const std::vector<nn::TensorToWrite> tensors{waves("w", {4, 3}), waves("b", {4}), waves("v", {2, 4}), waves("c", {2})};
    const auto file = folder / (op + ".safetensors");
    nn::write_safetensors(file, tensors, network_metadata(layers));
    Setting setting;
    setting.set("model", file.string());
    return setting;
}

}  // namespace

TEST_CASE("the fields of the subjects are smooth on every path") {
    for (const std::string_view field : field_names()) {
        if (field == "network") continue;
        for (const std::string& path : all_paths("cond-ot")) {
            for (const char* dim : {"1", "3"}) {
                Setting setting;
                setting.set("field", field);
                setting.set("path", path);
                setting.set("dim", dim);
                const Hypothesis found = smoothness(setting);
                INFO(field << " on " << path << ": " << found.found);
                CHECK(found.holds);
                CHECK(found.decides);
                CHECK(found.text == "the field is $C^{2}$");
            }
        }
    }
}

TEST_CASE(
    "a network of smooth layers is smooth, one with a kink is not, and "
    "the layer is named") {
    const TemporaryFolder folder;
    CHECK(smoothness(network(folder, "silu"), 9).holds);
    const Setting kinked = network(folder, "relu");
    const Hypothesis refused = smoothness(kinked);
    CHECK_FALSE(refused.holds);
    CHECK(refused.found.find("layer 3 ('bent') is relu") != std::string::npos);
    CHECK(smoothness(kinked, 0).holds);
    CHECK_FALSE(smoothness(kinked, 1).holds);
    Setting without = kinked;
    without.model.reset();
    CHECK_THROWS_AS(smoothness(without), std::invalid_argument);
}

TEST_CASE("derivatives are known of every op that a network may have, but for those that jump or are not defined everywhere") {
    const std::set<std::string_view> without{"floor", "ceil", "round", "sign", "less", "less_equal", "equal", "where", "embedding", "log", "sqrt", "div", "power", "pow"};
    for (const nn::LayerKind& kind : nn::layer_kinds()) {
        INFO(kind.name);
        CHECK(derivatives_of_op(kind.name).has_value() != without.contains(kind.name));
    }
    CHECK_FALSE(derivatives_of_op("fourier").has_value());
}
