// The matrix kernels against sums in the next wider format, over ragged shapes, at every width this machine has.
#include "kernels/linear.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/matmul.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>

using namespace costate;
using namespace costate::kernels;

namespace {

template <class T>
using Wide = std::conditional_t<std::same_as<T, float>, double, long double>;

template <class T>
std::vector<T> noise(std::size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<T> v(n);
    for (auto& a : v) a = static_cast<T>(std::uniform_real_distribution<double>(-1, 1)(random));
    return v;
}

template <class T>
struct Layer {
    std::size_t outputs, inputs, batch;
    std::vector<T> w, bias, x, scale, y;
    Layer(std::size_t o, std::size_t i, std::size_t b)
        : outputs(o), inputs(i), batch(b), w(noise<T>(o * i, 1)), bias(noise<T>(o, 2)), x(noise<T>(b * i, 3)),
          scale(noise<T>(b * i, 4)), y(noise<T>(b * o, 5)) {}
};

/// Largest |y - exact| in units of (inputs + 3) ε Σ|terms|: at most 1 for any order of summation (Higham, equation 3.5).
template <class T>
double error_of(const Layer<T>& l, const std::vector<T>& y, bool bias, bool accumulate, bool scaled) {
    double worst = 0;
    for (std::size_t b = 0; b < l.batch; ++b)
        for (std::size_t o = 0; o < l.outputs; ++o) {
            Wide<T> exact = 0, size = 0;
            const auto add = [&](Wide<T> term) {
                exact += term;
                size += std::abs(term);
            };
            if (bias) add(l.bias[o]);
            if (accumulate) add(l.y[b * l.outputs + o]);
            for (std::size_t k = 0; k < l.inputs; ++k)
                add(Wide<T>(l.x[b * l.inputs + k]) * (scaled ? l.scale[b * l.inputs + k] : T(1)) * l.w[o * l.inputs + k]);
            const Wide<T> bound = Wide<T>(l.inputs + 3) * std::numeric_limits<T>::epsilon() / 2 * size;
            const Wide<T> error = std::abs(Wide<T>(y[b * l.outputs + o]) - exact);
            worst = std::max(worst, static_cast<double>(bound == 0 ? (error == 0 ? 0 : 1e30) : error / bound));
        }
    return worst;
}

template <class T>
std::vector<T> run(const Layer<T>& l, const simd::Table<T>& table, simd::LinearCall<T> call) {
    auto y = l.y;
    call.batch = l.batch;
    call.x = l.x.data();
    call.y = y.data();
    PackedMatrix<T>(l.w, l.outputs, l.inputs, table)(call);
    return y;
}

using Shape = std::array<std::size_t, 3>;  // outputs, inputs, batch

const std::vector<Shape> shapes = [] {
    std::vector<Shape> s;
    for (const std::size_t outputs : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130})
        for (const std::size_t inputs : {1, 2, 3, 13, 64, 65}) s.push_back({outputs, inputs, (outputs * 7 + inputs) % 17 + 1});
    for (std::size_t batch = 1; batch <= 33; ++batch) s.push_back({35, 21, batch});
    for (const std::size_t inputs : {255, 256, 257, 511, 512, 513, 1030}) s.push_back({37, inputs, 9});
    s.push_back({600, 520, 30});  // several groups of panels and blocks of inputs
    s.push_back({300, 520, 75});  // and of the batch
    s.push_back({5, 0, 4});
    return s;
}();

/// Every form of the call on one shape, at every width.
template <class T>
void agrees(const Shape& shape) {
    const auto& [outputs, inputs, batch] = shape;
    const Layer<T> l(outputs, inputs, batch);
    const T* const bias = l.bias.data();
    std::vector<T> avx2;
    for (const Isa isa : supported_isas()) {
        const auto& table = simd::table<T>(isa);
        INFO(outputs << " x " << inputs << ", batch " << batch << ", " << name(isa));
        const auto plain = run(l, table, {});
        CHECK(error_of(l, plain, false, false, false) <= 1);
        CHECK(error_of(l, run(l, table, {.bias = bias}), true, false, false) <= 1);
        CHECK(error_of(l, run(l, table, {.bias = bias, .accumulate = true}), true, true, false) <= 1);
        auto scaled = l.x;
        const auto y = run(l, table, {.scale = l.scale.data(), .scaled = scaled.data(), .accumulate = true});
        CHECK(error_of(l, y, false, true, true) <= 1);
        for (std::size_t i = 0; i < scaled.size(); ++i) REQUIRE(scaled[i] == l.x[i] * l.scale[i]);
        if (isa == Isa::avx2) avx2 = plain;
        if (isa == Isa::avx512) CHECK(plain == avx2);  // one fused chain per output, whatever the width
        if (isa == Isa::baseline) {                    // one chain of rounded products: the reference itself
            auto expected = l.y;
            reference::linear<T>({l.w.data(), outputs, inputs}, {.batch = batch, .x = l.x.data(), .y = expected.data()});
            CHECK(plain == expected);
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("linear agrees with wider sums over ragged shapes at every width", "", float, double) {
    for (const auto& shape : shapes) agrees<TestType>(shape);
}

TEMPLATE_TEST_CASE("linear agrees with wider sums, a few shapes", "[quick]", float, double) {
    for (std::size_t i = 0; i < shapes.size(); i += 9) agrees<TestType>(shapes[i]);
}

TEMPLATE_TEST_CASE("negative control: one weight off by a thousandth is noticed", "[quick]", float, double) {
    const Layer<TestType> l(33, 65, 9);
    auto broken = l;
    broken.w[17 * 65 + 30] *= TestType(1.001);
    for (const Isa isa : supported_isas()) {
        const auto y = run(broken, simd::table<TestType>(isa), {});
        CHECK(error_of(l, y, false, false, false) > 1);
    }
}

TEMPLATE_TEST_CASE("a narrow layer sums in lanes, whatever the width, and scales its inputs once", "[quick]", float, double) {
    using T = TestType;
    for (std::size_t outputs = 1; outputs <= simd::narrow_outputs; ++outputs)
        for (const std::size_t inputs : {2 * outputs, std::size_t{67}}) {
            const Layer<T> l(outputs, inputs, 11);
            const auto chain = [&](std::size_t b, std::size_t o) {
                T z = 0;
                for (std::size_t k = 0; k < inputs; ++k) z += l.x[b * inputs + k] * l.w[o * inputs + k];
                return z;
            };
            auto expected = l.y;
            auto expected_x = l.x;
            const simd::Packed<T> plain{l.w.data(), outputs, inputs};
            simd::LinearCall<T> call{.batch = l.batch, .x = l.x.data(), .y = expected.data()};
            reference::linear<T>(plain, call);
            bool differs = false;  // negative control: the order of a chain is another one, and is noticed
            for (std::size_t i = 0; i < expected.size(); ++i) differs |= expected[i] != chain(i / outputs, i % outputs);
            if (inputs == 67) CHECK(differs);
            call.scale = l.scale.data();
            call.scaled = expected_x.data();
            reference::linear<T>(plain, call);
            for (const Isa isa : supported_isas()) {
                auto x = l.x;
                auto y = l.y;
                const PackedMatrix<T> packed(l.w, outputs, inputs, simd::table<T>(isa));
                packed({.batch = l.batch, .x = x.data(), .scale = l.scale.data(), .scaled = x.data(), .y = y.data()});
                CHECK(x == expected_x);
                CHECK((isa != Isa::baseline || y == expected));
            }
        }
}

TEMPLATE_TEST_CASE("threads that share the rows of a layer change no bit, in place and accumulating too", "[quick]", float, double) {
    using T = TestType;
    for (const auto& [outputs, inputs] : {std::pair<std::size_t, std::size_t>{1000, 1040}, {77, 4000}, {3001, 700}}) {
        const Layer<T> l(outputs, inputs, 1);
        for (const Isa isa : supported_isas()) {
            PackedMatrix<T> w(l.w, outputs, inputs, simd::table<T>(isa));
            const auto all = [&] {
                std::vector<T> y(outputs), slope(outputs), sum = l.y, x = l.x, back(outputs);
                w({.batch = 1, .x = l.x.data(), .bias = l.bias.data(), .activation = Function::silu, .y = y.data(), .slope = slope.data()});
                w({.batch = 1, .x = l.x.data(), .scale = l.scale.data(), .y = sum.data(), .accumulate = true});
                w({.batch = 1, .x = x.data(), .scale = l.scale.data(), .scaled = x.data(), .y = back.data()});
                for (const auto* part : {&slope, &sum, &x, &back}) y.insert(y.end(), part->begin(), part->end());
                return y;
            };
            const auto alone = all();
            for (const std::size_t threads : {2u, 3u, 0u}) {
                w.share(threads);
                CHECK(all() == alone);
            }
            std::vector<T> part(outputs, T(7));  // a part is a part: the others' outputs are left as they are
            const std::size_t panel = simd::table<T>(isa).panel_width;
            simd::LinearCall<T> call{.batch = 1, .x = l.x.data(), .bias = l.bias.data(), .activation = Function::silu, .y = part.data()};
            call.first_panel = 1;
            call.end_panel = 2;
            w.share(1);
            w(call);
            for (std::size_t o = 0; o < outputs; ++o) {
                INFO(o << " of " << outputs);
                REQUIRE(part[o] == (o / panel == 1 ? alone[o] : T(7)));
            }
        }
    }
}

TEMPLATE_TEST_CASE("a row is bitwise the same alone and in every batch", "[quick]", float, double) {
    for (const auto& [outputs, inputs] : {std::pair<std::size_t, std::size_t>{45, 300}, {128, 17}, {3, 600}}) {
        const std::size_t batch = 90;
        const Layer<TestType> l(outputs, inputs, batch);
        for (const Isa isa : supported_isas()) {
            const auto& table = simd::table<TestType>(isa);
            const PackedMatrix<TestType> w(l.w, outputs, inputs, table);
            std::vector<TestType> whole(batch * outputs), part(batch * outputs), slope(batch * outputs);
            const auto call = [&](std::size_t first, std::size_t count, std::vector<TestType>& y) {
                w({.batch = count,
                   .x = l.x.data() + first * inputs,
                   .bias = l.bias.data(),
                   .activation = Function::silu,
                   .y = y.data() + first * outputs,
                   .slope = slope.data() + first * outputs});
            };
            call(0, batch, whole);
            for (std::size_t b = 0; b < 20; ++b) call(b, 1, part);
            for (std::size_t b = 20, step = 2; b < batch; b += step, ++step) call(b, std::min(step, batch - b), part);
            CHECK(whole == part);
        }
    }
}

TEMPLATE_TEST_CASE("activation and slope in the epilogue are the elementwise kernels", "[quick]", float, double) {
    const Layer<TestType> l(50, 40, 23);
    for (const Isa isa : supported_isas()) {
        const auto& table = simd::table<TestType>(isa);
        const auto z = run(l, table, {.bias = l.bias.data()});
        for (std::size_t f = 0; f < function_count; ++f) {
            const auto act = static_cast<Function>(f);
            if (act == Function::log || act == Function::sqrt) continue;  // NaN for negative z: not comparable with ==
            std::vector<TestType> y(z.size()), slope(z.size()), fused_slope(z.size());
            table.apply_with_slope(act, z.size(), z.data(), y.data(), slope.data());
            CHECK(run(l, table, {.bias = l.bias.data(), .activation = act}) == y);
            CHECK(run(l, table, {.bias = l.bias.data(), .activation = act, .slope = fused_slope.data()}) == y);
            CHECK(fused_slope == slope);
        }
    }
}

TEMPLATE_TEST_CASE("outer_accumulate and column sums over ragged shapes", "[quick]", float, double) {
    using T = TestType;
    for (const auto& [rows, cols, batch] : std::vector<Shape>{
             {1, 1, 1}, {2, 128, 7}, {17, 3, 5}, {13, 33, 64}, {15, 16, 65}, {31, 63, 300}, {14, 31, 257}, {40, 1100, 70},
             {50, 2, 1}, {17, 4, 1}, {33, 8, 1}, {40, 1, 1}, {5, 3, 1}, {2, 50, 1}, {39, 1100, 1}, {50, 2, 3}, {29, 4, 4}}) {  // of one sample, and of one first
        const auto z = noise<T>(batch * rows, 7), x = noise<T>(batch * cols, 8), start = noise<T>(rows * cols, 9);
        for (const Isa isa : supported_isas()) {
            INFO(rows << " x " << cols << ", batch " << batch << ", " << name(isa));
            auto w = start;
            simd::table<T>(isa).outer_accumulate(batch, rows, cols, z.data(), x.data(), w.data());
            double worst = 0;
            for (std::size_t o = 0; o < rows; ++o)
                for (std::size_t k = 0; k < cols; ++k) {
                    Wide<T> exact = start[o * cols + k], size = std::abs(exact);
                    for (std::size_t b = 0; b < batch; ++b) {
                        exact += Wide<T>(z[b * rows + o]) * x[b * cols + k];
                        size += std::abs(Wide<T>(z[b * rows + o]) * x[b * cols + k]);
                    }
                    const Wide<T> bound = Wide<T>(batch + 2) * std::numeric_limits<T>::epsilon() / 2 * size;
                    worst = std::max(worst, static_cast<double>(std::abs(w[o * cols + k] - exact) / bound));
                }
            CHECK(worst <= 1);
            std::vector<T> turned(z.size()), product = start;  // the same sums from a matrix that lies the other way
            transpose<T>(batch, rows, z.data(), turned.data());
            simd::table<T>(isa).product_accumulate(rows, batch, cols, turned.data(), x.data(), product.data());
            CHECK(product == w);
            auto halves = start;  // the order over the batch does not depend on how it is cut
            const std::size_t first = batch / 3;
            simd::table<T>(isa).outer_accumulate(first, rows, cols, z.data(), x.data(), halves.data());
            simd::table<T>(isa).outer_accumulate(batch - first, rows, cols, z.data() + first * rows, x.data() + first * cols,
                                                 halves.data());
            CHECK(halves == w);
            auto sums = start, expected = start;
            simd::table<T>(isa).column_sums_accumulate(batch, cols, x.data(), sums.data());
            reference::column_sums_accumulate(batch, cols, x.data(), expected.data());
            CHECK(sums == expected);
        }
    }
}

TEMPLATE_TEST_CASE("outer_accumulate gives the same bits wherever its sums lie", "[quick]", float, double) {
    using T = TestType;
    constexpr std::size_t per_line = 64 / sizeof(T);
    for (const auto& [rows, cols, batch] : std::vector<Shape>{{15, 1040, 70}, {29, 2080, 130}, {3, 64, 5}}) {
        const auto z = noise<T>(batch * rows, 7), x = noise<T>(batch * cols, 8), start = noise<T>(rows * cols, 9);
        auto expected = start, z_wrong = z;
        reference::outer_accumulate(batch, rows, cols, z.data(), x.data(), expected.data());
        z_wrong[z.size() / 2] += T(1);
        for (const Isa isa : supported_isas()) {
            INFO(rows << " x " << cols << ", batch " << batch << ", " << name(isa));
            const auto at = [&](std::size_t offset, const std::vector<T>& z_bar) {
                AlignedVector<T> room(rows * cols + per_line, T(7));
                std::copy(start.begin(), start.end(), room.begin() + static_cast<std::ptrdiff_t>(offset));
                simd::table<T>(isa).outer_accumulate(batch, rows, cols, z_bar.data(), x.data(), room.data() + offset);
                const auto first = room.begin() + static_cast<std::ptrdiff_t>(offset), last = first + static_cast<std::ptrdiff_t>(start.size());
                CHECK(std::all_of(room.begin(), first, [](T v) { return v == T(7); }));
                CHECK(std::all_of(last, room.end(), [](T v) { return v == T(7); }));
                return std::vector<T>(first, last);
            };
            const auto aligned = at(0, z);
            for (std::size_t i = 0; i < aligned.size(); i += 97) CHECK(aligned[i] == Approx(expected[i]).epsilon(0).margin(1e4 * std::numeric_limits<T>::epsilon()));
            for (const std::size_t offset : {std::size_t{1}, 16 / sizeof(T), per_line - 1}) {
                CHECK(at(offset, z) == aligned);
                CHECK(at(offset, z_wrong) != aligned);  // control
            }
        }
    }
}

TEMPLATE_TEST_CASE("the public forms in exact and floating scalars", "[quick]", double, float, long double, Rational, PrimeField,
                   Mpfr50) {
    using T = TestType;
    const std::vector<T> w = {T(1), T(2), T(3), T(4), T(5), T(6)}, bias = {T(10), T(20)};
    const std::vector<T> x = {T(1), T(0), T(2), T(3), T(1), T(1)};
    std::vector<T> y(4), slope(4), x_bar(6, T(1)), z_bar(4), w_bar(6, T(100)), bias_bar(2, T(0));
    const PackedMatrix<T> packed(w, 2, 3);
    const auto back = PackedMatrix<T>::transposed(w, 2, 3);
    linear<T>(packed, bias, Function::identity, 2, x, y, slope);
    CHECK(y == std::vector<T>{T(17), T(36), T(18), T(43)});
    CHECK(slope == std::vector<T>(4, T(1)));
    linear<T>(packed, {}, Function::identity, 2, x, y, {}, true);
    CHECK(y == std::vector<T>{T(24), T(52), T(26), T(66)});

    const std::vector<T> y_bar = {T(1), T(2), T(3), T(4)}, half = {T(2), T(1), T(0), T(1)};
    linear_pullback<T>(back, 2, y_bar, half, z_bar, x_bar, true);
    CHECK(z_bar == std::vector<T>{T(2), T(2), T(0), T(4)});
    CHECK(x_bar == std::vector<T>{T(11), T(15), T(19), T(17), T(21), T(25)});
    linear_pullback<T>(back, 2, y_bar, {}, {}, x_bar, false);
    CHECK(x_bar == std::vector<T>{T(9), T(12), T(15), T(19), T(26), T(33)});
    outer_accumulate<T>(2, z_bar, x, w_bar);
    CHECK(w_bar == std::vector<T>{T(102), T(100), T(104), T(114), T(104), T(108)});
    const std::vector<T> a = {T(1), T(2)}, b = {T(3), T(4), T(5), T(6)};
    std::vector<T> product = {T(7), T(8)}, scratch(4);
    product_accumulate<T>(1, 2, 2, a, b, product);
    CHECK(product == std::vector<T>{T(20), T(24)});
    product_accumulate<T>(1, 2, 2, {a.data(), true}, {b.data(), true}, product.data(), scratch.data());
    CHECK(product == std::vector<T>{T(31), T(41)});
    CHECK_THROWS_AS(product_accumulate<T>(1, 2, 3, a, b, product), std::invalid_argument);
    column_sums_accumulate<T>(2, z_bar, bias_bar);
    CHECK(bias_bar == std::vector<T>{T(2), T(6)});

    CHECK_THROWS_WITH(linear<T>(packed, bias, Function::identity, 3, x, y), Catch::Contains("'x' has 6 elements instead of 9"));
    CHECK_THROWS_WITH(linear<T>(packed, bias, Function::relu, 2, x, y, {}, true), Catch::Contains("no meaning"));
    CHECK_THROWS_AS(PackedMatrix<T>(w, 2, 4), std::invalid_argument);
}

TEST_CASE("new weights in place, and the whole of a call in place: z_bar = y_bar") {
    const Layer<double> l(40, 30, 12);
    auto w = PackedMatrix<double>::transposed(noise<double>(1200, 77), 40, 30);
    w.assign(l.w);
    const auto fresh = PackedMatrix<double>::transposed(l.w, 40, 30);
    auto z = l.y;
    std::vector<double> slope = noise<double>(z.size(), 6), a(12 * 30), b(12 * 30);
    linear_pullback<double>(fresh, 12, l.y, slope, {}, a, false);
    linear_pullback<double>(w, 12, z, slope, z, b, false);
    CHECK(a == b);
    CHECK(z[5] == l.y[5] * slope[5]);
}
