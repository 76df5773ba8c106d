// Convolutions at every width against plain loops. Values are small integers, so every sum is exact and results are equal, bit by bit.
#include "kernels/convolution.hpp"
#include "kernels/normalisation.hpp"
#include "scalar/traits.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

using namespace costate;
using namespace costate::kernels;

namespace {

template <class T>
std::vector<T> integers(std::size_t n, std::mt19937_64& random) {
    std::vector<T> v;
    for (std::size_t i = 0; i < n; ++i) v.push_back(static_cast<T>(static_cast<int>(random() % 7) - 3));
    return v;
}

/// One of many shapes: groups, strides, holes, uneven padding; small, or with more channels than a block and more outputs than a tile.
ConvolutionShape random_shape(std::mt19937_64& random, bool large) {
    const auto pick = [&](std::uint32_t least, std::uint32_t most) { return least + static_cast<std::uint32_t>(random() % (most - least + 1)); };
    ConvolutionShape s;
    s.groups = pick(1, 4) == 1 ? pick(2, 3) : 1;
    s.channels = s.groups * (large ? pick(20, 50) : pick(1, 5));
    s.outputs = s.groups * (large ? pick(1, 33) : pick(1, 17));
    s.height = pick(1, large ? 40 : 12);
    s.width = pick(1, large ? 40 : 70);
    s.kernel_height = pick(1, 4), s.kernel_width = pick(1, 4);
    s.stride_y = pick(1, 3), s.stride_x = pick(1, 3);
    s.dilation_y = pick(1, 3), s.dilation_x = pick(1, 3);
    s.top = pick(0, 3), s.bottom = pick(0, 3), s.left = pick(0, 3), s.right = pick(0, 3);
    s.kernel_height = std::min(s.kernel_height, (s.height + s.top + s.bottom - 1) / s.dilation_y + 1);
    s.kernel_width = std::min(s.kernel_width, (s.width + s.left + s.right - 1) / s.dilation_x + 1);
    return s;
}

std::string text(const ConvolutionShape& s) {
    std::string t;
    for (const std::uint32_t n : {s.channels, s.height, s.width, s.outputs, s.kernel_height, s.kernel_width, s.stride_y, s.stride_x, s.top, s.left, s.bottom,
                                  s.right, s.dilation_y, s.dilation_x, s.groups})
        t += std::to_string(n) + " ";
    return t;
}

template <class T>
struct Data {
    ConvolutionShape s;
    std::vector<T> x, w, bias, y_bar, slope;

    Data(const ConvolutionShape& shape, std::mt19937_64& random)
        : s(shape), x(integers<T>(s.in_size(), random)), w(integers<T>(s.weight_size(), random)), bias(integers<T>(s.outputs, random)),
          y_bar(integers<T>(s.out_size(), random)), slope(integers<T>(s.out_size(), random)) {}

    /// Some channels, where there is one group.
    [[nodiscard]] typename PackedConvolution<T>::Channels some() const {
        if (s.groups != 1) return {};
        return {s.channels / 3, (std::size_t{s.channels} + 1) / 2};
    }
    /// What `all` has in some channels, `others` in the others.
    [[nodiscard]] std::vector<T> in_some(const std::vector<T>& all, std::vector<T> others) const {
        const auto [first, count] = some();
        const std::size_t begin = first * s.in_plane(), size = (count == 0 ? s.channels : count) * s.in_plane();
        std::copy_n(all.data() + begin, size, others.data() + begin);
        return others;
    }

    /// y, y accumulated, x̄, x̄ accumulated with a slope, W̄, the x̄ of some channels twice, one after the other, by plain loops.
    [[nodiscard]] std::vector<T> expected() const {
        std::vector<T> all(s.out_size()), more(y_bar), z(y_bar), back(s.in_size()), again(x), weights(w);
        reference::convolve(s, 1, x.data(), w.data(), bias.data(), all.data(), false);
        reference::convolve<T>(s, 1, x.data(), w.data(), nullptr, more.data(), true);
        reference::convolve_back(s, 1, y_bar.data(), w.data(), back.data(), false);
        for (std::size_t i = 0; i < z.size(); ++i) z[i] *= slope[i];
        reference::convolve_back(s, 1, z.data(), w.data(), again.data(), true);
        reference::convolve_weights(s, 1, y_bar.data(), x.data(), weights.data());
        std::vector<T> some_back = in_some(back, std::vector<T>(back.size())), some_again = in_some(again, x);
        for (const auto* part : {&more, &back, &again, &weights, &some_back, &some_again}) all.insert(all.end(), part->begin(), part->end());
        return all;
    }
    /// The same by the kernels of a table.
    [[nodiscard]] std::vector<T> computed(const simd::Table<T>& table) const {
        using Packed = PackedConvolution<T>;
        const Packed forward(w, s, Packed::Direction::forward, table), transposed(w, s, Packed::Direction::transposed, table),
            part(w, s, Packed::Direction::transposed, table, some());
        std::vector<T> all(s.out_size(), T(7)), more(y_bar), back(s.in_size(), T(7)), again(x), weights(w), some_back(back), some_again(x);
        forward(x.data(), nullptr, bias.data(), all.data(), false);
        forward(x.data(), nullptr, nullptr, more.data(), true);
        transposed(y_bar.data(), nullptr, nullptr, back.data(), false);
        transposed(y_bar.data(), slope.data(), nullptr, again.data(), true);
        forward.weights(1, y_bar.data(), x.data(), weights.data());
        part(y_bar.data(), nullptr, nullptr, some_back.data(), false);
        part(y_bar.data(), slope.data(), nullptr, some_again.data(), true);
        for (const auto* values : {&more, &back, &again, &weights, &some_back, &some_again}) all.insert(all.end(), values->begin(), values->end());
        return all;
    }
};

template <class T>
void sweep(std::size_t count, bool large, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < count; ++i) {
        const Data<T> data(random_shape(random, large), random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(data.s) << name(isa));
            CHECK((data.computed(simd::table<T>(isa)) == expected));
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("convolution, its transpose and its weights' gradient are the plain loops at every width", "[quick]", float, double) {
    sweep<TestType>(60, false, 1);
}

TEMPLATE_TEST_CASE("the same with more channels than one block, more outputs than one tile", "", float, double) { sweep<TestType>(40, true, 2); }

TEMPLATE_TEST_CASE("images whose blocks are cut in rows and in columns; kernels too large for vectors", "", float, double) {
    std::mt19937_64 random(3);
    const ConvolutionShape wide{.channels = 2, .height = 3, .width = 9001, .outputs = 3, .kernel_height = 3, .kernel_width = 5, .top = 1, .left = 2};
    const ConvolutionShape tall{.channels = 3, .height = 300, .width = 200, .outputs = 2, .kernel_height = 3, .kernel_width = 3, .stride_y = 2, .right = 1};
    const ConvolutionShape thin{.channels = 1, .height = 16, .width = 90, .outputs = 2, .kernel_height = 2, .kernel_width = 32, .dilation_y = 15};
    const ConvolutionShape many{.channels = 2, .height = 12, .width = 11, .outputs = 2, .kernel_height = 9, .kernel_width = 8, .left = 3};
    const ConvolutionShape far{.channels = 2, .height = 40, .width = 4, .outputs = 2, .kernel_height = 2, .dilation_y = 20};
    std::vector<ConvolutionShape> shapes{wide, tall, thin, many, far};
    for (const auto& [channels, height, width, side, hole] :  // images as large as x: their rows are copied in one go
         std::vector<std::array<std::uint32_t, 5>>{{12, 90, 60, 3, 1}, {7, 33, 17, 5, 1}, {5, 40, 9, 3, 4}, {9, 5, 3, 3, 5}, {16, 28, 28, 3, 1},
                                                   {3, 7, 1, 3, 1}}) {
        const std::uint32_t around = side / 2 * hole;
        shapes.push_back({.channels = channels, .height = height, .width = width, .outputs = channels + 2, .kernel_height = side, .kernel_width = side,
                          .top = around, .left = around, .bottom = around, .right = around, .dilation_y = hole, .dilation_x = hole});
    }
    for (const ConvolutionShape& s : shapes) {
        const Data<TestType> data(s, random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            CHECK((data.computed(simd::table<TestType>(isa)) == expected));
        }
    }
}

TEMPLATE_TEST_CASE("one tap on every pixel: panels that are full, partly full and none, channels of more than one block", "[quick]", float, double) {
    std::mt19937_64 random(4);
    const std::vector<std::array<std::uint32_t, 4>> sizes{{3, 1, 1, 2},   {5, 3, 5, 30},  {96, 14, 14, 48}, {300, 4, 8, 3}, {230, 9, 31, 15},
                                                          {20, 5, 13, 29}, {20, 2, 33, 7}, {20, 1, 35, 23}, {300, 6, 6, 50}};
    for (const auto& [channels, height, width, outputs] : sizes) {
        const ConvolutionShape s{.channels = channels, .height = height, .width = width, .outputs = outputs, .kernel_height = 1, .kernel_width = 1};
        const Data<TestType> data(s, random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            CHECK((data.computed(simd::table<TestType>(isa)) == expected));
        }
    }
}

TEMPLATE_TEST_CASE("one tap on few pixels: the weights' gradient with channels in the lanes, outputs of more than one block, groups", "[quick]", float,
                   double) {
    std::mt19937_64 random(11);
    const std::vector<std::array<std::uint32_t, 5>> sizes{{64, 7, 7, 500, 1}, {32, 1, 1, 40, 1}, {48, 1, 3, 33, 1}, {16, 6, 6, 70, 1}, {240, 5, 5, 130, 1},
                                                          {64, 3, 4, 80, 2}};
    for (const auto& [channels, height, width, outputs, groups] : sizes) {
        const ConvolutionShape s{.channels = channels, .height = height, .width = width, .outputs = outputs, .kernel_height = 1, .kernel_width = 1,
                                 .groups = groups};
        const Data<TestType> data(s, random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            CHECK((data.computed(simd::table<TestType>(isa)) == expected));
        }
    }
}

TEMPLATE_TEST_CASE("the weights' gradient of a batch: few outputs, full and partly full panels, tiny planes, taps far apart", "[quick]", float, double) {
    std::mt19937_64 random(8);
    std::vector<ConvolutionShape> shapes;
    for (const std::uint32_t side : {1, 2, 7, 14, 28})  // 3 x 3, padded
        for (const std::uint32_t outputs : {1, 2, 4, 5, 8, 9, 17, 31, 33, 48, 64, 65, 97})
            shapes.push_back({.channels = 1 + (side + outputs) % 7, .height = side, .width = side, .outputs = outputs, .kernel_height = 3, .kernel_width = 3,
                              .stride_y = 1 + outputs % 2, .stride_x = 1 + outputs % 2, .top = 1, .left = 1, .bottom = 1, .right = 1});
    for (const std::uint32_t outputs : {1, 3, 16, 50})  // more steps than a block, holes, groups
        for (const std::uint32_t channels : {60, 130})
            shapes.push_back({.channels = channels, .height = 9, .width = 11, .outputs = outputs * 2, .kernel_height = 2, .kernel_width = 3, .stride_x = 2,
                              .left = 2, .dilation_y = 3, .dilation_x = 2, .groups = 1 + channels / 60 % 2});
    for (const std::uint32_t outputs : {1, 9, 40}) {  // one tap; rows wider than a block; a rectangle of x that is too large to copy
        shapes.push_back({.channels = 2, .height = 3, .width = 5, .outputs = outputs, .kernel_height = 1, .kernel_width = 1});
        shapes.push_back({.channels = 2, .height = 3, .width = 700, .outputs = outputs, .kernel_height = 3, .kernel_width = 2, .top = 1});
        shapes.push_back({.channels = 2, .height = 3, .width = 9100, .outputs = outputs, .kernel_height = 3, .kernel_width = 2, .top = 1, .dilation_x = 9000});
    }
    for (const ConvolutionShape& s : shapes) {
        const std::size_t batch = 1 + s.outputs % 3;
        const auto x = integers<TestType>(batch * s.in_size(), random), z = integers<TestType>(batch * s.out_size(), random);
        const auto start = integers<TestType>(s.weight_size(), random);
        auto expected = start;
        reference::convolve_weights(s, batch, z.data(), x.data(), expected.data());
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            auto w_bar = start;
            const PackedConvolution<TestType> packed(w_bar, s, PackedConvolution<TestType>::Direction::forward, simd::table<TestType>(isa));
            packed.weights(batch, z.data(), x.data(), w_bar.data());
            CHECK((w_bar == expected));
        }
    }
}

TEMPLATE_TEST_CASE("few outputs, whose taps are rows of a product; many, in lanes: blocks of rows, columns, channels and outputs", "", float, double) {
    std::mt19937_64 random(9);
    std::vector<ConvolutionShape> shapes;
    const auto same = [&](ConvolutionShape s, std::uint32_t below) {  // an image as large as x, `below` of the zeros before it
        const std::uint32_t down = s.dilation_y * (s.kernel_height - 1), across = s.dilation_x * (s.kernel_width - 1);
        s.top = std::min(down, below), s.bottom = down - s.top, s.left = std::min(across, below), s.right = across - s.left;
        shapes.push_back(s);
    };
    for (const std::uint32_t outputs : {1, 2, 4, 8})
        for (const std::uint32_t channels : {8, 33, 250}) {
            same({.channels = channels, .height = 13, .width = 12, .outputs = outputs, .kernel_height = 3, .kernel_width = 3}, 1);
            same({.channels = 8, .height = 70, .width = 100, .outputs = outputs, .kernel_height = 3, .kernel_width = 2, .dilation_x = 20}, channels);
            same({.channels = 9, .height = 30, .width = 11, .outputs = outputs, .kernel_height = 5, .kernel_width = 3, .dilation_y = 3}, channels / 20);
        }
    shapes.push_back({.channels = 12, .height = 9, .width = 20, .outputs = 1, .kernel_height = 3, .kernel_width = 3, .top = 7, .left = 2, .bottom = 9});
    for (const std::uint32_t outputs : {24, 64, 200})
        for (const std::uint32_t stride : {1, 2, 3})
            shapes.push_back({.channels = 70, .height = 7, .width = 8, .outputs = outputs, .kernel_height = 3, .kernel_width = 3, .stride_y = stride,
                              .stride_x = stride, .top = 1, .left = 1, .bottom = 1, .right = 1});
    shapes.push_back({.channels = 30, .height = 3, .width = 600, .outputs = 32, .kernel_height = 3, .kernel_width = 3, .stride_x = 2, .left = 1});
    shapes.push_back({.channels = 40, .height = 8, .width = 9, .outputs = 16, .kernel_height = 1, .kernel_width = 1, .stride_y = 2, .stride_x = 2});
    for (const ConvolutionShape& s : shapes) {
        const Data<TestType> data(s, random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            CHECK((data.computed(simd::table<TestType>(isa)) == expected));
        }
    }
}

TEMPLATE_TEST_CASE("all phases of a transpose at once: uneven sides, phases without taps, blocks of rows, columns and channels, groups", "", float, double) {
    std::mt19937_64 random(10);
    std::vector<ConvolutionShape> shapes;
    for (const std::uint32_t side : {1, 2, 7, 8, 14, 33})
        for (const std::uint32_t kernel : {1, 2, 3, 5})
            for (const auto& [y, x] : std::vector<std::array<std::uint32_t, 2>>{{2, 2}, {1, 2}, {3, 1}, {2, 3}, {9, 8}, {2, 9}})
                shapes.push_back({.channels = 30 + side, .height = side, .width = side + 1, .outputs = 5, .kernel_height = kernel, .kernel_width = kernel,
                                  .stride_y = y, .stride_x = x, .top = kernel - 1, .left = kernel / 2, .bottom = kernel, .right = kernel - 1});
    shapes.push_back({.channels = 60, .height = 40, .width = 44, .outputs = 90, .kernel_height = 3, .kernel_width = 3, .stride_y = 2, .stride_x = 2,
                      .left = 1});
    shapes.push_back({.channels = 150, .height = 9, .width = 300, .outputs = 100, .kernel_height = 3, .kernel_width = 4, .stride_y = 2, .stride_x = 2,
                      .top = 2, .dilation_y = 3, .dilation_x = 2, .groups = 2});
    shapes.push_back({.channels = 16, .height = 5, .width = 1200, .outputs = 40, .kernel_height = 3, .kernel_width = 7, .stride_y = 2, .stride_x = 3,
                      .right = 3});
    for (const ConvolutionShape& s : shapes) {
        const Data<TestType> data(s, random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            CHECK((data.computed(simd::table<TestType>(isa)) == expected));
        }
    }
}

TEST_CASE("3 x 3 taps by squares of pixels are the plain loops, there and back") {
    std::mt19937_64 random(6);
    const auto pick = [&](std::uint32_t least, std::uint32_t most) { return least + static_cast<std::uint32_t>(random() % (most - least + 1)); };
    std::size_t by_squares = 0;
    for (int i = 0; i < 12; ++i) {
        const ConvolutionShape s{.channels = pick(16, 50), .height = pick(12, 30), .width = pick(12, 70), .outputs = pick(16, 50),
                                 .kernel_height = 3, .kernel_width = 3,
                                 .top = pick(0, 3), .left = pick(0, 3), .bottom = pick(0, 3), .right = pick(0, 3)};
        const Data<float> data(s, random);
        const auto expected = data.expected();
        for (const Isa isa : supported_isas()) {
            INFO(text(s) << name(isa));
            const auto& table = simd::table<float>(isa);
            CHECK((data.computed(table) == expected));
            by_squares += PackedConvolution<float>(data.w, s, PackedConvolution<float>::Direction::forward, table).by_squares() ? 1 : 0;
        }
    }
    const auto isas = supported_isas();
    CHECK(by_squares == (std::find(isas.begin(), isas.end(), Isa::avx512) == isas.end() ? 0 : 12));
}

TEST_CASE("by squares of pixels the error is at most twice that of sums one after the other") {
    std::mt19937_64 random(7);
    std::normal_distribution<float> normal;
    const auto numbers = [&](std::size_t n) {
        std::vector<float> v(n);
        for (float& a : v) a = normal(random);
        return v;
    };
    const ConvolutionShape s{.channels = 96, .height = 28, .width = 28, .outputs = 32, .kernel_height = 3, .kernel_width = 3,
                             .top = 1, .left = 1, .bottom = 1, .right = 1};
    const auto x = numbers(s.in_size()), w = numbers(s.weight_size());
    std::vector<float> y(s.out_size()), plain(y);
    std::vector<double> precise(y.size());
    const PackedConvolution<float> packed(w, s, PackedConvolution<float>::Direction::forward);
    packed(x.data(), nullptr, nullptr, y.data(), false);
    reference::convolve<float>(s, 1, x.data(), w.data(), nullptr, plain.data(), false);
    const std::vector<double> wide_x(x.begin(), x.end()), wide_w(w.begin(), w.end());
    reference::convolve<double>(s, 1, wide_x.data(), wide_w.data(), nullptr, precise.data(), false);
    const auto error = [&](const std::vector<float>& values) {
        double sum = 0, size = 0;
        for (std::size_t i = 0; i < values.size(); ++i) sum += std::pow(values[i] - precise[i], 2), size += precise[i] * precise[i];
        return std::sqrt(sum / size);
    };
    INFO(error(y) << " " << error(plain));
    CHECK(error(y) <= 2 * error(plain));
    CHECK(packed.by_squares() == (y != plain && chosen_isa() == Isa::avx512));
}

TEST_CASE("negative control: one weight, one pixel of padding, one step of the stride are noticed", "[quick]") {
    std::mt19937_64 random(4);
    const ConvolutionShape s{.channels = 3, .height = 8, .width = 9, .outputs = 4, .kernel_height = 3, .kernel_width = 3, .top = 1, .left = 1, .bottom = 1, .right = 1};
    Data<double> data(s, random);
    const auto expected = data.expected();
    data.w[30] += 1;
    CHECK((data.computed(simd::table<double>()) != expected));
    data.w[30] -= 1;
    CHECK((data.computed(simd::table<double>()) == expected));
    data.s.left = 0, data.s.right = 2;
    CHECK((data.computed(simd::table<double>()) != expected));
}

TEST_CASE("the public forms: batches, activation and slope, every scalar", "[quick]") {
    std::mt19937_64 random(5);
    const ConvolutionShape s{.channels = 2, .height = 5, .width = 6, .outputs = 3, .kernel_height = 3, .kernel_width = 2, .stride_y = 2, .top = 1};
    const auto check = [&]<class T>(T) {
        using Packed = PackedConvolution<T>;
        const auto make = [&](std::size_t n) {
            std::vector<T> v;
            for (std::size_t i = 0; i < n; ++i) v.push_back(T(static_cast<int>(random() % 7) - 3));
            return v;
        };
        const std::size_t batch = 3;
        const auto x = make(batch * s.in_size()), w = make(s.weight_size()), bias = make(s.outputs), y_bar = make(batch * s.out_size());
        std::vector<T> y(y_bar.size()), expected(y), x_bar(x.size()), back(x), w_bar(w), weights(w), sums(bias), total(bias);
        const Packed forward(w, s, Packed::Direction::forward), transposed(w, s, Packed::Direction::transposed);
        convolution<T>(forward, bias, Function::identity, batch, x, y);
        reference::convolve(s, batch, x.data(), w.data(), bias.data(), expected.data(), false);
        CHECK((y == expected));
        convolution_pullback<T>(transposed, batch, y_bar, {}, x_bar, false);
        reference::convolve_back(s, batch, y_bar.data(), w.data(), back.data(), false);
        CHECK((x_bar == back));
        const Packed last(w, s, Packed::Direction::transposed, {1, 1});
        convolution_pullback<T>(last, batch, y_bar, {}, x_bar, false);
        for (std::size_t i = 0; i < back.size(); ++i)
            if (i / s.in_plane() % 2 == 0) back[i] = T(0);
        CHECK((x_bar == back));
        convolution_weights_accumulate<T>(forward, batch, y_bar, x, w_bar);
        reference::convolve_weights(s, batch, y_bar.data(), x.data(), weights.data());
        CHECK((w_bar == weights));
        plane_sums_accumulate<T>(batch, y_bar, sums);
        for (std::size_t i = 0; i < y_bar.size(); ++i) total[i / s.out_plane() % s.outputs] += y_bar[i];
        CHECK((sums == total));
    };
    check(float{}), check(double{}), check(0.0L), check(Rational{}), check(PrimeField{}), check(Mpfr50{});
    std::vector<float> x(s.in_size(), 0.5f), w(s.weight_size(), 0.25f), y(s.out_size()), z(y), slope(y), expected_slope(y);
    const PackedConvolution<float> packed(w, s, PackedConvolution<float>::Direction::forward);
    convolution<float>(packed, {}, Function::silu, 1, x, y, slope);
    convolution<float>(packed, {}, Function::identity, 1, x, z);
    apply_with_slope<float>(Function::silu, z, z, expected_slope);
    CHECK(y == z);
    CHECK(slope == expected_slope);
}

TEST_CASE("wrong shapes and sizes are refused in one sentence", "[quick]") {
    const ConvolutionShape s{.channels = 2, .height = 3, .width = 3, .outputs = 2, .kernel_height = 3, .kernel_width = 3};
    using Packed = PackedConvolution<double>;
    const std::vector<double> w(s.weight_size()), x(s.in_size());
    std::vector<double> y(s.out_size());
    const auto made = [&](auto change) {
        ConvolutionShape changed = s;
        change(changed);
        return Packed(w, changed, Packed::Direction::forward);
    };
    CHECK_THROWS_WITH(made([](auto& t) { t.groups = 3; }), Catch::Contains("3 groups"));
    CHECK_THROWS_WITH(made([](auto& t) { t.dilation_x = 2; }), Catch::Contains("does not fit"));
    CHECK_THROWS_WITH(made([](auto& t) { t.stride_y = 0; }), Catch::Contains("at least 1"));
    CHECK_THROWS_WITH(made([](auto& t) { t.outputs = 4; }), Catch::Contains("'w'"));
    using Way = Packed::Direction;
    CHECK_THROWS_WITH(Packed(w, s, Way::transposed, {1, 2}), Catch::Contains("channels 1 to 3 of 2"));
    CHECK_THROWS_WITH(Packed(w, s, Way::forward, {0, 1}), Catch::Contains("ask for all"));
    const Packed packed = made([](auto&) {});
    CHECK_THROWS_WITH(convolution<double>(packed, {}, Function::identity, 2, x, y), Catch::Contains("'x'"));
    CHECK_THROWS_WITH(convolution<double>(packed, {}, Function::silu, 1, x, y, {}, true), Catch::Contains("accumulate"));
}
