// What ops that choose do at their kinks and jumps: PyTorch's conventions, written down by hand.
#include "autodiff/choice_functions.hpp"
#include "autodiff/token_functions.hpp"
#include "autodiff/window_functions.hpp"
#include "support.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace costate;
using namespace costate::autodiff;
using namespace costate::autodiff::test;

namespace {

/// Values and x̄ for ȳ = (1, 10, 100, …) of y = f(x), one sample; ẋ = ȳ must give the diagonal back where y_i depends on x_i alone.
template <class T>
struct At {
    std::vector<T> value, slope;
};
template <class T, class F>
At<T> at(const std::vector<T>& x, F f) {
    Tape<T> tape;
    const Var<T> input = tape.input(x.size(), Sharing::per_sample, "x");
    tape.output(f(input));
    const auto program = freeze(tape);
    std::vector<T> v(program.outputs()[0].size, T(1));
    const auto pulled = pullback(program, {x}, {v}, 1);
    const auto pushed = pushforward(program, {x}, {std::vector<T>(x.size(), T(1))}, {}, 1);
    CHECK(inner(pushed.out_dot[0], v) == inner(pulled.in_bar[0], std::vector<T>(x.size(), T(1))));
    return {pulled.out[0], pulled.in_bar[0]};
}

}  // namespace

TEMPLATE_TEST_CASE("kinks: half to each of two equal ones, nothing for |x| at 0 and at the bounds of a clamp, the first largest", "", float, double,
                   (long double), Mpfr50, Rational) {
    using T = TestType;
    using Values = std::vector<T>;
    const T half = T(1) / T(2);
    const auto pair = at<T>({T(1), T(1), T(2), T(1)}, [](const auto& x) {
        return maximum(x.slice(0, 2), x.slice(1, 2)) + minimum(x.slice(2, 2), x.slice(0, 2));
    });
    CHECK(pair.value == Values{T(2), T(3)});
    CHECK(pair.slope == Values{T(T(1) + half), T(half + half), T(1), T(half)});  // max(1,1), max(1,2), min(2,1), min(1,1)
    const auto abs_at = at<T>({T(-2), T(0), T(3)}, [](const auto& x) { return abs(x); });
    CHECK(abs_at.value == Values{T(2), T(0), T(3)});
    CHECK(abs_at.slope == Values{T(-1), T(0), T(1)});
    const auto clamped = at<T>({T(-2), T(-1), T(0), T(1), T(2)}, [](const auto& x) { return clamp(x, T(-1), T(1)); });
    CHECK(clamped.value == Values{T(-1), T(-1), T(0), T(1), T(1)});
    CHECK(clamped.slope == Values{T(0), T(0), T(1), T(0), T(0)});
    const auto first = at<T>({T(3), T(5), T(5), T(1)}, [](const auto& x) { return max_over(x, {4}, {0}) * 2; });
    CHECK(first.value == Values{T(10)});
    CHECK(first.slope == Values{T(0), T(2), T(0), T(0)});
}

TEMPLATE_TEST_CASE("rounding: halves to the even one, signs, and no derivative", "", float, double, (long double), Mpfr50, Rational) {
    using T = TestType;
    std::vector<T> x, down, up, nearest;
    const int quarters[] = {-10, -7, -6, -5, -2, -1, 0, 1, 2, 3, 6, 10, 14};
    const int floors[] = {-3, -2, -2, -2, -1, -1, 0, 0, 0, 0, 1, 2, 3}, ceils[] = {-2, -1, -1, -1, 0, 0, 0, 1, 1, 1, 2, 3, 4};
    const int rounds[] = {-2, -2, -2, -1, 0, 0, 0, 0, 0, 1, 2, 2, 4};
    for (std::size_t i = 0; i < 13; ++i) {
        x.push_back(T(quarters[i]) / T(4));
        down.push_back(T(floors[i]));
        up.push_back(T(ceils[i]));
        nearest.push_back(T(rounds[i]));
    }
    const std::vector<T> none(13, T(0));
    const auto floored = at<T>(x, [](const auto& v) { return floor(v); }), raised = at<T>(x, [](const auto& v) { return ceil(v); }),
               rounded = at<T>(x, [](const auto& v) { return round(v); });
    CHECK(floored.value == down);
    CHECK(raised.value == up);
    CHECK(rounded.value == nearest);
    CHECK((floored.slope == none && raised.slope == none && rounded.slope == none));
    const auto signs = at<T>({T(-3), T(0), T(1) / T(9)}, [](const auto& v) {
        return sign(v) + less(v, Var<T>(0)) * 4 + equal(v, Var<T>(0)) * 8 + less_equal(v, Var<T>(0)) * 16;
    });
    CHECK(signs.value == std::vector<T>{T(19), T(24), T(1)});
    CHECK(signs.slope == std::vector<T>(3, T(0)));
}

TEST_CASE("large numbers round to themselves, what is no number stays none") {
    const double big = 0x1p60, nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
    const auto is_nan = [](double x) { return !(x == x); };
    Tape<double> tape;
    const Var<double> x = tape.input(3, Sharing::per_sample, "x");
    for (const auto& y : {floor(x), ceil(x), round(x), abs(x), clamp(x, std::nullopt, infinity), maximum(x, Var<double>(-infinity)),
                          minimum(Var<double>(infinity), x), sign(x), max_over(x, {3, 1}, {1})})
        tape.output(y);
    const auto y = forward(freeze(tape), Arrays<double>{{big, nan, infinity}}, 1);
    for (std::size_t k = 0; k < y.size(); ++k) {
        INFO(k);
        CHECK(y[k][0] == (k == 7 ? 1 : big));
        CHECK(is_nan(y[k][1]));
        CHECK(y[k][2] == (k == 7 ? 1 : infinity));
    }
    Tape<double> tables;
    const Var<double> index = tables.input(1, Sharing::per_sample, "i");
    tables.output(lookup(tables.parameter(std::vector<double>{1, 2, 3, 4}, "table"), 2, index));
    const auto program = freeze(tables);
    CHECK(forward(program, Arrays<double>{{0.9, 0.4, -0.5}}, 3)[0] == std::vector<double>{3, 4, 1, 2, 1, 2});
    for (const double outside : {-0.6, 1.5, nan, infinity, -infinity, 1e300})
        CHECK_THROWS_WITH(forward(program, Arrays<double>{{0, outside}}, 2), Catch::Contains("sample 1 names no row of a table of 2"));
}

TEST_CASE("constants stay constants, programs with choices are not smooth, shapes are checked in one sentence") {
    CHECK(maximum(Var<double>(2), Var<double>(3)).constant() == 3);
    CHECK(clamp(Var<double>(2), std::nullopt, 1.0).constant() == 1);
    CHECK(round(Var<Rational>(Rational(5) / 2)).constant() == 2);
    Tape<double> tape;
    const Var<double> x = tape.input(6, Sharing::per_sample, "x");
    tape.output(where(x, x, x + 1.0));
    CHECK_FALSE(freeze(tape).smooth());
    CHECK_THROWS_WITH(where(x, x.slice(0, 2), x), Catch::Contains("6, 2 and 6"));
    CHECK_THROWS_WITH(softmax(x, {2, 3}, 2), Catch::Contains("axis 2 of 2 x 3"));
    CHECK_THROWS_AS(softmax(x, {2, 2}, 1), std::invalid_argument);
    CHECK_THROWS_AS(matmul(x, x, {.rows = 2, .inner = 3, .columns = 3}), std::invalid_argument);
    CHECK_THROWS_AS(attention(x, x, x, {.queries = 3, .keys = 3, .depth = 2, .width = 3}, 1), std::invalid_argument);
    CHECK_THROWS_AS(lookup(x, 4, x), std::invalid_argument);
    CHECK_THROWS_AS(layer_norm(x, x.slice(0, 4), x.slice(0, 4), 1), std::invalid_argument);
    CHECK_THROWS_WITH(max_pool2d(x, {1, 2, 3}, {.kernel_height = 3}), Catch::Contains("does not fit 2 pixels"));
    CHECK_THROWS_WITH(max_pool2d(x, {1, 2, 3}, {.top = 1, .bottom = 1}), Catch::Contains("padding alone"));
    CHECK_THROWS_AS(window_max<double>(x, std::vector<std::uint32_t>{6}, 1), std::out_of_range);
    CHECK_THROWS_WITH(segment_max<double>(x, std::vector<std::uint32_t>{0, 0, 0, 0, 0, 2}, 3), Catch::Contains("no value"));
    CHECK_THROWS_AS(resize(x, {1, 2, 3}, {.height = 0}), std::invalid_argument);
    CHECK_THROWS_WITH(transposed_shape(1, 2, 2, 1, {.stride_y = 2}, 2, 0), Catch::Contains("not below the stride"));
}
