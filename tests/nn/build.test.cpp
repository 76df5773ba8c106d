// Networks written in C++: what they compute, how they begin, what is refused, and the files they become.
#include "nn/modules.hpp"
#include "nn/weights.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <numeric>

using namespace costate;
using namespace costate::nn;
using Catch::Matchers::Message;
using Catch::Matchers::Predicate;

namespace {

/// [x, t] → 5 → 2 with a silu, and x added.
Network small(std::uint64_t seed = 0) {
    NetworkBuilder net({.input_shape = {2}}, seed);
    const Value h = silu(Linear{"hidden", 5}(concat({net.x(), net.t()})));
    return net.network(Linear{"out", 2}(h) + net.x());
}

std::vector<double> evaluate(const autodiff::Program<double>& program, std::vector<double> t, std::vector<double> x) {
    autodiff::Workspace<double> workspace;
    std::vector<double> u(t.size() * program.outputs()[0].size);
    const std::array<std::span<const double>, 2> inputs{t, x};
    const std::array<std::span<double>, 1> outputs{u};
    program.forward(inputs, outputs, t.size(), workspace);
    return u;
}

std::vector<double> evaluate(const Network& network) {
    return evaluate(program<double>(network, {.time = autodiff::Sharing::per_sample}), {0.25, 0.75}, {1, -2, 0.5, 3});
}

std::vector<std::string> names(const std::vector<Weight>& weights) {
    std::vector<std::string> list;
    for (const Weight& w : weights) list.push_back(w.name);
    return list;
}

/// Small whole numbers: exact in every format.
void set_whole(Network& network) {
    std::vector<double> theta(network.parameter_count());
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = static_cast<double>(i % 7) - 3;
    set_parameters(network, std::span<const double>(theta));
}

}  // namespace

TEST_CASE("a network written in layers computes what the formula says") {
    Network network = small();
    set_whole(network);
    CHECK(names(network.parameters) == std::vector<std::string>{"hidden.weight", "hidden.bias", "out.weight", "out.bias"});
    CHECK(network.parameter_count() == 5 * 3 + 5 + 2 * 5 + 2);
    const auto theta = parameter_values<double>(network);
    const auto u = evaluate(network);
    const double t[] = {0.25, 0.75}, x[][2] = {{1, -2}, {0.5, 3}};
    for (std::size_t s = 0; s < 2; ++s)
        for (std::size_t i = 0; i < 2; ++i) {
            double sum = theta[30 + i];
            for (std::size_t k = 0; k < 5; ++k) {
                const double a = theta[3 * k] * x[s][0] + theta[3 * k + 1] * x[s][1] + theta[3 * k + 2] * t[s] + theta[15 + k];
                sum += theta[20 + 5 * i + k] * a / (1 + std::exp(-a));
            }
            CHECK(u[2 * s + i] == Approx(sum + x[s][i]).epsilon(1e-13));
            CHECK_FALSE(u[2 * s + i] == Approx(sum).epsilon(1e-3));  // control: without x added
        }
}

TEST_CASE("weights begin uniform within 1/sqrt(fan in), by seed and name") {
    const auto build = [](std::uint64_t seed, bool more) {
        NetworkBuilder net({.input_shape = {16}, .parametrisation = "logits"}, seed);
        const Value x = more ? tanh(Linear{"first", 16}(net.x())) : net.x();
        return net.network(Linear{"layer", 1000}(x));
    };
    const Network network = build(1, false), other = build(2, false), longer = build(1, true);
    const Array &weight = network.find_parameter("layer.weight")->values, &bias = network.find_parameter("layer.bias")->values;
    double largest = 0, square = 0, mean = 0;
    for (const double w : weight) largest = std::max(largest, std::abs(w)), square += w * w / 16000, mean += w / 16000;
    CHECK(largest <= 0.25);
    CHECK(largest > 0.2499);
    CHECK(square == Approx(0.0625 / 3).epsilon(0.03));  // five standard deviations of the mean of 16000 squares: 0.035
    CHECK(std::abs(mean) < 5 * 0.25 / std::sqrt(3 * 16000.0));
    CHECK(std::abs(std::inner_product(bias.begin(), bias.end(), weight.begin(), 0.0)) < 5 * 0.0625 / 3 * std::sqrt(1000.0));
    CHECK(longer.find_parameter("layer.weight")->values == weight);
    CHECK_FALSE(other.find_parameter("layer.weight")->values == weight);

    NetworkBuilder images({.input_shape = {4, 5, 5}, .parametrisation = "logits"});
    const Network image = images.network(GroupNorm{"norm", 3}(Conv2d{.name = "conv", .out = 300, .kernel = 2, .groups = 2}(images.x())));
    largest = 0;
    for (const double w : image.find_parameter("conv.weight")->values) largest = std::max(largest, std::abs(w));
    CHECK(largest <= 1 / std::sqrt(8.0));  // 2 channels of 2 × 2
    CHECK(largest > 0.99 / std::sqrt(8.0));
    for (const double w : image.find_parameter("norm.weight")->values) CHECK(w == 1);
    for (const double w : image.find_parameter("norm.bias")->values) CHECK(w == 0);
}

TEST_CASE("the result's layers alone are kept; a layer called twice has its weights once") {
    NetworkBuilder net({.input_shape = {3}});
    const Linear layer{"layer", 3, false};
    const Value once = tanh(layer(net.x())), twice = layer(once);
    (void)Linear{"left-over", 7}(net.x());
    const Network network = net.network(twice), short_one = net.network(once);
    CHECK(names(network.parameters) == std::vector<std::string>{"layer.weight"});
    CHECK(network.description.layers.size() == 3);
    CHECK(network.description.layers.back().out == "u");
    CHECK(short_one.description.layers.size() == 2);
}

TEST_CASE("time embedding and images: shapes and constants as in a file") {
    NetworkBuilder net({.input_shape = {2, 4, 6}, .parametrisation = "logits", .path = "none"});
    const Value e = TimeEmbedding{.name = "time", .frequencies = 3, .lowest = 1, .highest = 4}(net.t());
    CHECK(e.shape() == std::vector<std::size_t>{6});
    const Value image = upsample_nearest(avg_pool2d(concat({net.x(), relu(net.x())}), 2), 3);
    CHECK(image.shape() == std::vector<std::size_t>{4, 6, 9});
    const Value joined = flatten(add_channel(image, Linear{"l", 4}(e)) * sigmoid(image));
    const Network network = net.network(softplus(gelu(joined)));
    CHECK(network.description.output_size == 216);
    REQUIRE(network.constants.size() == 1);
    CHECK(network.constants[0].values == Array{1, 2, 4});
    CHECK(network.description.path == "none");
}

TEST_CASE("tokens, attention and tables") {
    NetworkBuilder net({.input_shape = {4, 2, 3}});
    const Value row = Embedding{"table", 10, 4}(net.t());
    CHECK(row.shape() == std::vector<std::size_t>{4});
    const Value x = LayerNorm{"norm"}(tokens(add_channel(net.x(), row)));
    CHECK(x.shape() == std::vector<std::size_t>{6, 4});
    const Value attended = self_attention(Linear{"qkv", 12}(x), 2);
    const Value image = untokens(attended - softmax(x, 1), 2, 3);
    const Value smaller = max_pool2d(ConvTranspose2d{.name = "up", .out = 6, .kernel = 2, .stride = 2, .groups = 2}(image), 2);
    CHECK(smaller.shape() == std::vector<std::size_t>{6, 2, 3});
    const Value q = reshape(smaller, {6, 6}), mixed = attention(q, transpose(q, {1, 0}), q);
    const Network network = net.network(Linear{"out", 4}(mixed));
    CHECK(network.find_parameter("up.weight")->values.shape()[1] == 3);
    double largest = 0, square = 0;
    for (const double w : network.find_parameter("up.weight")->values) largest = std::max(largest, std::abs(w));
    CHECK(largest <= 1 / std::sqrt(12.0));
    NetworkBuilder wide({.input_shape = {1}, .parametrisation = "logits"});
    const Network table = wide.network(Embedding{"table", 100, 100}(wide.x()));
    for (const double w : table.find_parameter("table.weight")->values) square += w * w / 10000;
    CHECK(square == Approx(1).epsilon(0.07));  // five standard deviations: 5 √(2/10000)
}

TEST_CASE("what does not fit is refused where it is written, in one sentence") {
    NetworkBuilder net({.input_shape = {2}}), other({.input_shape = {2}});
    const auto refused = [](auto&& call, const std::string& sentence) {
        CHECK_THROWS_MATCHES(call(), std::invalid_argument, Predicate<std::exception>([&](const std::exception& e) {
                                 const std::string said = e.what();
                                 return said.starts_with("NetworkBuilder: " + sentence) && said.find('\n') == std::string::npos;
                             }));
    };
    const Value three = Linear{"three", 3}(net.x());
    refused([&] { return net.x() + three; }, "the layer \"add\" (\"add\") has inputs of the shapes [2] and [3]; they have to agree");
    refused([&] { return net.x() + other.x(); }, "the value \"x\" belongs to another builder; build a network with one");
    refused([&] { return net.layer("swish", {net.x()}); },
            "the layer \"swish\" (\"swish\") needs an op that does not exist; docs/networks.md names those that do");
    refused([&] { return net.layer("add", {net.x()}); }, "the layer \"add\" (\"add\") reads 1 values; it has to read ");
    refused([&] { return Conv2d{"c", 4, 3}(net.x()); },
            "the layer \"c\" (\"conv2d\") has an input of the shape [2]; it has to be channels x height x width");
    refused([&] { return Conv2d{.name = "c", .out = 4, .kernel = 3, .groups = 0}(net.x()); },
            "the layer \"c\" (\"conv2d\") has a \"groups\" that is no");
    refused([&] { return net.layer("upsample_nearest", {net.x()}); },
            "the layer \"upsample_nearest\" (\"upsample_nearest\") has no number \"scale\"; give it");
    refused([&] { return net.layer("silu", {net.x()}, {.numbers = {{"slope", 2}}}); },
            "the layer \"silu\" (\"silu\") has the number \"slope\", which the op does not know; remove it");
    refused([&] { return net.layer("linear", {net.x()}); }, "the layer \"linear\" (\"linear\") has no \"weight\"; ");
    (void)Linear{"twice", 3}(net.x());
    refused([&] { return Linear{"twice", 4}(net.x()); },
            "the layer \"twice_2\" (\"linear\") wants the tensor \"twice.weight\" of the shape [4, 2], which exists as [3, 2]; choose another name");
    refused([&] { return net.network(net.x()); }, "the result is \"x\" itself; give the result of a layer");
    CHECK_THROWS_MATCHES(net.network(Linear{"wide", 3}(net.x())), NetworkError,
                         Message("a network built in C++: the last layer writes 3 values and x has 2; a velocity has as many as x"));
}

TEST_CASE("a saved network is the network, in double to the bit and in single precision to the nearest") {
    const TemporaryFolder folder;
    const Network network = small(7);
    save_network(network, folder / "f64.safetensors", {{"training", "none"}}, DType::f64);
    const Network read = load_network(folder / "f64.safetensors");
    CHECK(evaluate(read) == evaluate(network));
    CHECK(parameter_values<double>(read) == parameter_values<double>(network));
    CHECK(read.description.metadata.at("training") == "none");
    CHECK(read.description.parametrisation == "velocity");
    save_network(network, folder / "f32.safetensors");
    CHECK(parameter_values<float>(load_network(folder / "f32.safetensors")) == parameter_values<float>(network));
    CHECK_FALSE(evaluate(load_network(folder / "f32.safetensors")) == evaluate(network));
    // what was read is written again, metadata and all
    save_network(read, folder / "again.safetensors", {}, DType::f64);
    CHECK(read_bytes(folder / "again.safetensors") == read_bytes(folder / "f64.safetensors"));
}

TEST_CASE("what cannot be read again is not written") {
    const TemporaryFolder folder;
    Network network = small();
    save_network(network, folder / "n.safetensors");
    const std::string before = read_bytes(folder / "n.safetensors");
    auto theta = parameter_values<double>(network);
    theta[16] = std::numeric_limits<double>::quiet_NaN();
    set_parameters(network, std::span<const double>(theta));
    CHECK_THROWS_MATCHES(save_network(network, folder / "n.safetensors"), SafetensorsError,
                         Message((folder / "n.safetensors").string() +
                                 ": value 1 of tensor \"hidden.bias\" is not finite (NaN or infinite); train or export the network again"));
    theta[16] = 1e300;  // no float
    set_parameters(network, std::span<const double>(theta));
    CHECK_THROWS_AS(save_network(network, folder / "n.safetensors"), SafetensorsError);
    CHECK_THROWS_AS(save_network(small(), folder / "n.safetensors", {{"parametrisation", "speed"}}), NetworkError);
    CHECK(read_bytes(folder / "n.safetensors") == before);
    CHECK_THROWS_AS(save_network(small(), folder / "no/n.safetensors"), SafetensorsError);
    save_network(network, folder / "n.safetensors", {}, DType::f64);  // control
    CHECK_FALSE(read_bytes(folder / "n.safetensors") == before);
}

TEST_CASE("weights are loaded by name; missing, extra and misshapen ones are named, and nothing is changed") {
    const TemporaryFolder folder;
    const Network trained = small(1);
    Network network = small(2);
    const auto before = parameter_values<double>(network);
    const auto refused = [&](std::vector<TensorToWrite> tensors, const std::string& sentence) {
        write_safetensors(folder / "w.safetensors", tensors);
        CHECK_THROWS_MATCHES(load_weights(network, folder / "w.safetensors"), NetworkError,
                             Message((folder / "w.safetensors").string() + ": " + sentence + "; give the weights of this network"));
        CHECK(parameter_values<double>(network) == before);
    };
    const auto a = waves("hidden.weight", {5, 3}), b = waves("hidden.bias", {5}), c = waves("out.weight", {2, 5}), d = waves("out.bias", {2});
    const auto e = waves("more", {1});
    refused({a, c, d}, "the network needs the tensor \"hidden.bias\", which the file has not");
    refused({a, b, c, d, e}, "the file has the tensor \"more\", which the network has not");
    refused({a, e}, "the network needs the tensors \"hidden.bias\", \"out.bias\", \"out.weight\", which the file has not, "
                    "and the file has the tensor \"more\", which the network has not");
    refused({a, b, waves("out.weight", {5, 2}), d}, "tensor \"out.weight\" has the shape [5, 2], the network needs [2, 5]");
    save_network(trained, folder / "trained.safetensors", {}, DType::f64);
    load_weights(network, folder / "trained.safetensors");
    CHECK(parameter_values<double>(network) == parameter_values<double>(trained));
    write_safetensors(folder / "w.safetensors", std::vector{d, c, b, a});  // any order
    load_weights(network, folder / "w.safetensors");
    CHECK(network.find_parameter("out.weight")->values == c.values);
    CHECK_THROWS_MATCHES(set_parameters(network, std::vector<float>(3)), std::invalid_argument,
                         Message("set_parameters: 3 values for a network of 32 parameters; give one each"));
}
