// What is computed from a few numbers against the same by lists of indices, value for value: pooling, upsampling; and channels whose adjoint
// nobody asks for.
#include "autodiff/image_functions.hpp"
#include "autodiff/window_functions.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

constexpr std::size_t batch = 2;

/// Value, adjoint and tangent of a graph of one input, at values that depend on its size alone.
template <class T, class Graph>
Arrays<T> results(std::size_t size, Graph graph) {
    std::mt19937_64 random(9);
    Tape<T> tape;
    tape.output(graph(tape.input(size, Sharing::per_sample, "x")));
    const auto program = freeze(tape);
    const auto in = random_arrays<T>(program.inputs(), batch, random), dots = random_arrays<T>(program.inputs(), batch, random),
               bars = random_arrays<T>(program.outputs(), batch, random);
    const auto pulled = pullback(program, in, bars, batch);
    const auto pushed = pushforward<T>(program, in, dots, {}, batch);
    return {pulled.out[0], pulled.in_bar[0], pushed.out[0], pushed.out_dot[0]};
}

/// The pixels that every window sees, straight from the definition.
struct Listed {
    std::vector<std::uint32_t> indices;
    std::vector<std::size_t> there, padded;  // by window: its pixels; with padding
};
Listed listed(const Image& x, const PoolWindow& w) {
    Listed all;
    for (std::size_t c = 0; c < x.channels; ++c)
        for (std::size_t i = 0; i < w.out_height(x.height); ++i)
            for (std::size_t j = 0; j < w.out_width(x.width); ++j) {
                all.there.push_back(0), all.padded.push_back(0);
                for (std::size_t u = 0; u < w.kernel_height; ++u)
                    for (std::size_t v = 0; v < w.kernel_width; ++v) {
                        const std::size_t y = i * w.stride_y + u * w.dilation_y, z = j * w.stride_x + v * w.dilation_x;
                        const bool pixel = w.top <= y && y < w.top + x.height && w.left <= z && z < w.left + x.width;
                        all.indices.push_back(pixel ? static_cast<std::uint32_t>((c * x.height + y - w.top) * x.width + z - w.left) : ops::no_index);
                        all.there.back() += pixel ? 1 : 0;
                        all.padded.back() += y < w.top + x.height + w.bottom && z < w.left + x.width + w.right ? 1 : 0;
                    }
            }
    return all;
}

PoolWindow random_window(const Image& x, std::mt19937_64& random) {
    const auto pick = [&](std::size_t least, std::size_t most) { return least + random() % (most - least + 1); };
    PoolWindow w{.kernel_height = pick(1, 4), .kernel_width = pick(1, 4), .stride_y = pick(1, 3), .stride_x = pick(1, 3), .ceil_mode = pick(0, 1) == 1};
    w.dilation_y = pick(1, 2), w.dilation_x = pick(1, 2);
    w.top = pick(0, w.kernel_height / 2), w.bottom = pick(0, w.kernel_height / 2), w.left = pick(0, w.kernel_width / 2), w.right = pick(0, w.kernel_width / 2);
    const auto fit = [](std::size_t& kernel, std::size_t dilation, std::size_t padded) { kernel = std::min(kernel, (padded - 1) / dilation + 1); };
    fit(w.kernel_height, w.dilation_y, x.height + w.top + w.bottom);
    fit(w.kernel_width, w.dilation_x, x.width + w.left + w.right);
    return w;
}

template <class T>
std::vector<T> shares(const Listed& list, std::size_t width, bool padding) {
    std::vector<T> all;
    for (std::size_t i = 0; i < list.indices.size(); ++i)
        all.push_back(T(1) / T(static_cast<int>((padding ? list.padded : list.there)[i / width])));
    return all;
}

}  // namespace

TEMPLATE_TEST_CASE("windows computed are windows listed: the largest and the mean, and their derivatives", "", float, Rational) {
    using T = TestType;
    std::mt19937_64 random(1);
    std::size_t compared = 0, different = 0;
    for (int i = 0; i < 60; ++i) {
        const Image image{1 + random() % 2, 1 + random() % 6, 1 + random() % 6};
        const PoolWindow w = random_window(image, random);
        const Listed list = listed(image, w);
        if (std::find(list.there.begin(), list.there.end(), 0u) != list.there.end()) {
            Tape<T> tape;
            const Var<T> x = tape.input(image.size(), Sharing::per_sample, "x");
            CHECK_THROWS_WITH(max_pool2d(x, image, w), Catch::Contains("padding alone"));
            CHECK_THROWS_WITH(avg_pool2d(x, image, w, true), Catch::Contains("padding alone"));
            continue;
        }
        const std::size_t width = w.kernel_height * w.kernel_width;
        INFO(i << ": " << width << " taps on " << image.height << " x " << image.width);
        CHECK((results<T>(image.size(), [&](const Var<T>& x) { return max_pool2d(x, image, w); }) ==
               results<T>(image.size(), [&](const Var<T>& x) { return window_max<T>(x, list.indices, width); })));
        for (const bool padding : {false, true}) {
            const auto c = shares<T>(list, width, padding), other = shares<T>(list, width, !padding);
            const auto mean = results<T>(image.size(), [&](const Var<T>& x) { return avg_pool2d(x, image, w, padding); });
            CHECK((mean == results<T>(image.size(), [&](const Var<T>& x) { return sparse_linear<T>(x, list.indices, c, width); })));
            different += mean != results<T>(image.size(), [&](const Var<T>& x) { return sparse_linear<T>(x, list.indices, other, width); }) ? 1 : 0;
        }
        ++compared;
    }
    CHECK(compared > 40);
    CHECK(different > 10);  // the control: the other way to count
}

TEST_CASE("a window of more pixels than single precision counts keeps its largest") {
    const Image image{1, 4097, 4097};
    const std::size_t largest = (std::size_t{1} << 24) + 1;  // as a float: one less
    Tape<float> tape;
    const Var<float> x = tape.input(image.size(), Sharing::per_sample, "x");
    tape.output(max_pool2d(x, image, {.kernel_height = image.height, .kernel_width = image.width}));
    Arrays<float> in{std::vector<float>(image.size())};
    in[0][largest] = 1;
    const auto pulled = pullback(freeze(tape), in, {{2.0f}}, 1);
    CHECK(pulled.out[0] == std::vector<float>{1});
    CHECK(pulled.in_bar[0][largest] == 2);
    CHECK(std::count(pulled.in_bar[0].begin(), pulled.in_bar[0].end(), 0.0f) == static_cast<std::ptrdiff_t>(image.size() - 1));
    const std::size_t far = std::size_t{1} << 25;
    CHECK_THROWS_WITH(max_pool2d(x, image, {.kernel_height = far, .top = far}), Catch::Contains("2^24"));
    CHECK_THROWS_WITH(max_pool2d(x, image, {.top = far * far, .bottom = 1}), Catch::Contains("2^31"));
    const PoolWindow large{.kernel_height = far / 2, .kernel_width = far / 2, .top = far / 2 - 1, .left = far / 2 - 1};
    CHECK_THROWS_WITH(avg_pool2d(x, image, large, true), Catch::Contains("2^31"));
}

TEMPLATE_TEST_CASE("pixels repeated are pixels listed, bit by bit, and their sums of blocks in the order of rows, then columns", "", float, Rational) {
    using T = TestType;
    std::size_t different = 0;
    for (const Image image : {Image{3, 2, 5}, Image{1, 7, 1}, Image{2, 1, 14}})
        for (const std::size_t scale : {1u, 2u, 3u}) {
            const auto covering = [&](bool turned) {
                std::vector<std::uint32_t> indices;
                for (std::size_t c = 0; c < image.channels; ++c)
                    for (std::size_t i = 0; i < image.height * scale; ++i)
                        for (std::size_t j = 0; j < image.width * scale; ++j) {
                            const std::size_t row = c * image.height + i / scale, column = j / scale;
                            indices.push_back(static_cast<std::uint32_t>(row * image.width + (turned ? image.width - 1 - column : column)));
                        }
                return indices;
            };
            // twice, so that an adjoint is added to another; thirds, so that orders of a sum differ
            const auto graph = [&](const auto& repeat) {
                return results<T>(image.size(), [&](const Var<T>& v) {
                    const Var<T> x = v * (T(1) / T(3));
                    return repeat(x) * repeat(x + x);
                });
            };
            const auto ours = graph([&](const Var<T>& x) { return upsample_nearest(x, image, scale); });
            CHECK((ours == graph([&](const Var<T>& x) { return gather<T>(x, covering(false)); })));
            different += ours != graph([&](const Var<T>& x) { return gather<T>(x, covering(true)); }) ? 1 : 0;
        }
    CHECK(different == 6);  // the control: columns the other way round, where there is more than one
    Tape<T> tape;
    const Var<T> x = tape.input(6, Sharing::per_sample, "x");
    CHECK_THROWS_WITH(upsample_nearest(x, {1, 2, 3}, 0), Catch::Contains("scale is 0"));
    CHECK_THROWS_WITH(upsample_nearest(x, {1, 2, 3}, 60000), Catch::Contains("more than 2^32"));
}

namespace {

/// x̄ of a convolution (of everything that the graph has) of x beside a channel of t; and bytes of the weights packed for the way back.
template <class T>
std::pair<std::vector<T>, std::size_t> beside(bool t_first, bool t_frozen, bool twice) {
    const ConvolutionShape s{.channels = 3, .height = 4, .width = 5, .outputs = 2, .kernel_height = 3, .kernel_width = 2, .stride_y = 2, .top = 1, .left = 1};
    std::mt19937_64 random(4);
    Tape<T> tape;
    const Var<T> t = tape.input(1, Sharing::shared, "t"), x = tape.input(2 * s.in_plane(), Sharing::per_sample, "x");
    const Var<T> of_t = broadcast(t, s.in_plane()), both = t_first ? concat(of_t, x) : concat(x, of_t);
    const Var<T> w = tape.constant(random_values<T>(s.weight_size(), random));
    tape.output(conv2d(both, w, s));
    if (twice) tape.output(both * both);
    FreezeOptions options;
    if (t_frozen) options.frozen_inputs = {"t"};
    const auto program = freeze(tape, options);
    const auto in = random_arrays<T>(program.inputs(), batch, random), bars = random_arrays<T>(program.outputs(), batch, random);
    return {pullback(program, in, bars, batch).in_bar[1], program.plan()->constant_packs.at(0).transposed_convolution.bytes()};
}

}  // namespace

TEMPLATE_TEST_CASE("a convolution's way back leaves out the channels that nobody asks for: the others' adjoints are the same, bit by bit", "", float, double,
                   (long double), Rational) {
    using T = TestType;
    for (const bool t_first : {false, true})
        for (const bool twice : {false, true}) {
            INFO(t_first << twice);
            const auto all = beside<T>(t_first, false, twice), part = beside<T>(t_first, true, twice);
            CHECK((part.first == all.first));
            CHECK(part.first != beside<T>(!t_first, true, twice).first);
            if constexpr (!kernels::simd::Vectorised<T>) CHECK(3 * part.second == 2 * all.second);
        }
}
