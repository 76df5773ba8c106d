// Every layer written as ONNX and read again: the same values. What reads is proved by ONNX's own tests, what is written by this and by ONNX's
// checker, which every file passes on its way back.
#include "nn/network.hpp"
#include "nn/onnx/write.hpp"
#include "nn/weights.hpp"
#include "nn/write.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace costate;
using namespace costate::nn;

namespace {

std::vector<double> answer(const Network& network, double t) {
    autodiff::Tape<double> tape;
    std::vector<double> at, time{t};
    for (std::size_t i = 0; i < network.description.input_size; ++i) at.push_back(1.5 + std::sin(static_cast<double>(3 * i + 1)));
    const auto x = tape.input(at.size(), autodiff::Sharing::per_sample, "x", std::span<const double>(at));
    const auto time_var = tape.input(1, autodiff::Sharing::shared, "t", std::span<const double>(time));
    return record(network, tape, time_var, x).values();
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return INFINITY;
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return std::isnan(largest) ? INFINITY : largest;
}

/// Layers on x of 4 × 6 × 6 (the last writes u); words in capitals stand for the ops of a family.
const std::vector<std::string> cases{
    R"({"op":"OP","in":["x"],"out":"u"})",
    R"({"op":"affine","in":["x"],"out":"u","scale":-2,"shift":0.5})",
    R"({"op":"power","in":["x"],"out":"u","exponent":3})",
    R"({"op":"clamp","in":["x"],"out":"u","low":1,"high":2})",
    R"({"op":"clamp","in":["x"],"out":"u","high":2})",
    R"({"op":"relu","in":["x"],"out":"h"},{"op":"PAIR","in":["h","x"],"out":"u"})",
    R"({"op":"constant","in":[],"out":"c","value":"two"},{"op":"less","in":["x","c"],"out":"m"},{"op":"where","in":["m","c","x"],"out":"u"})",
    R"({"op":"parameter","in":[],"out":"c","value":"image"},{"op":"mul","in":["c","x"],"out":"u"})",
    R"({"op":"parameter","in":[],"out":"c","value":"six"},{"op":"sub","in":["x","c"],"out":"u"})",
    R"({"op":"conv2d","in":["x"],"out":"u","weight":"k","bias":"four","stride":[2,1],"padding":[1,0,2,1],"dilation":[1,2]})",
    R"({"op":"conv2d","in":["x"],"out":"u","weight":"half","groups":2,"padding":1})",
    R"({"op":"conv_transpose2d","in":["x"],"out":"u","weight":"k","bias":"four","stride":2,"padding":[1,0,0,1],"output_padding":[1,0]})",
    R"({"op":"groupnorm","in":["x"],"out":"u","weight":"four","bias":"other","groups":2,"eps":0.01})",
    R"({"op":"groupnorm","in":["x"],"out":"u","groups":4})",
    R"({"op":"layernorm","in":["x"],"out":"u","weight":"six","bias":"shift"})",
    R"({"op":"layernorm","in":["x"],"out":"u"})",
    R"({"op":"rmsnorm","in":["x"],"out":"u","weight":"six"})",
    R"({"op":"batchnorm","in":["x"],"out":"u","weight":"four","bias":"other","mean":"mean","variance":"variance"})",
    R"({"op":"max_pool2d","in":["x"],"out":"u","kernel":3,"stride":2,"padding":1,"ceil":1})",
    R"({"op":"max_pool2d","in":["x"],"out":"u","kernel":[2,3],"stride":1,"dilation":[2,1]})",
    R"({"op":"avg_pool2d","in":["x"],"out":"u","kernel":2})",
    R"({"op":"avg_pool2d","in":["x"],"out":"u","kernel":3,"stride":2,"padding":1,"count_padding":0})",
    R"({"op":"upsample_nearest","in":["x"],"out":"u","scale":2})",
    R"({"op":"resize","in":["x"],"out":"u","height":9,"width":4,"mode":"linear"})",
    R"({"op":"resize","in":["x"],"out":"u","height":5,"width":8,"mode":"nearest","coordinates":"asymmetric","rounding":"ceil"})",
    R"({"op":"resize","in":["x"],"out":"u","height":11,"width":3,"mode":"linear","coordinates":"align_corners"})",
    R"({"op":"flatten","in":["x"],"out":"h"},{"op":"linear","in":["h"],"out":"u","weight":"wide","bias":"four"})",
    R"({"op":"linear","in":["x"],"out":"u","weight":"square","bias":"six"})",
    R"({"op":"transpose","in":["x"],"out":"h","axes":[0,2,1]},{"op":"matmul","in":["x","h"],"out":"u"})",
    R"({"op":"parameter","in":[],"out":"c","value":"square"},{"op":"matmul","in":["c","x"],"out":"u"})",
    R"({"op":"reshape","in":["x"],"out":"h","shape":[12,12]},{"op":"transpose","in":["h"],"out":"u","axes":[1,0]})",
    R"({"op":"slice","in":["x"],"out":"u","axis":1,"begin":1,"count":3,"step":2})",
    R"({"op":"gather","in":["x"],"out":"u","axis":2,"indices":[5,0,0,3]})",
    R"({"op":"silu","in":["x"],"out":"h"},{"op":"concat","in":["x","h","x"],"out":"u","axis":2})",
    R"({"op":"silu","in":["x"],"out":"h"},{"op":"concat_skip","in":["h","x"],"out":"u"})",
    R"({"op":"sum","in":["x"],"out":"h","axes":[1]},{"op":"reshape","in":["h"],"out":"g","shape":[4,1,6]},{"op":"expand","in":["g"],"out":"u","shape":[4,3,6]})",
    R"({"op":"pad","in":["x"],"out":"u","before":[0,1,2],"after":[0,0,3],"value":0.25})",
    R"({"op":"OVER","in":["x"],"out":"u","axes":[0,2]})",
    R"({"op":"ALONG","in":["x"],"out":"u","axis":1})",
    R"({"op":"sin","in":["x"],"out":"h"},{"op":"attention","in":["x","h","x"],"out":"u"})",
    R"({"op":"attention","in":["x","x","x"],"out":"u","scale":0.3})",
    R"({"op":"tokens","in":["x"],"out":"h"},{"op":"linear","in":["h"],"out":"g","weight":"heads"},{"op":"self_attention","in":["g"],"out":"a","heads":2},{"op":"untokens","in":["a"],"out":"u","height":6,"width":6})",
    R"({"op":"time_embedding","in":["t"],"out":"e","frequencies":"two_numbers"},{"op":"add_channel","in":["x","e"],"out":"u"})",
    R"({"op":"embedding","in":["t"],"out":"e","weight":"table"},{"op":"add_channel","in":["x","e"],"out":"u"})",
    R"({"op":"flatten","in":["x"],"out":"h"},{"op":"concat_time","in":["h","t"],"out":"u"})",
};

const std::vector<std::pair<std::string, std::vector<std::string>>> families{
    {"OP", {"silu", "tanh", "gelu", "softplus", "relu", "sigmoid", "exp", "log", "sqrt", "sin", "cos", "erf", "abs", "floor", "ceil", "round", "sign"}},
    {"PAIR", {"add", "sub", "mul", "div", "maximum", "minimum", "pow", "less", "less_equal", "equal"}},
    {"OVER", {"sum", "mean", "max", "min", "prod"}},
    {"ALONG", {"softmax", "log_softmax"}}};

std::vector<TensorToWrite> tensors() {
    std::vector<TensorToWrite> all{waves("two", {1}),           waves("image", {4, 1, 6}), waves("six", {6}),       waves("k", {4, 4, 3, 2}),
                                   waves("half", {4, 2, 3, 3}), waves("four", {4}),        waves("other", {4}, 1),  waves("shift", {6}, 2),
                                   waves("mean", {4}, 3),       waves("variance", {4}),    waves("wide", {4, 144}), waves("square", {6, 6}),
                                   waves("heads", {12, 4}),     waves("two_numbers", {2}), waves("table", {5, 4})};
    for (TensorToWrite& tensor : all) tensor.dtype = DType::f32;
    all[9].values = xt::abs(all[9].values);
    return all;
}

std::vector<std::string> architectures() {
    std::vector<std::string> all;
    for (const std::string& text : cases) {
        const auto family =
            std::find_if(families.begin(), families.end(), [&](const auto& f) { return text.find('"' + f.first + '"') != std::string::npos; });
        if (family == families.end()) {
            all.push_back(text);
            continue;
        }
        for (const std::string& op : family->second) all.push_back(std::string(text).replace(text.find(family->first), family->first.size(), op));
    }
    return all;
}

}  // namespace

TEST_CASE("every layer keeps its values through ONNX and back, and through the text of an architecture") {
    const TemporaryFolder folder;
    std::set<std::string> seen;
    for (const std::string& layers : architectures()) {
        INFO(layers);
        write_safetensors(folder / "a.safetensors", tensors(), network_metadata("[" + layers + "]", "[4,6,6]", "logits"));
        const Network network = load_network(folder / "a.safetensors");
        for (const Layer& layer : network.description.layers) seen.insert(layer.op);
        write_onnx(folder / "b.onnx", network);
        const Network again = load_network(folder / "b.onnx");
        CHECK(distance(answer(again, 2), answer(network, 2)) < 2e-6);  // numbers of layers become floats
        CHECK(again.description.layers.back().out_shape == network.description.layers.back().out_shape);
        CHECK(again.description.parametrisation == "logits");
        CHECK(again.parameter_count() == network.parameter_count());
        save_network(network, folder / "c.safetensors", {}, std::nullopt);
        CHECK(answer(load_network(folder / "c.safetensors"), 2) == answer(network, 2));
    }
    for (const LayerKind& kind : layer_kinds()) {
        INFO(kind.name);
        CHECK(seen.contains(std::string(kind.name)));
    }
}

TEST_CASE("what is written as several operators is read as the one layer that it is") {
    const TemporaryFolder folder;
    const std::vector<std::pair<std::string, std::string>> whole{
        {"gelu", R"({"op":"gelu","in":["x"],"out":"u"})"},
        {"silu", R"({"op":"silu","in":["x"],"out":"u"})"},
        {"linear", R"({"op":"linear","in":["x"],"out":"u","weight":"square","bias":"six"})"},
        {"attention", R"({"op":"attention","in":["x","x","x"],"out":"u","scale":0.3})"},
        {"groupnorm", R"({"op":"groupnorm","in":["x"],"out":"u","weight":"four","bias":"other","groups":2})"},
        {"conv2d", R"({"op":"conv2d","in":["x"],"out":"u","weight":"half","bias":"four","groups":2,"padding":1})"},
        {"layernorm", R"({"op":"layernorm","in":["x"],"out":"u","weight":"six","bias":"shift"})"}};
    for (const auto& [op, layer] : whole) {
        write_safetensors(folder / "a.safetensors", tensors(), network_metadata("[" + layer + "]", "[4,6,6]", "logits"));
        const Network network = load_network(folder / "a.safetensors");
        write_onnx(folder / "b.onnx", network);
        const Network again = load_network(folder / "b.onnx");
        INFO(op << ": " << architecture_text(again.description));
        REQUIRE(again.description.layers.size() == 1);
        CHECK(again.description.layers[0].op == op);
        CHECK(again.description.layers[0].texts == network.description.layers[0].texts);  // the names of weights
    }
    // control: three times the gate of a GELU is none
    const std::string gate = R"({"op":"affine","in":["x"],"out":"a","scale":0.70710678},{"op":"erf","in":["a"],"out":"e"},)";
    const auto last_op = [&](const std::string& shift) {
        const std::string layers =
            gate + R"({"op":"affine","in":["e"],"out":"g","scale":0.5,"shift":)" + shift + R"(},{"op":"mul","in":["x","g"],"out":"u"})";
        write_safetensors(folder / "a.safetensors", tensors(), network_metadata("[" + layers + "]", "[4,6,6]", "logits"));
        write_onnx(folder / "b.onnx", load_network(folder / "a.safetensors"));
        return load_network(folder / "b.onnx").description.layers.back().op;
    };
    CHECK(last_op("0.5") == "gelu");
    CHECK(last_op("0.75") == "mul");
}

TEST_CASE("negative control: another number in a layer is another network") {
    const TemporaryFolder folder;
    const auto network = [&](const std::string& layer) {
        write_safetensors(folder / "a.safetensors", tensors(), network_metadata("[" + layer + "]", "[4,6,6]", "logits"));
        return load_network(folder / "a.safetensors");
    };
    const std::string pad = R"({"op":"pad","in":["x"],"out":"u","before":[0,1,2],"after":[0,0,3],"value":0.25})";
    write_onnx(folder / "b.onnx", network(pad));
    CHECK(distance(answer(load_network(folder / "b.onnx"), 0), answer(network(std::string(pad).replace(pad.find("0.25"), 4, "0.26")), 0)) > 5e-3);
    CHECK(distance(answer(load_network(folder / "b.onnx"), 0), answer(network(std::string(pad).replace(pad.find("[0,1,2]"), 7, "[0,0,2]")), 0)) == INFINITY);
    // numbers of double precision are not cut
    auto doubles = tensors();
    for (TensorToWrite& tensor : doubles) tensor.dtype = DType::f64;
    write_safetensors(folder / "d.safetensors", doubles,
                      network_metadata(R"([{"op":"layernorm","in":["x"],"out":"u","weight":"six"}])", "[4,6,6]", "logits"));
    CHECK_THROWS_WITH(write_onnx(folder / "d.onnx", load_network(folder / "d.safetensors")),
                      Catch::Contains("\"six\"") && Catch::Contains("double precision"));
}
