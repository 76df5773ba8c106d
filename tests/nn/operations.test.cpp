// Single operations against PyTorch: operations.golden.safetensors, float64 answers of PyTorch 2.15 written by tools/op_goldens.py (seed 20261122).
#include "autodiff/choice_functions.hpp"
#include "autodiff/token_functions.hpp"
#include "autodiff/window_functions.hpp"
#include "nn/layers/functions.hpp"
#include "nn/layers/reductions.hpp"
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

/// A layer of a network file by itself, what it reads of those shapes.
template <class L, class T>
Call<T> layer(std::vector<std::vector<std::size_t>> shapes, std::map<std::string, std::vector<std::int64_t>, std::less<>> lists = {},
              std::map<std::string, double, std::less<>> numbers = {}) {
    nn::Layer described;
    described.numbers = std::move(numbers);
    described.lists = std::move(lists);
    described.in_shapes = std::move(shapes);
    described.out_shape = L::shape(described);
    return [described](const std::vector<Var<T>>& v) { return L::template record<T>(v, {}, described); };
}

template <class T>
void add_rearrangements(std::map<std::string, Call<T>>& calls) {
    using V = std::vector<Var<T>>;
    namespace l = nn::layers;
    calls["segment-sum"] = [](const V& v) { return segment_sum<T>(v[0], std::vector<std::uint32_t>{2, 0, ops::no_index, 1, 2, 2, 0}, 4); };
    calls["gather"] = [](const V& v) { return gather<T>(v[0], std::vector<std::uint32_t>{4, 0, 0, 2}); };
    calls["gather-outside"] = [](const V& v) { return gather<T>(v[0], std::vector<std::uint32_t>{4, ops::no_index, 1, ops::no_index}); };
    calls["gather-axis"] = layer<l::GatherLayer, T>({{2, 4, 2}}, {{"indices", {3, 0, 0}}}, {{"axis", 1}});
    calls["transpose"] = [](const V& v) { return transpose(v[0], {3, 2, 4}, {2, 0, 1}); };
    calls["reshape"] = [](const V& v) { return transpose(layer<l::Reshape, T>({{3, 2, 4}}, {{"shape", {6, 4}}})(v), {6, 4}, {1, 0}); };
    calls["slice"] = [](const V& v) { return v[0].slice(2, 3); };
    calls["slice-axes"] = [](const V& v) { return part_of(v[0], {3, 4, 3}, {{1, 2, 1}, {0, 2, 2}, {1, 2, 1}}); };
    calls["pad"] = [](const V& v) { return pad(v[0], {2, 1, 3}, {2, 0, 1}, {0, 1, 2}); };
    calls["pad-number"] = layer<l::PadLayer, T>({{3, 2}}, {{"before", {1, 0}}, {"after", {0, 2}}}, {{"value", -0.75}});
    calls["expand"] = [](const V& v) { return broadcast_to(v[0], {3, 1, 4}, {3, 2, 4}); };
    calls["concat"] = [](const V& v) { return layer<l::Concat, T>({{2, 3}, {2, 1}, {2, 3}}, {}, {{"axis", 1}})({v[0], v[1], v[0]}); };
    calls["sum"] = [](const V& v) { return sum_over(v[0], {3, 4, 2}, {0, 2}); };
    calls["sum-all"] = [](const V& v) { return sum(v[0]); };
    calls["mean"] = [](const V& v) { return mean_over(v[0], {3, 4, 2}, {1, 2}); };
    calls["amin"] = [](const V& v) { return min_over(v[0], {3, 4, 2}, {0, 2}); };
    calls["min-first"] = [](const V& v) { return min_over(v[0], {3, 6}, {1}); };
}

template <class T>
void add_elementwise(std::map<std::string, Call<T>>& calls) {
    using V = std::vector<Var<T>>;
    namespace l = nn::layers;
    const std::vector<std::vector<std::size_t>> both{{3, 1, 4}, {2, 1}};
    calls["add-broadcast"] = layer<l::Add, T>(both);
    calls["sub-broadcast"] = layer<l::Subtract, T>(both);
    calls["mul-broadcast"] = layer<l::Mul, T>(both);
    calls["div-broadcast"] = layer<l::Divide, T>(both);
    calls["mul-scalar"] = [](const V& v) { return v[0] * v[1]; };
    calls["pow"] = layer<l::Pow, T>(both);
    calls["power-3"] = [](const V& v) { return pow(v[0], 3); };
    calls["power-minus-2"] = [](const V& v) { return pow(v[0], -2); };
    calls["power-real"] = layer<l::PowerLayer, T>({{8}}, {}, {{"exponent", 2.5}});
    calls["floor"] = [](const V& v) { return floor(v[0]); };
    calls["ceil"] = [](const V& v) { return ceil(v[0]); };
    calls["round"] = [](const V& v) { return round(v[0]); };
    calls["sign"] = [](const V& v) { return sign(v[0]); };
    calls["less"] = [](const V& v) { return less(v[0], v[1]); };
    calls["less-equal"] = [](const V& v) { return less_equal(v[0], v[1]); };
    calls["equal"] = [](const V& v) { return equal(v[0], v[1]); };
    calls["where-broadcast"] = layer<l::Where, T>({{2, 3, 1}, {3, 2}, {2, 1, 1}});
    calls["clamp-low"] = [](const V& v) { return clamp(v[0], T(-1), std::nullopt); };
    calls["clamp-high"] = [](const V& v) { return clamp(v[0], std::nullopt, T(1)); };
}

template <class T>
std::map<std::string, Call<T>> all_calls() {
    std::map<std::string, Call<T>> calls;
    add_choices(calls);
    add_tokens(calls);
    add_windows(calls);
    add_rearrangements(calls);
    add_elementwise(calls);
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
    constexpr bool single = std::is_same_v<TestType, float>;
    const auto calls = all_calls<TestType>();
    std::size_t met = 0;
    for (const auto& [key, text] : file.metadata()) {
        if (!key.ends_with(".shared")) continue;
        const std::string name = key.substr(0, key.find('.'));
        INFO(name);
        REQUIRE(calls.contains(name));
        ++met;
        // a few roundings on values of order one; a float's operands are rounded too, and PyTorch's own errors in float are in the file
        const double bound = single ? 4 * std::stod(file.metadata().at(name + ".float32")) : 2e-14;
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
    CHECK(off("segment-sum", [](const V& v) { return segment_sum<double>(v[0], std::vector<std::uint32_t>{2, 0, 3, 1, 2, 2, 0}, 4); }));
    CHECK(off("gather-outside", [](const V& v) { return gather<double>(v[0], std::vector<std::uint32_t>{4, 5, 1, 5}); }));
    CHECK(off("transpose", [](const V& v) { return transpose(v[0], {3, 2, 4}, {2, 1, 0}); }));
    CHECK(off("slice-axes", [](const V& v) { return part_of(v[0], {3, 4, 3}, {{1, 2, 1}, {0, 2, 1}, {1, 2, 1}}); }));
    CHECK(off("pad", [](const V& v) { return pad(v[0], {2, 1, 3}, {2, 1, 1}, {0, 0, 2}); }));
    CHECK(off("mean", [](const V& v) { return sum_over(v[0], {3, 4, 2}, {1, 2}); }));
    CHECK(off("amin", [](const V& v) { return max_over(v[0], {3, 4, 2}, {0, 2}); }));
    CHECK(off("min-first", [](const V& v) {  // the last of equal ones
        std::vector<std::uint32_t> turned;
        for (const std::uint32_t row : {0, 6, 12})
            for (std::uint32_t i = 6; i-- > 0;) turned.push_back(row + i);
        return min_over(gather<double>(v[0], turned), {3, 6}, {1});
    }));
    CHECK(off("round", [](const V& v) { return floor(v[0] + 0.5); }));  // at halves
    CHECK(off("less", [](const V& v) { return less_equal(v[0], v[1]); }));
    CHECK(off("less-equal", [](const V& v) { return less(v[0], v[1]); }));
    CHECK(off("sign", [](const V& v) { return where(less(v[0], Var<double>(0.0)), Var<double>(-1.0), Var<double>(1.0)); }));  // at 0
    CHECK(off("clamp-low", [](const V& v) { return maximum(v[0], Var<double>(-1.0)); }));  // its derivative at the bound
    CHECK(off("power-3", [](const V& v) { return v[0] * abs(v[0]) * v[0]; }));
}
