// The bundled network against PyTorch's answers (models/moons.golden.safetensors), and every layer against a plain reading of its formula.
#include "nn/check.hpp"
#include "nn/modules.hpp"
#include "nn/network.hpp"
#include "scalar/multiprecision.hpp"
#include "tests/nn/network_files.hpp"
#include "tests/nn/temporary.hpp"
#include "tests/nn/torch_float32.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace costate;
using namespace costate::nn;
using autodiff::Sharing;

namespace {

const std::filesystem::path models = std::filesystem::path(COSTATE_SOURCE_DIR) / "models";

/// u of a program with inputs (t, x).
template <class T>
std::vector<T> evaluate(const autodiff::Program<T>& program, const std::vector<T>& t, const std::vector<T>& x) {
    const std::size_t batch = x.size() / program.inputs()[1].size;
    std::vector<T> u(batch * program.outputs()[0].size);
    autodiff::Workspace<T> workspace;
    const std::array<std::span<const T>, 2> inputs{t, x};
    const std::array<std::span<T>, 1> outputs{u};
    program.forward(inputs, outputs, batch, workspace);
    return u;
}

template <class T>
std::vector<T> converted(const std::vector<double>& values) {
    return {values.begin(), values.end()};
}

/// W x + b with W out × in.
template <class T>
std::vector<T> affine(const Array& weight, const std::vector<T>& x, const Array* bias) {
    std::vector<T> y(weight.shape()[0]);
    for (std::size_t o = 0; o < y.size(); ++o) {
        y[o] = static_cast<T>(bias == nullptr ? 0.0 : (*bias)(o));
        for (std::size_t k = 0; k < x.size(); ++k) y[o] += static_cast<T>(weight(o, k)) * x[k];
    }
    return y;
}

template <class T>
T activation(const std::string& op, const T& x) {
    using std::erf, std::exp, std::log, std::sqrt, std::tanh;
    if (op == "silu") return x / (1 + exp(-x));
    if (op == "tanh") return tanh(x);
    if (op == "gelu") return x / 2 * (1 + erf(x / sqrt(T(2))));
    if (op == "softplus") return log(1 + exp(x));
    if (op == "relu") return x > 0 ? x : T(0);
    return 1 / (1 + exp(-x));
}

std::string every_layer(const std::string& op) {
    return R"([{"op":"time_embedding","in":["t"],"out":"e","frequencies":"f"},
               {"op":"concat","in":["x","e","t"],"out":"xe"},
               {"op":"linear","in":["xe"],"out":"h","weight":"w","bias":"b"},
               {"op":")" +
           op + R"(","in":["h"],"out":"a"},
               {"op":"linear","in":["e"],"out":"g","weight":"gate"},
               {"op":"mul","in":["a","g"],"out":"ag"},
               {"op":"concat_time","in":["ag","t"],"out":"agt"},
               {"op":"linear","in":["agt"],"out":"y","weight":"last","bias":"c"},
               {"op":"add","in":["y","x"],"out":"u"}])";
}

std::vector<TensorToWrite> every_tensor() {
    return {waves("w", {3, 7}),       waves("b", {3}, 1), waves("f", {2}, 2), waves("gate", {3, 4}, 3),
            waves("last", {2, 4}, 4), waves("c", {2}, 5), waves("idle", {5})};
}

/// The network of every_layer, read once more by hand and computed in T.
template <class T>
std::vector<T> by_hand(const std::string& op, const T& t, const std::vector<T>& x) {
    using std::cos, std::sin;
    const auto tensors = every_tensor();
    const Array &w = tensors[0].values, &b = tensors[1].values, &f = tensors[2].values, &gate = tensors[3].values,
                &last = tensors[4].values, &c = tensors[5].values;
    const T p = t * static_cast<T>(f(0)), q = t * static_cast<T>(f(1));
    const std::vector<T> e{sin(p), sin(q), cos(p), cos(q)};
    std::vector<T> xe = x;
    xe.insert(xe.end(), e.begin(), e.end());
    xe.push_back(t);
    auto a = affine<T>(w, xe, &b);
    const auto g = affine<T>(gate, e, nullptr);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = activation<T>(op, a[i]) * g[i];
    a.push_back(t);
    auto u = affine<T>(last, a, &c);
    for (std::size_t i = 0; i < u.size(); ++i) u[i] += x[i];
    return u;
}

/// |a − b|/|b| in units of the rounding of T.
template <class T>
double roundings(const T& a, const T& b) {
    using std::abs;
    return static_cast<double>(abs(a - b) / abs(b) / std::numeric_limits<T>::epsilon());
}

}  // namespace

TEST_CASE("the bundled network agrees with PyTorch in both precisions") {
    const Network network = load_network(models / "moons.safetensors");
    const Golden golden(network, models / "moons.golden.safetensors");
    CHECK(network.parameter_count() == 8706);
    CHECK(network.description.unused.empty());
    CHECK(golden.samples() == 16);
    const auto rows = check_network(network, golden);
    // u, vjp, jvp, divergence and two rows for each of eight weights, in two precisions
    CHECK(rows.size() == 2 * (4 + 2 * 8));
    for (const CheckRow& row : rows) {
        INFO(row.quantity << " " << row.precision << " " << row.max_error);
        CHECK(row.max_error <= (row.precision == "f64" ? 1e-12 : 4 * torch_float32.at("bundled-moons").at(row.quantity)));
        CHECK(row.agrees);
    }
}

TEST_CASE("where a weight's gradient is 0 the rounding of either side is none of the other's business; what is more is noticed") {
    const TemporaryFolder folder;
    NetworkBuilder net({.input_shape = {1, 4, 4}, .parametrisation = "logits"});
    const Network network = net.network(GroupNorm{"norm", 2}(Conv2d{.name = "conv", .out = 2, .kernel = 3}(net.x())));
    const std::size_t n = 16, m = 8, samples = 3;
    std::vector<double> x, v, t{0};
    for (std::size_t i = 0; i < samples * n; ++i) x.push_back(std::sin(static_cast<double>(i * i)));
    for (std::size_t i = 0; i < samples * m; ++i) v.push_back(std::cos(static_cast<double>(i * i)));
    const auto program = nn::program<double>(network);
    autodiff::Record<double> record;
    autodiff::Workspace<double> workspace;
    std::vector<double> u(samples * m), theta_bar(program.parameter_count());
    const std::array<std::span<const double>, 2> in{t, x};
    const std::array<std::span<double>, 1> out{u};
    const std::array<std::span<const double>, 1> out_bar{v};
    program.forward(in, out, samples, record, workspace);
    program.pullback(record, out_bar, {}, theta_bar, workspace);

    const auto array = [](const std::vector<double>& values, const std::vector<std::size_t>& shape) {
        Array made = Array::from_shape(shape);
        std::copy(values.begin(), values.end(), made.begin());
        return made;
    };
    const auto disagreeing = [&](double in_bias, double in_weight) {
        std::vector<TensorToWrite> tensors{{"x", array(x, {samples, 1, 4, 4})}, {"v", array(v, {samples, m})}};
        for (const Weight& weight : network.parameters) {
            Array bar = weight.values;
            for (std::size_t i = 0; i < bar.size(); ++i) bar.flat(i) = theta_bar[weight.offset + i];
            bar.flat(0) += weight.name == "conv.bias" ? in_bias : weight.name == "conv.weight" ? in_weight : 0;
            tensors.push_back({"theta_bar." + weight.name, bar});
        }
        write_safetensors(folder / "zero.golden.safetensors", tensors);
        std::vector<std::string> names;
        for (const CheckRow& row : check_network(network, Golden(network, folder / "zero.golden.safetensors")))
            if (row.precision == "f64" && !row.agrees) names.push_back(row.quantity);
        return names;
    };
    const Weight& bias = *network.find_parameter("conv.bias");
    for (std::size_t i = 0; i < 2; ++i) CHECK(std::abs(theta_bar[bias.offset + i]) < 1e-13);
    CHECK(disagreeing(1e-15, 0).empty());
    CHECK(disagreeing(1e-9, 0) == std::vector<std::string>{"theta_bar.conv.bias"});
    CHECK(disagreeing(0, 1e-9) == std::vector<std::string>{"theta_bar.conv.weight"});
}

TEST_CASE("a weight changed by a millionth is noticed in every quantity") {
    Network network = load_network(models / "moons.safetensors");
    const Golden golden(network, models / "moons.golden.safetensors");
    for (Weight& weight : network.parameters) weight.values.flat(0) += 1e-6;
    // the gradient with respect to the last bias is the sum of v, whatever the weights
    for (const CheckRow& row : check_network(network, golden))
        if (row.precision == "f64") CHECK(row.agrees == (row.quantity == "theta_bar.6.bias"));
}

TEST_CASE("golden files that belong to something else are refused in one sentence") {
    const TemporaryFolder folder;
    const Network network = load_network(models / "moons.safetensors");
    const auto file = folder / "other.golden.safetensors";
    const auto refused = [&](const std::vector<TensorToWrite>& tensors, const std::string& word) {
        write_safetensors(file, tensors);
        CHECK_THROWS_AS(check_network(network, Golden(network, file)), GoldenError);
        CHECK_THROWS_WITH(check_network(network, Golden(network, file)), Catch::Contains(word) && Catch::Contains(file.string()));
    };
    const auto x = waves("x", {4, 2}), t = waves("t", {4}), u = waves("u", {4, 2}), v = waves("v", {4, 2});
    refused({u}, "\"x\"");
    refused({x}, "\"t\"");
    refused({waves("x", {4, 3}), t}, "\"x\"");
    refused({waves("x", {3, 2}), t}, "\"x\"");
    refused({x, waves("t", {4, 1})}, "\"t\"");
    refused({waves("x", {0, 2}), waves("t", {0})}, "\"t\"");
    refused({x, t, waves("u", {4, 3})}, "\"u\"");
    refused({x, t, waves("vjp", {4, 2})}, "\"v\"");
    refused({x, t, waves("jvp", {4, 2})}, "\"w\"");
    refused({x, t, v, waves("theta_bar.7.weight", {4, 2})}, "theta_bar.7.weight");
    refused({x, t, v, waves("theta_bar.0.bias", {65})}, "theta_bar.0.bias");
    refused({x, t, v, waves("theta_dot.0.bias", {3})}, "theta_dot.0.bias");
    refused({x, t, waves("theta_dot.0.bias", {2})}, "\"v\"");
    CHECK_THROWS_AS(Golden(network, models / "moons.safetensors"), GoldenError);
    CHECK_THROWS_AS(load_network(models / "moons.golden.safetensors"), NetworkError);
}

TEST_CASE("errors are relative, the worst sample's, and infinite where something is not finite") {
    const std::vector<double> b{3, 4, 0, 0, 1, 0}, a{3, 4.5, 0, 0, 1, 0};
    CHECK(largest_relative_error(a, b, 3) == 0.1);
    CHECK(largest_relative_error(b, b, 3) == 0);
    CHECK(std::isinf(largest_relative_error(std::vector<double>{0, 1}, std::vector<double>{0, 0}, 1)));
    CHECK(std::isinf(largest_relative_error(std::vector<double>{NAN, 1}, std::vector<double>{1, 1}, 1)));
    CHECK(std::isinf(largest_relative_error(std::vector<double>{NAN, 5}, std::vector<double>{1, 1}, 2)));
}

TEMPLATE_TEST_CASE("every layer is recorded as its formula says, in every scalar", "", float, double, long double, Mpfr50,
                   Mpfr100) {
    const TemporaryFolder folder;
    const auto file = folder / "layers.safetensors";
    const std::vector<double> x{0.3, -1.2, 2.5, 0.7}, t{0.25, 0.875};
    for (const char* op : {"silu", "tanh", "gelu", "softplus", "relu", "sigmoid"}) {
        write_safetensors(file, every_tensor(), network_metadata(every_layer(op)));
        const Network network = load_network(file);
        CHECK(network.description.unused == std::vector<std::string>{"idle"});
        const auto u =
            evaluate(program<TestType>(network, {.time = Sharing::per_sample}), converted<TestType>(t), converted<TestType>(x));
        for (std::size_t b = 0; b < 2; ++b) {
            const auto expected = by_hand<TestType>(op, TestType(t[b]), {TestType(x[2 * b]), TestType(x[2 * b + 1])});
            const auto in_float = by_hand<float>(op, float(t[b]), {float(x[2 * b]), float(x[2 * b + 1])});
            const auto alone =
                evaluate(program<TestType>(network), {TestType(t[b])}, {TestType(x[2 * b]), TestType(x[2 * b + 1])});
            for (std::size_t i = 0; i < 2; ++i) {
                INFO(op);
                CHECK(roundings<TestType>(u[2 * b + i], expected[i]) < 64);
                // a time common to the batch is the same computation
                CHECK(roundings<TestType>(alone[i], u[2 * b + i]) < 8);
                // the bound notices a layer computed in a narrower scalar
                if (!std::is_same_v<TestType, float>) CHECK(roundings<TestType>(TestType(in_float[i]), expected[i]) > 64);
            }
        }
    }
}

TEST_CASE("at 100 digits the bundled network differs from 50 digits after the fiftieth, from double after the fourteenth") {
    const Network network = load_network(models / "moons.safetensors");
    const std::vector<double> x{0.5, -0.75}, t{0.375};
    const auto u50 = evaluate(program<Mpfr50>(network), converted<Mpfr50>(t), converted<Mpfr50>(x));
    const auto u100 = evaluate(program<Mpfr100>(network), converted<Mpfr100>(t), converted<Mpfr100>(x));
    const auto u = evaluate(program<double>(network), t, x);
    for (std::size_t i = 0; i < 2; ++i) {
        const double to_fifty = std::abs(static_cast<double>(Mpfr100(u50[i]) - u100[i])),
                     to_double = std::abs(static_cast<double>(Mpfr50(u[i]) - u50[i]));
        CHECK(to_fifty < 1e-46);
        CHECK(to_fifty > 0);
        CHECK(to_double < 1e-13);
        CHECK(to_double > 1e-20);
    }
}

TEST_CASE("θ is the file's parameters flat, and one tensor used twice is one parameter") {
    const TemporaryFolder folder;
    const auto file = folder / "shared.safetensors";
    write_safetensors(file, std::vector<TensorToWrite>{waves("w", {2, 2}), waves("b", {2}, 1)},
                      network_metadata(R"([{"op":"linear","in":["x"],"out":"h","weight":"w","bias":"b"},
                                           {"op":"linear","in":["h"],"out":"u","weight":"w","bias":"b"}])"));
    const Network network = load_network(file);
    auto once = program<double>(network);
    CHECK(once.parameter_count() == 6);
    CHECK(network.find_parameter("b")->offset == 4);
    CHECK(network.find_parameter("c") == nullptr);
    const auto theta = parameter_values<double>(network);
    CHECK(std::ranges::equal(theta, once.parameters()));
    CHECK(theta[4] == std::sin(2.0));
    // u = W(Wx + b) + b with W = 2 I, b = (1, 0)
    once.set_parameters(std::vector<double>{2, 0, 0, 2, 1, 0});
    CHECK(evaluate<double>(once, {0.0}, {5.0, 7.0}) == std::vector<double>{23.0, 28.0});
    const auto frozen = program<double>(network, {.frozen_parameters = true});
    CHECK(frozen.parameter_count() == 0);
    CHECK(evaluate<double>(frozen, {0.0}, {5.0, 7.0}) == evaluate<double>(program<double>(network), {0.0}, {5.0, 7.0}));
}

TEST_CASE("only a velocity is a field") {
    const TemporaryFolder folder;
    const auto file = folder / "noise.safetensors";
    const std::vector<TensorToWrite> tensors{waves("w", {2, 2})};
    const std::string architecture = R"([{"op":"linear","in":["x"],"out":"u","weight":"w"}])";
    write_safetensors(file, tensors, network_metadata(architecture));
    auto f = field<double>(load_network(file));
    CHECK(f.dim() == 2);
    std::vector<double> dx(2);
    f(0.0, std::vector<double>{1.0, 0.0}, dx);
    CHECK(dx == std::vector<double>{std::sin(1.0), std::sin(3.0)});
    write_safetensors(file, tensors, network_metadata(architecture, "[2]", "epsilon"));
    CHECK_THROWS_AS(field<double>(load_network(file)), NetworkError);
    CHECK_THROWS_WITH(field<double>(load_network(file)), Catch::Contains("epsilon"));
    auto broken = tensors;
    broken[0].values(0, 1) = NAN;
    write_safetensors(file, broken, network_metadata(architecture));
    CHECK_THROWS_AS(load_network(file), SafetensorsError);
    CHECK_THROWS_WITH(load_network(file), Catch::Contains("\"w\"") && Catch::Contains("not finite"));
}
