// Single operations against PyTorch: operations.golden.safetensors, float64 answers of PyTorch 2.15 written by tools/op_goldens.py (seed 20261122).
#include "autodiff/choice_functions.hpp"
#include "autodiff/token_functions.hpp"
#include "autodiff/window_functions.hpp"
#include "nn/safetensors.hpp"
#include "tests/autodiff/support.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

template <class T>
using Call = std::function<Var<T>(const std::vector<Var<T>>&)>;

template <class T>
void add_choices(std::map<std::string, Call<T>>& calls) {
    using V = std::vector<Var<T>>;
    calls["maximum"] = [](const V& v) { return maximum(v[0], v[1]); };
    calls["minimum"] = [](const V& v) { return minimum(v[0], v[1]); };
    calls["clamp"] = [](const V& v) { return clamp(v[0], T(-1), T(1)); };
    calls["abs"] = [](const V& v) { return abs(v[0]); };
    calls["where"] = [](const V& v) { return where(v[0], v[1], v[2]); };
    calls["max-first"] = [](const V& v) { return max_over(v[0], {3, 6}, {1}); };
    calls["amax"] = [](const V& v) { return max_over(v[0], {3, 4, 2}, {0, 2}); };
    calls["prod"] = [](const V& v) { return prod_over(v[0], {3, 5}, {1}); };
}

template <class T>
void add_tokens(std::map<std::string, Call<T>>& calls) {
    using V = std::vector<Var<T>>;
    const T scale = T(3) / T(4), epsilon = T(1) / T(1000);
    calls["softmax"] = [](const V& v) { return softmax(v[0], {3, 4, 2}, 1); };
    calls["log-softmax"] = [](const V& v) { return log_softmax(v[0], {3, 2, 37}, 2); };
    calls["matmul"] = [](const V& v) { return matmul(v[0], v[1], {.rows = 5, .inner = 7, .columns = 4, .blocks = 3}); };
    calls["matmul-transposed"] = [](const V& v) {
        return matmul(v[0], v[1], {.rows = 9, .inner = 17, .columns = 33, .blocks = 2, .transpose_a = 1, .transpose_b = 1});
    };
    calls["attention"] = [=](const V& v) { return attention(v[0], v[1], v[2], {.heads = 2, .queries = 5, .keys = 7, .depth = 3, .width = 4}, scale); };
    const AttentionShape causal{.heads = 2, .queries = 6, .keys = 6, .depth = 3, .width = 2, .causal = 1};
    calls["attention-causal"] = [=](const V& v) { return attention(v[0], v[1], v[2], causal, scale); };
    calls["attention-tiles"] = [=](const V& v) { return attention(v[0], v[1], v[2], {.queries = 70, .keys = 140, .depth = 2, .width = 3}, scale); };
    calls["embedding"] = [](const V& v) { return lookup(v[0], 3, v[1]); };
    calls["layer-norm"] = [=](const V& v) { return layer_norm(v[0], v[1], v[2], epsilon); };
    calls["rms-norm"] = [=](const V& v) { return layer_norm(v[0], v[1], v[0].tape()->constant(std::vector<T>(40, T(0))), epsilon, false); };
    calls["instance-norm"] = [=](const V& v) { return normalise(v[0], v[1], v[2], {.channels = 3, .pixels = 20, .groups = 3}, epsilon); };
    calls["batch-norm"] = [=](const V& v) { return batch_norm(v[0], v[1], v[2], v[3], v[4], epsilon); };
}

template <class T>
void add_windows(std::map<std::string, Call<T>>& calls) {
    using V = std::vector<Var<T>>;
    const PoolWindow three{.kernel_height = 3, .kernel_width = 3, .stride_y = 2, .stride_x = 2, .top = 1, .left = 1, .bottom = 1, .right = 1};
    const PoolWindow dilated{.kernel_height = 2, .kernel_width = 3, .stride_x = 2, .left = 1, .right = 1, .dilation_y = 2, .dilation_x = 2, .ceil_mode = true};
    const PoolWindow inside{.kernel_height = 3, .kernel_width = 2, .stride_y = 2, .stride_x = 2, .top = 1, .bottom = 1, .ceil_mode = true};
    PoolWindow over = three;
    over.ceil_mode = true;
    calls["max-pool"] = [=](const V& v) { return max_pool2d(v[0], {2, 6, 7}, three); };
    calls["max-pool-dilated"] = [=](const V& v) { return max_pool2d(v[0], {2, 6, 8}, dilated); };
    calls["avg-pool"] = [=](const V& v) { return avg_pool2d(v[0], {2, 6, 7}, three, true); };
    calls["avg-pool-inside"] = [=](const V& v) { return avg_pool2d(v[0], {2, 6, 7}, inside, false); };
    calls["avg-pool-ceil"] = [=](const V& v) { return avg_pool2d(v[0], {2, 6, 6}, over, true); };
    const Image image{2, 4, 6};
    calls["bilinear"] = [=](const V& v) { return resize(v[0], image, {.height = 7, .width = 5}); };
    calls["bilinear-corners"] = [=](const V& v) { return resize(v[0], image, {.height = 3, .width = 8, .coordinates = Coordinates::align_corners}); };
    calls["nearest"] = [=](const V& v) { return resize(v[0], image, {.height = 7, .width = 5, .linear = false, .coordinates = Coordinates::asymmetric}); };
    calls["nearest-exact"] = [=](const V& v) { return resize(v[0], image, {.height = 7, .width = 4, .linear = false, .nearest = Nearest::round_up}); };
    const ConvolutionShape strided{.kernel_height = 3, .kernel_width = 3, .stride_y = 2, .stride_x = 2, .top = 1, .left = 1, .bottom = 1, .right = 1};
    const ConvolutionShape wide{.kernel_height = 2, .kernel_width = 3, .stride_x = 2, .dilation_y = 2, .dilation_x = 2, .groups = 2};
    const ConvolutionShape plain = transposed_shape(3, 4, 5, 2, strided, 1, 1), grouped = transposed_shape(4, 3, 4, 6, wide);
    calls["conv-transpose"] = [=](const V& v) { return conv_transpose2d(v[0], v[1], v[2], plain); };
    calls["conv-transpose-groups"] = [=](const V& v) { return conv_transpose2d(v[0], v[1], v[2], grouped); };
}

template <class T>
std::map<std::string, Call<T>> all_calls() {
    std::map<std::string, Call<T>> calls;
    add_choices(calls);
    add_tokens(calls);
    add_windows(calls);
    return calls;
}

bool names(const std::string& list, std::size_t i) { return (" " + list + " ").find(" " + std::to_string(i) + " ") != std::string::npos; }

template <class T>
std::vector<T> values(const nn::SafetensorsFile& file, const std::string& name) {
    const auto tensor = file.values(name);
    return {tensor.begin(), tensor.end()};
}

/// Largest |a - b| in units of max(1, |b|).
template <class T>
double distance(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) return HUGE_VAL;
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) / std::max(1.0, std::abs(static_cast<double>(b[i])));
        worst = d <= worst ? worst : d;
    }
    return worst;
}

/// How far value, product with the Jacobian, and products from the other side are from PyTorch's.
template <class T>
double error_of(const nn::SafetensorsFile& file, const std::string& name, const Call<T>& call, bool parameters) {
    const std::string shared = file.metadata().at(name + ".shared"), fixed = file.metadata().at(name + ".fixed");
    constexpr std::size_t batch = 2;
    Tape<T> tape;
    Arrays<T> in, dots, bars;
    std::vector<T> theta_dot, theta_bar;
    std::vector<bool> compared;
    std::vector<Var<T>> operands;
    for (std::size_t i = 0; file.contains(name + "/x" + std::to_string(i)); ++i) {
        const auto x = values<T>(file, name + "/x" + std::to_string(i)), d = values<T>(file, name + "/d" + std::to_string(i)),
                   bar = values<T>(file, name + "/bar" + std::to_string(i));
        if (parameters && names(shared, i) && !names(fixed, i)) {
            operands.push_back(tape.parameter(x, "x" + std::to_string(i)));
            theta_dot.insert(theta_dot.end(), d.begin(), d.end());
            theta_bar.insert(theta_bar.end(), bar.begin(), bar.end());
            continue;
        }
        const bool once = names(shared, i);
        operands.push_back(tape.input(once ? x.size() : x.size() / batch, once ? Sharing::shared : Sharing::per_sample, "x" + std::to_string(i)));
        in.push_back(x);
        dots.push_back(d);
        bars.push_back(bar);
        compared.push_back(!names(fixed, i));
    }
    tape.output(call(operands));
    const auto program = freeze(tape);
    const auto pulled = pullback(program, in, {values<T>(file, name + "/v")}, batch);
    const auto pushed = pushforward(program, in, dots, theta_dot, batch);
    double worst = std::max(distance(pulled.out[0], values<T>(file, name + "/y")), distance(pulled.theta_bar, theta_bar));
    worst = std::max(worst, distance(pushed.out_dot[0], values<T>(file, name + "/y_dot")));
    for (std::size_t i = 0; i < in.size(); ++i)
        if (compared[i]) worst = std::max(worst, distance(pulled.in_bar[i], bars[i]));
    return worst;
}

}  // namespace

TEMPLATE_TEST_CASE("operations are PyTorch's: values, products with the Jacobian from both sides", "", float, double, (long double)) {
    const nn::SafetensorsFile file(std::filesystem::path(COSTATE_SOURCE_DIR) / "tests/nn/operations.golden.safetensors");
    // a few roundings on values of order one; a float's operands are rounded too
    const double bound = std::is_same_v<TestType, float> ? 8e-6 : 2e-14;
    const auto calls = all_calls<TestType>();
    std::size_t met = 0;
    for (const auto& [key, text] : file.metadata()) {
        if (!key.ends_with(".shared")) continue;
        const std::string name = key.substr(0, key.find('.'));
        INFO(name);
        REQUIRE(calls.contains(name));
        ++met;
        for (const bool parameters : {false, true}) CHECK(error_of<TestType>(file, name, calls.at(name), parameters) <= bound);
    }
    CHECK(met == calls.size());
}

TEST_CASE("negative control: another number of the geometry is noticed") {
    const nn::SafetensorsFile file(std::filesystem::path(COSTATE_SOURCE_DIR) / "tests/nn/operations.golden.safetensors");
    const auto off = [&](const std::string& name, const Call<double>& call) { return error_of<double>(file, name, call, false) > 1e-3; };
    using V = std::vector<Var<double>>;
    CHECK(off("maximum", [](const V& v) { return maximum(v[0], v[1] + 1e-9); }));  // at ties
    CHECK(off("clamp", [](const V& v) { return clamp(v[0], -1 - 1e-9, 1); }));      // at the bound
    CHECK(off("attention-causal", [](const V& v) { return attention(v[0], v[1], v[2], {.heads = 2, .queries = 6, .keys = 6, .depth = 3, .width = 2}, 0.75); }));
    CHECK(off("bilinear", [](const V& v) { return resize(v[0], {2, 4, 6}, {.height = 7, .width = 5, .coordinates = Coordinates::asymmetric}); }));
    const PoolWindow window{.kernel_height = 3, .kernel_width = 3, .stride_y = 2, .stride_x = 2, .top = 1, .left = 1, .bottom = 1, .right = 1};
    CHECK(off("avg-pool", [=](const V& v) { return avg_pool2d(v[0], {2, 6, 7}, window, false); }));
    CHECK(off("layer-norm", [](const V& v) { return layer_norm(v[0], v[1], v[2], 2e-3); }));
}
