// ONNX's own tests of its operators (Debian's libonnx-testdata): every one of a supported operator on float or double numbers passes, or stands in
// docs/onnx.md with its reason. The answers are numpy's, in the precision of the test's own numbers.
#include "nn/file_error.hpp"
#include "nn/network.hpp"
#include "nn/onnx/fold.hpp"
#include "nn/onnx/operators.hpp"
#include "nn/onnx/read.hpp"
#include "nn/onnx/translate.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>

using namespace costate;
using namespace costate::nn;

namespace {

namespace fs = std::filesystem;
const fs::path nodes = "/usr/share/libonnx-testdata/data/node";

onnx::Tensor tensor_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return onnx::read_tensor(std::as_bytes(std::span(text)));
}

std::vector<onnx::Tensor> tensors(const fs::path& folder, const std::string& kind) {
    std::vector<onnx::Tensor> all;
    for (std::size_t i = 0; fs::exists(folder / (kind + "_" + std::to_string(i) + ".pb")); ++i)
        all.push_back(tensor_of(folder / (kind + "_" + std::to_string(i) + ".pb")));
    return all;
}

/// The reasons for tests that are left out, by name: rows "| test_… | reason |" of docs/onnx.md.
std::map<std::string, std::string> left_out() {
    std::ifstream in(fs::path(COSTATE_SOURCE_DIR) / "docs/onnx.md");
    std::map<std::string, std::string> rows;
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with("| `test_")) continue;
        const std::size_t end = line.find('`', 3), bar = line.find('|', end);
        rows[line.substr(3, end - 3)] = line.substr(bar + 2, line.rfind('|') - bar - 3);
    }
    return rows;
}

/// Largest |a - b| over the size of b, which is at least 1; infinite where shapes differ or one is NaN and the other not.
double error(const std::vector<double>& a, const onnx::Tensor& b) {
    if (a.size() != b.values.size()) return INFINITY;
    double largest = 0, size = 1;
    for (const double v : b.values) size = std::isfinite(v) ? std::max(size, std::abs(v)) : size;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] == b.values[i] || (std::isnan(a[i]) && std::isnan(b.values[i]))) continue;
        const double difference = std::abs(a[i] - b.values[i]) / size;
        largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
    }
    return largest;
}

struct Run {
    onnx::Graph graph;
    std::vector<onnx::Tensor> in, out;
    double worst = 0;
};

Network network_of(onnx::Translated& made) {
    Network network;
    network.description.layers = std::move(made.layers);
    TensorShapes shapes;
    for (const auto& tensor : made.tensors) shapes[tensor.name] = tensor.shape;
    LayerChecker checker(shapes, made.inputs);
    for (Layer& layer : network.description.layers) checker.add(layer);
    for (auto& tensor : made.tensors) {
        Array values(Array::shape_type(tensor.shape.begin(), tensor.shape.end()));
        std::copy(tensor.values.begin(), tensor.values.end(), values.begin());
        if (checker.parameter(tensor.name)) network.parameters.push_back({tensor.name, values, 0});
        if (checker.constant(tensor.name)) network.constants.push_back({tensor.name, values, 0});
    }
    return network;
}

/// Translates with the first `given` real inputs as inputs of the network and the others known, runs it, compares every output.
void attempt(Run& run, std::size_t given) {
    onnx::Graph graph = run.graph;
    graph.inputs.clear();
    std::map<std::string, std::vector<double>> values;
    for (std::size_t i = 0; i < run.in.size(); ++i) {
        const onnx::Input& input = run.graph.inputs.at(i);
        if (input.type == onnx::Type::real && values.size() < given) {
            graph.inputs.push_back(input);
            values[input.name] = run.in[i].values;
            continue;
        }
        onnx::Tensor known = run.in[i];
        known.name = input.name;
        known.trained = known.type == onnx::Type::real && known.values.size() > 1;
        graph.initialisers[input.name] = std::make_shared<const onnx::Tensor>(known);
    }
    onnx::Translated made = onnx::translate(graph, {}, graph.outputs);
    const std::vector<std::string> outputs = made.outputs;
    const Network network = network_of(made);
    autodiff::Tape<double> tape;
    std::unordered_map<std::string, autodiff::Var<double>> vars;
    for (const auto& [name, x] : values) vars.emplace(name, tape.input(x.size(), autodiff::Sharing::per_sample, name, std::span<const double>(x)));
    const auto recorded = record_values(network, tape, vars);
    for (std::size_t o = 0; o < run.out.size(); ++o) {
        if (made.output_dims[o] != run.out[o].shape) throw std::runtime_error("its output has another shape");
        run.worst = std::max(run.worst, error(recorded.at(outputs[o]).values(), run.out[o]));
    }
}

/// The sentence of what went wrong, empty where the test passes.
std::string complaint(Run& run) {
    const auto real = static_cast<std::size_t>(
        std::count_if(run.graph.inputs.begin(), run.graph.inputs.end(), [](const onnx::Input& i) { return i.type == onnx::Type::real; }));
    std::string first;
    std::vector<std::size_t> tries{real};
    if (real > 1) tries.push_back(1);
    if (real > 0) tries.push_back(0);
    for (const std::size_t given : tries) {
        try {
            run.worst = 0;
            attempt(run, given);
            return run.worst <= 1e-6 ? "" : "its values differ by " + std::to_string(run.worst);
        } catch (const std::exception& problem) {
            if (first.empty()) first = problem.what();
        }
    }
    return first;
}

bool supported(const onnx::Graph& graph) {
    const auto names = onnx::operator_names();
    return std::all_of(graph.nodes.begin(), graph.nodes.end(),
                       [&](const onnx::Node& node) { return node.domain.empty() && std::binary_search(names.begin(), names.end(), node.op); });
}

bool on_reals(const Run& run) {
    const auto real = [](const onnx::Tensor& t) { return t.type == onnx::Type::real; };
    return std::any_of(run.in.begin(), run.in.end(), real) || std::any_of(run.out.begin(), run.out.end(), real);
}

}  // namespace

TEST_CASE("ONNX's tests of the supported operators pass, but for those that the documentation leaves out with a reason") {
    if (!fs::exists(nodes)) {
        std::cout << "SKIPPED: there is no " << nodes.string() << "; install libonnx-testdata\n";
        return;
    }
    auto reasons = left_out();
    std::size_t passed = 0, skipped = 0;
    for (const auto& entry : fs::directory_iterator(nodes)) {
        const std::string name = entry.path().filename().string();
        Run run;
        std::string sentence;
        try {
            run.graph = onnx::read_graph(entry.path() / "model.onnx", 1);
            if (!supported(run.graph)) continue;
            run.in = tensors(entry.path() / "test_data_set_0", "input");
            run.out = tensors(entry.path() / "test_data_set_0", "output");
            if (!on_reals(run)) continue;
            sentence = complaint(run);
        } catch (const OnnxError& problem) {
            continue;  // sequences, maps, optional values: no operator on tensors
        }
        const auto reason = reasons.find(name);
        INFO(name << ": " << sentence);
        if (reason != reasons.end()) {
            CHECK_FALSE(sentence.empty());  // what passes is not to be left out
            CHECK(reason->second.size() > 8);
            reasons.erase(reason);
            ++skipped;
        } else {
            CHECK(sentence.empty());
            ++passed;
        }
    }
    for (const auto& [name, reason] : reasons) FAIL_CHECK(name << " is left out, but is no test of a supported operator");
    CHECK(passed > 400);
    CHECK(skipped < 60);
}

TEST_CASE("negative control: a wrong answer, a wrong shape and a wrong operator are noticed") {
    if (!fs::exists(nodes)) return;
    const auto run_of = [](const std::string& name) {
        return Run{onnx::read_graph(nodes / name / "model.onnx", 1), tensors(nodes / name / "test_data_set_0", "input"),
                   tensors(nodes / name / "test_data_set_0", "output")};
    };
    Run run = run_of("test_conv_with_strides_padding");
    CHECK(complaint(run).empty());
    run.out[0].values[5] += 1e-3;
    CHECK(complaint(run).find("differ") != std::string::npos);
    run = run_of("test_softmax_axis_1");
    run.graph.nodes[0].attributes["axis"].integer = 2;
    CHECK(complaint(run).find("differ") != std::string::npos);
    run = run_of("test_reduce_sum_keepdims_random");
    run.graph.nodes[0].attributes["keepdims"].integer = 0;
    CHECK(complaint(run).find("shape") != std::string::npos);
    run = run_of("test_abs");
    run.graph.nodes[0].op = "Fourier";
    CHECK(complaint(run).find("\"Fourier\") is of an operator that this version does not support; it supports Abs,") != std::string::npos);
}
