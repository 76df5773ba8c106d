// ONNX files written by hand: small networks whose answer is known, and damaged or hostile ones, each refused in one sentence.
#include "nn/onnx/import.hpp"
#include "nn/onnx/write.hpp"
#include "tests/nn/onnx_bytes.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>

using namespace costate;
using namespace costate::nn;
using namespace onnx_bytes;

namespace {

const std::string x = value(11, "x", {0, 2}), u = value(12, "u", {0, 2});
const std::string weight = initialiser(tensor("w", {2, 2}, {1, 2, 3, 4})), shift = initialiser(tensor("b", {2}, {10, 20}));
const std::string gemm = node("Gemm", {"x", "w", "b"}, {"u"}, integer_attribute("transB", 1));
const std::string sound = model(gemm + weight + shift + x + u);

/// The sentence of the refusal, empty when the file is read; anything but a FileError escapes.
std::string complaint(const std::filesystem::path& file, const std::string& bytes) {
    write(file, bytes);
    try {
        (void)load_network(file);
    } catch (const FileError& error) {
        return error.what();
    }
    return {};
}

std::vector<double> answer(const Network& network, std::vector<double> at, double t = 0) {
    autodiff::Tape<double> tape;
    const std::vector<double> time{t};
    const auto x_var = tape.input(at.size(), autodiff::Sharing::per_sample, "x", std::span<const double>(at));
    const auto t_var = tape.input(1, autodiff::Sharing::shared, "t", std::span<const double>(time));
    return record(network, tape, t_var, x_var).values();
}

std::string chain(int count) {
    std::string nodes;
    for (int i = 0; i < count; ++i) nodes += node("Tanh", {i == 0 ? "x" : "h" + std::to_string(i - 1)}, {i + 1 == count ? "u" : "h" + std::to_string(i)});
    return nodes;
}

struct Case {
    std::string what, bytes;
    std::vector<std::string> named;
};

std::vector<Case> damaged() {
    const std::string far = text(13, text(1, "location") + text(2, "/etc/passwd")) + number(14, 1);
    const auto graph = [](const std::string& nodes, const std::string& more = {}, std::int64_t opset = 18) { return model(nodes + more + x + u, opset); };
    return {
        {"nothing", "", {"empty"}},
        {"noise", std::string(64, '\xff'), {"no ONNX model"}},
        {"a text", "{\"op\": \"linear\"}", {"no ONNX model"}},
        {"cut", sound.substr(0, sound.size() - 9), {"no ONNX model"}},
        {"no graph", number(1, 8) + text(8, number(2, 17)), {"no ONNX model"}},
        {"an old opset", model(gemm + weight + shift + x + u, 10), {"opset 10", "11 to 20"}},
        {"a new opset", model(gemm + weight + shift + x + u, 21), {"opset 21"}},
        {"an unknown operator", graph(node("Fourier", {"x"}, {"u"})), {"/net/Fourier", "Fourier", "supports Abs", "Conv,"}},
        {"an unknown operator for the checker", graph(node("Fourier", {"x"}, {"u"}), "", 17), {"/net/Fourier", "(\"Fourier\")", "supports Abs", "Conv,"}},
        {"another domain for the checker",
         graph(text(1, text(1, "x") + text(2, "u") + text(4, "Gelu") + text(7, "com.microsoft")), "", 17),
         {"node \"u\" (\"Gelu\")", "com.microsoft"}},
        {"too many values joined", graph(node("Concat", std::vector<std::string>(65, "x"), {"u"}, integer_attribute("axis", 1))), {"/net/Concat", "65", "1 to 64"}},
        {"another domain", graph(text(1, text(1, "x") + text(2, "u") + text(4, "Gelu") + text(7, "com.microsoft"))), {"com.microsoft"}},
        {"a cycle", graph(node("Tanh", {"h"}, {"g"}) + node("Tanh", {"g"}, {"h"}) + node("Add", {"x", "h"}, {"u"})), {"/net/Tanh", "\"h\"", "cycle"}},
        {"a cycle for the checker", graph(node("Tanh", {"h"}, {"g"}) + node("Tanh", {"g"}, {"h"}) + node("Add", {"x", "h"}, {"u"}), "", 17), {"checker"}},
        {"a value written twice",
         graph(node("Tanh", {"x"}, {"h"}) + node("Relu", {"x"}, {"h"}) + node("Add", {"x", "h"}, {"u"})),
         {"\"h\"", "exists already"}},
        {"no such output", graph(node("Tanh", {"x"}, {"h"})), {"\"u\""}},
        {"external data", graph(gemm, initialiser(number(1, 2) + number(1, 2) + number(2, 1) + text(8, "w") + far) + shift), {"\"w\"", "another file"}},
        {"a negative axis", graph(gemm, initialiser(tensor("w", {-2, 2}, {1, 2, 3, 4})) + shift), {"\"w\"", "-2"}},
        {"an immense axis", graph(gemm, initialiser(tensor("w", {1LL << 62, 8}, {1, 2, 3, 4})) + shift), {"\"w\"", "2^31"}},
        {"axes whose product overflows", graph(gemm, initialiser(tensor("w", {1 << 30, 1 << 30, 1 << 30}, {})) + shift), {"\"w\"", "2^31"}},
        {"too few numbers", graph(gemm, initialiser(tensor("w", {2, 3}, {1, 2, 3, 4})) + shift), {"\"w\"", "4 numbers", "needs 6"}},
        {"numbers of another type", graph(gemm, initialiser(tensor("w", {2, 2}, {1, 2, 3, 4}, 8)) + shift), {"type"}},
        {"a number that is not finite", graph(gemm, initialiser(tensor("w", {2, 2}, {1, 2, INFINITY, 4})) + shift), {"\"w\"", "finite"}},
        {"shapes that do not fit", graph(gemm, initialiser(tensor("w", {2, 3}, {1, 2, 3, 4, 5, 6})) + shift), {"/net/Gemm", "[2, 3]"}},
        {"an attribute of another type",
         graph(node("Gemm", {"x", "w", "b"}, {"u"}, list_attribute("transB", {1})), weight + shift),
         {"\"transB\"", "integer"}},
        {"two symbolic axes", model(chain(1) + value(11, "x", {0, 0}) + u, 18), {"\"x\"", "two symbolic axes"}},
        {"an axis of -3", model(chain(1) + value(11, "x", {0, -3}) + u, 18), {"\"x\"", "-3"}},
        {"three inputs", model(chain(1) + x + value(11, "t", {0}) + value(11, "label", {0}) + u, 18), {"\"label\"", "x and perhaps t"}},
        {"no input", model(chain(1) + u, 18), {"inputs none"}},
        {"samples that meet", graph(node("Transpose", {"x"}, {"h"}) + node("MatMul", {"x", "h"}, {"u"})), {"/net/MatMul", "batch"}},
        {"a mean over the batch",
         graph(node("ReduceMean", {"x"}, {"h"}, list_attribute("axes", {0})) + node("Add", {"x", "h"}, {"u"})),
         {"/net/ReduceMean", "batch"}},
        {"a softmax of an axis that is not there", graph(node("Softmax", {"x"}, {"u"}, integer_attribute("axis", 5))), {"/net/Softmax", "axis 5"}},
        {"a repetition that explodes",
         graph(node("Expand", {"c", "s"}, {"h"}) + node("Add", {"x", "h"}, {"u"}),
               initialiser(tensor("c", {1}, {1})) + initialiser(integers("s", {1 << 20, 1 << 20}))),
         {"/net/Expand", "2^24"}},
        {"a constant that explodes",
         graph(node("ConstantOfShape", {"s"}, {"h"}) + node("Add", {"x", "h"}, {"u"}), initialiser(integers("s", {1 << 30, 1 << 30}))),
         {"/net/ConstantOfShape", "2^24"}},
        {"a padding that explodes", graph(node("Pad", {"x", "s"}, {"u"}), initialiser(integers("s", {0, 1 << 24, 0, 1 << 24}))), {"/net/Pad", "too large"}},
        {"a convolution of a list", graph(node("Conv", {"x", "w"}, {"u"}), weight), {"/net/Conv", "[1, 2]"}},
        {"a product of a number", graph(node("Gemm", {"c", "x"}, {"u"}), initialiser(tensor("c", {}, {1}))), {"/net/Gemm", "matrices"}},
        {"a norm without channels",
         graph(node("InstanceNormalization", {"c", "b", "b"}, {"u"}), initialiser(tensor("c", {2}, {1, 2})) + shift),
         {"/net/InstanceNorm"}},
        {"a constant joined with x, and of another shape", graph(node("Concat", {"b", "x"}, {"u"}, integer_attribute("axis", 0)), shift), {"/net/Concat"}},
        {"a size that is no number", graph(node("Reshape", {"x", "s"}, {"u"}), initialiser(tensor("s", {2}, {NAN, 2}))), {"/net/Reshape"}},
        {"an immense name", model(node("Tanh", {"x"}, {std::string(513, 'h')}) + node("Relu", {std::string(513, 'h')}, {"u"}) + x + u), {"name of 513 bytes"}},
        {"functions", sound + text(25, text(1, "f")), {"functions"}},
        {"training", sound + text(20, text(1, "")), {"training"}},
    };
}

}  // namespace

TEST_CASE("a model by hand is read: its answer, its weights by name, x and t by name, by shape or by option") {
    const TemporaryFolder folder;
    const auto file = folder / "hand.onnx";
    REQUIRE(complaint(file, sound).empty());
    const Network network = load_network(file);
    CHECK(answer(network, {1, 1}) == std::vector<double>{13, 27});  // Wx + b
    CHECK(network.description.layers.size() == 1);
    CHECK(network.find_parameter("w") != nullptr);
    CHECK(network.description.parametrisation == "velocity");
    // inputs of other names: the one of a single number is the time
    const std::string nodes = node("Mul", {"sample", "when"}, {"noise"}), inputs = value(11, "when", {0, 1}) + value(11, "sample", {0, 2});
    REQUIRE(complaint(file, model(nodes + inputs + value(12, "noise", {0, 2}))).empty());
    CHECK(answer(load_network(file), {3, 4}, 2) == std::vector<double>{6, 8});
    CHECK(load_network(file).description.parametrisation == "epsilon");
    CHECK(load_network(file, {.parametrisation = "x1", .path = "linear-vp"}).description.path == "linear-vp");
    CHECK_THROWS_WITH(load_network(file, {.input = "y"}), Catch::Contains("\"when\", \"sample\"") && Catch::Contains("--input"));
    // both of two numbers: only an option tells
    const std::string twins = value(11, "a", {0, 1}) + value(11, "c", {0, 1});
    CHECK_THAT(complaint(file, model(node("Sub", {"a", "c"}, {"u"}) + twins + value(12, "u", {0, 1}))), Catch::Contains("--input"));
    CHECK(answer(load_network(file, {.input = "c", .time = "a"}), {3}, 5) == std::vector<double>{2});
}

TEST_CASE("shapes worked out from the batch: sizes taken, joined and given back") {
    const TemporaryFolder folder;
    const auto file = folder / "shapes.onnx";
    const std::string one = initialiser(integers("zero", {0})) + initialiser(integers("rest", {2, 2})), image = value(11, "x", {0, 4}),
                      out = value(12, "u", {0, 4});
    const std::string nodes = node("Shape", {"x"}, {"s"}) + node("Gather", {"s", "zero"}, {"n"}) +
                              node("Concat", {"n", "rest"}, {"to"}, integer_attribute("axis", 0)) + node("Reshape", {"x", "to"}, {"h"}) +
                              node("Transpose", {"h"}, {"g"}, list_attribute("perm", {0, 2, 1})) + node("Reshape", {"g", "s"}, {"u"});
    REQUIRE(complaint(file, model(nodes + one + image + out)).empty());
    CHECK(answer(load_network(file), {1, 2, 3, 4}) == std::vector<double>{1, 3, 2, 4});
}

TEST_CASE("a size taken from a shape that holds the batch is a number: counted up to, multiplied, and a triangle of constants is worked out") {
    const TemporaryFolder folder;
    const auto file = folder / "sizes.onnx";
    const std::string known = initialiser(integers("zero", {0})) + initialiser(integers("one", {1})) + initialiser(integers("two", {2}));
    const std::string counted = node("Squeeze", {"zero"}, {"z0"}) + node("Squeeze", {"one"}, {"o0"}) + node("Range", {"z0", "n0", "o0"}, {"r"});
    const std::string sum = node("Add", {"r", "p"}, {"c"}) + node("Cast", {"c"}, {"f"}, integer_attribute("to", 1)) + node("Add", {"x", "f"}, {"u"});
    const std::string all = node("Shape", {"x"}, {"s"}) + node("Gather", {"s", "one"}, {"s1"}) + node("ReduceProd", {"s1"}, {"p"}) +
                            node("Slice", {"s", "one", "two"}, {"n"}) + node("Squeeze", {"n"}, {"n0"});
    CHECK(complaint(file, model(all + counted + sum + known + x + u)).empty());
    CHECK(answer(load_network(file), {0, 0}) == std::vector<double>{2, 3});  // x + (0, 1) + 2
    const std::string batch = node("Shape", {"x"}, {"s"}) + node("Slice", {"s", "zero", "one"}, {"b"}) + node("Squeeze", {"b"}, {"n0"});
    CHECK_THAT(complaint(file, model(batch + counted + known + x + u)),
               Catch::Contains("/net/Range") && Catch::Contains("size of the batch"));
    for (const std::int64_t upper : {0, 1}) {
        const std::string part = node("Trilu", {"w"}, {"m"}, integer_attribute("upper", upper)) + node("MatMul", {"x", "m"}, {"u"});
        CHECK(complaint(file, model(part + weight + x + u)).empty());
        CHECK(answer(load_network(file), {1, 1}) == (upper == 1 ? std::vector<double>{1, 6} : std::vector<double>{4, 4}));
    }
    CHECK_THAT(complaint(file, model(node("Trilu", {"x"}, {"u"}) + x + u)), Catch::Contains("/net/Trilu") && Catch::Contains("constants only"));
}

TEST_CASE("an export of one sample is read as one with a symbolic batch: the first axis of x and of t is the batch, a time without axes is shared") {
    const TemporaryFolder folder;
    const auto file = folder / "one.onnx";
    const std::string known = initialiser(integers("zero", {0})) + initialiser(integers("split", {1, 2, 2})) + initialiser(integers("whole", {1, -1})) +
                              initialiser(integers("one", {1})) + initialiser(tensor("f", {1, 2}, {1, 2}));
    const std::string embedded = node("Mul", {"t1", "f"}, {"p"}) + node("Sin", {"p"}, {"s"}) + node("Cos", {"p"}, {"c"}) +
                                 node("Concat", {"s", "c"}, {"e"}, integer_attribute("axis", -1));
    const std::string turned = node("Reshape", {"x", "split"}, {"h"}) + node("Transpose", {"h"}, {"g"}, list_attribute("perm", {0, 2, 1})) +
                               node("Slice", {"g", "zero", "one", "zero"}, {"k"}) + node("Reshape", {"k", "whole"}, {"y"}) +
                               node("Add", {"y", "e"}, {"u"});
    const std::string of_list = node("Unsqueeze", {"t", "one"}, {"t1"});
    const std::string of_number = node("Expand", {"t", "one"}, {"l"}) + node("Unsqueeze", {"l", "one"}, {"t1"});
    const std::string x1 = value(11, "x", {1, 4}), u1 = value(12, "u", {1, 4});
    const std::vector<std::pair<std::string, std::vector<std::int64_t>>> times{{of_list, {1}}, {of_number, {}}, {of_list, {0}}};
    for (const auto& [first, axes] : times) {
        const bool symbolic = axes == std::vector<std::int64_t>{0};
        const std::string graph = first + embedded + turned + known + value(11, "t", axes) + (symbolic ? value(11, "x", {0, 4}) : x1) + u1;
        const std::string sentence = complaint(file, model(graph));
        if (symbolic) {  // control: in a graph for any batch a size of 1 is no batch
            CHECK_THAT(sentence, Catch::Contains("gives the batch a fixed size"));
            continue;
        }
        REQUIRE(sentence.empty());
        const Network network = load_network(file);
        CHECK(network.description.input_shape == std::vector<std::size_t>{4});
        CHECK(network.description.layers[0].op == "time_embedding");
        CHECK(answer(network, {1, 2, 3, 4}) == std::vector<double>{1, 3, 3, 5});
    }
    // what works along the first axis, which then is one of the sample
    REQUIRE(complaint(file, model(node("Transpose", {"x"}, {"h"}) + node("MatMul", {"x", "h"}, {"u"}) + x1 + value(12, "u", {1, 1}))).empty());
    CHECK(load_network(file).description.input_shape == std::vector<std::size_t>{1, 4});
    CHECK(answer(load_network(file), {1, 2, 3, 4}) == std::vector<double>{30});
}

TEST_CASE("a fixed batch of several is refused with what to do, with and without a time") {
    const TemporaryFolder folder;
    const auto file = folder / "several.onnx";
    const std::string x3 = value(11, "x", {3, 2}), u3 = value(12, "u", {3, 2}), t3 = value(11, "t", {3});
    const auto told = [](const std::string& sentence) {
        return sentence.find("dynamic_axes={\"x\": {0: \"N\"}") != std::string::npos && sentence.find("batch of one") != std::string::npos;
    };
    const std::string column = node("Unsqueeze", {"t", "one"}, {"c"}) + node("Mul", {"x", "c"}, {"u"}) + initialiser(integers("one", {1}));
    CHECK(told(complaint(file, model(column + x3 + t3 + u3))));
    const std::string shape = initialiser(integers("s", {3, 1, 2})), back = initialiser(integers("b", {3, 2}));
    const std::string reshaped = node("Reshape", {"x", "s"}, {"h"}) + node("Tanh", {"h"}, {"g"}) + node("Reshape", {"g", "b"}, {"u"});
    CHECK(told(complaint(file, model(reshaped + shape + back + x3 + u3))));
    // control: rows that meet are no batch
    CHECK(complaint(file, model(node("Softmax", {"x"}, {"u"}, integer_attribute("axis", 0)) + x3 + u3)).empty());
    CHECK(load_network(file).description.input_shape == std::vector<std::size_t>{3, 2});
}

TEST_CASE("a mask of 0 and minus infinity on what a softmax reads leaves exact zeros, added or chosen") {
    const TemporaryFolder folder;
    const auto file = folder / "mask.onnx";
    const std::string mask = initialiser(tensor("w", {2}, {0, -INFINITY})), number = initialiser(tensor("i", {}, {-INFINITY}));
    const std::string soft = node("Softmax", {"h"}, {"u"}), added = node("Add", {"x", "w"}, {"h"});
    CHECK(complaint(file, model(added + soft + mask + x + u)).empty());
    CHECK(answer(load_network(file), {3, 7}) == std::vector<double>{1, 0});
    CHECK(load_network(file).parameters.empty());
    // a triangle of ones, as exporters write the mask of causal attention: where it is 0, minus infinity
    const std::string causal = node("Trilu", {"ones"}, {"l"}, integer_attribute("upper", 0)) + node("Equal", {"l", "zero"}, {"m"}) +
                               node("Where", {"m", "i", "x"}, {"h"}) + initialiser(tensor("ones", {2, 2}, {1, 1, 1, 1})) + initialiser(tensor("zero", {}, {0}));
    CHECK(complaint(file, model(causal + soft + number + value(11, "x", {0, 2, 2}) + value(12, "u", {0, 2, 2}))).empty());
    CHECK(answer(load_network(file), {3, 7, 2, 2}) == std::vector<double>{1, 0, 0.5, 0.5});
    // controls: what is read elsewhere too, or by no softmax, keeps its infinity, and what is no number is none
    CHECK_THAT(complaint(file, model(added + node("Softmax", {"h"}, {"s"}) + node("Add", {"s", "h"}, {"u"}) + mask + x + u)), Catch::Contains("not finite"));
    CHECK_THAT(complaint(file, model(added + node("Tanh", {"h"}, {"u"}) + mask + x + u)), Catch::Contains("not finite"));
    CHECK_THAT(complaint(file, model(added + soft + initialiser(tensor("w", {2}, {0, INFINITY})) + x + u)), Catch::Contains("not finite"));
}

TEST_CASE("the last layer of what one operator becomes has the name of its value, and the last of all that of the output") {
    const TemporaryFolder folder;
    const auto file = folder / "names.onnx";
    const auto names = [&](const std::string& nodes, const std::string& more = {}) {
        REQUIRE(complaint(file, model(nodes + more + x + u)).empty());
        std::vector<std::string> all;
        for (const Layer& layer : load_network(file).description.layers) all.push_back(layer.out);
        return all;
    };
    CHECK(names(node("LeakyRelu", {"x"}, {"h"}) + node("Tanh", {"h"}, {"u"})) == std::vector<std::string>{"v1", "v2", "v3", "v4", "h", "u"});
    CHECK(names(node("Softsign", {"x"}, {"v1"}) + node("Identity", {"v1"}, {"u"})) == std::vector<std::string>{"v1", "v2", "u"});
    const std::string parts = node("Split", {"x"}, {"a", "b"}, integer_attribute("axis", 1)) + node("Concat", {"b", "a"}, {"u"}, integer_attribute("axis", 1));
    CHECK(names(parts) == std::vector<std::string>{"a", "b", "u"});
}

TEST_CASE("parameters of a module stay weights: single numbers, and what arithmetic makes of them; the constants of an exporter are numbers") {
    const TemporaryFolder folder;
    const auto file = folder / "weights.onnx";
    const auto weights = [&](const std::string& nodes) {
        REQUIRE(complaint(file, model(nodes + x + u)).empty());
        std::vector<std::string> names;
        for (const Weight& w : load_network(file).parameters) names.push_back(w.name);
        return names;
    };
    using Names = std::vector<std::string>;
    const auto scaled = [](const std::string& by) { return node("Mul", {"x", by}, {"u"}) + initialiser(tensor(by, {}, {3})); };
    CHECK(weights(scaled("model.gain")) == Names{"model.gain"});
    CHECK(answer(load_network(file), {1, 2}) == std::vector<double>{3, 6});
    for (const char* constant : {"onnx::Mul_12", "/model/Constant_output_0", "_v_12", "val_3", "417", "Const:0"}) CHECK(weights(scaled(constant)).empty());
    const std::string list = initialiser(tensor("scale", {2}, {0, 0}));
    CHECK(weights(node("Exp", {"scale"}, {"e"}) + node("Mul", {"x", "e"}, {"u"}) + list) == Names{"scale.exp"});
    CHECK(answer(load_network(file), {1, 2}) == std::vector<double>{1, 2});
    CHECK(weights(node("Neg", {"scale"}, {"e"}) + node("Exp", {"e"}, {"f"}) + node("Mul", {"x", "f"}, {"u"}) + list) == Names{"scale.neg"});
    // more numbers than there were are no weights, nor are truths
    const std::string one = initialiser(tensor("scale", {1}, {2})), two = initialiser(integers("two", {2}));
    CHECK(weights(node("Expand", {"scale", "two"}, {"e"}) + node("Add", {"x", "e"}, {"u"}) + one + two).empty());
    const std::string truths = node("Identity", {"onnx::one"}, {"one"}) + node("Less", {"scale", "one"}, {"e"}) + node("Where", {"e", "x", "one"}, {"u"});
    CHECK(weights(truths + list + initialiser(tensor("onnx::one", {}, {1}))).empty());
}

TEST_CASE("what a reader makes by itself is kept once: running sums have one triangle for each kind, a weight in two forms is two tensors") {
    const TemporaryFolder folder;
    const auto file = folder / "sums.onnx";
    const auto step = [](const std::string& op, const std::vector<std::string>& known, int count, const std::string& odd) {
        std::string nodes;
        for (int i = 0; i < count; ++i) {
            std::vector<std::string> in{i == 0 ? "x" : "h" + std::to_string(i - 1)};
            in.insert(in.end(), known.begin(), known.end());
            nodes += node(op, in, {i + 1 == count ? "u" : "h" + std::to_string(i)}, i % 2 == 1 ? odd : "");
        }
        return nodes + x + u;
    };
    REQUIRE(complaint(file, model(step("CumSum", {"a"}, 6, integer_attribute("exclusive", 1)) + initialiser(integers("a", {1})))).empty());
    CHECK(load_network(file).parameters.empty());
    CHECK(load_network(file).constants.size() == 2);
    CHECK(answer(load_network(file), {1, 2}) == std::vector<double>{0, 0});
    REQUIRE(complaint(file, model(step("Gemm", {"w"}, 6, integer_attribute("transB", 1)) + weight)).empty());
    CHECK(load_network(file).parameters.size() == 2);
}

TEST_CASE("a network written as ONNX and read again answers the same") {
    const TemporaryFolder folder;
    write(folder / "one.onnx", sound);
    const Network network = load_network(folder / "one.onnx");
    write_onnx(folder / "two.onnx", network);
    const Network again = load_network(folder / "two.onnx");
    CHECK(answer(again, {1, 2}) == answer(network, {1, 2}));
    CHECK(again.find_parameter("w") != nullptr);
}

TEST_CASE("every damaged file gives one sentence with the file and what is wrong") {
    const TemporaryFolder folder;
    const auto file = folder / "damaged.onnx";
    for (const Case& c : damaged()) {
        const std::string sentence = complaint(file, c.bytes);
        INFO(c.what << ": " << sentence);
        CHECK(sentence.find(file.string()) == 0);
        CHECK(sentence.find('\n') == std::string::npos);
        CHECK(sentence.size() < 2000);
        for (const std::string& word : c.named) CHECK(sentence.find(word) != std::string::npos);
    }
}

TEST_CASE("messages that would take more memory than they have bytes are counted before they are read") {
    const TemporaryFolder folder;
    const auto file = folder / "many.onnx";
    std::string empty_nodes, deep = node("Tanh", {"x"}, {"u"});
    for (int i = 0; i < (1 << 20) + 1; ++i) empty_nodes += std::string("\x0a\x00", 2);
    CHECK_THAT(complaint(file, model(empty_nodes + x + u)), Catch::Contains("2^20 parts"));
    for (int i = 0; i < 40; ++i) deep = text(1, text(4, "If") + text(5, text(1, "then_branch") + text(6, deep)));
    CHECK_THAT(complaint(file, model(deep + x + u)), Catch::Contains("32"));
    CHECK(complaint(file, model(chain(1000) + x + u)).empty());  // control: many nodes are read
}

TEST_CASE("random mutations of a model end in a network or in one sentence") {
    const TemporaryFolder folder;
    const auto file = folder / "mutated.onnx";
    std::mt19937_64 random(11);
    std::size_t refused = 0;
    const std::size_t rounds = 1500;
    for (std::size_t round = 0; round < rounds; ++round) {
        std::string bytes = sound;
        const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
        for (std::size_t k = 0; k <= below(3); ++k) {
            const std::size_t at = below(bytes.size());
            if (below(4) == 0) bytes.erase(at, below(8) + 1);
            else if (below(3) == 0) bytes.insert(at, sound, below(sound.size()), below(16) + 1);
            else bytes[at] = static_cast<char>(below(256));
            if (bytes.empty()) bytes = "\n";
        }
        const std::string sentence = complaint(file, bytes);
        if (sentence.find('\n') != std::string::npos) FAIL(sentence);
        refused += sentence.empty() ? 0 : 1;
    }
    CHECK(refused > rounds / 2);
    CHECK(refused < rounds);
}
