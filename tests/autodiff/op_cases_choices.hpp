// Ops that choose, and windows, as cases. Points lie off the kinks: what happens there is in choices.test.cpp.
#pragma once

#include "autodiff/choice_functions.hpp"
#include "autodiff/window_functions.hpp"
#include "op_case.hpp"
#include "op_cases_images.hpp"

namespace costate::autodiff::test {

template <class T>
T hundredth() {
    return T(1) / T(100);
}

template <class T>
void add_choice_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const R off = R(1) / R(128);
    for (const std::size_t n : {1u, 3u})
        cases.push_back({"max and min " + std::to_string(n),
                         {{3}, {n}},
                         false,
                         [](const auto& v) { return maximum(v[0], v[1] + T(1) / T(128)) * 3 - minimum(v[0], v[1] + T(1) / T(128)); },
                         [off](const Samples<T>& v) {
                             return zip(v[0], v[1], [off](const R& a, const R& b) { return R(a < b + off ? R((b + off) * 3 - a) : R(a * 3 - b - off)); });
                         }});
    cases.push_back({"clamp",
                     {{5}},
                     false,
                     [](const auto& v) {
                         const auto x = v[0] + hundredth<T>();
                         return clamp(x, T(-1) / T(4), T(1) / T(2)) + clamp(x, T(0), std::nullopt) * 2 + clamp(x, std::nullopt, T(0)) * 3;
                     },
                     [](const Samples<T>& v) {
                         return map(v[0], [](const R& a) {
                             const R x = a + hundredth<R>(), low = R(-1) / R(4), high = R(1) / R(2);
                             return R((x < low ? low : high < x ? high : x) + (x < R(0) ? x * R(3) : x * R(2)));
                         });
                     }});
    cases.push_back({"where by comparisons",
                     {{3}, {1}},
                     false,
                     [](const auto& v) {
                         const auto c = less(v[0], v[1] + hundredth<T>()), d = less_equal(v[1] * 2, v[0] + hundredth<T>());
                         return where(c, v[0] * v[0], v[1]) + where(d, v[0], v[1] * 5);
                     },
                     [](const Samples<T>& v) {
                         return zip(v[0], v[1], [](const R& a, const R& b) {
                             return R((a < b + hundredth<R>() ? R(a * a) : b) + (b * R(2) <= a + hundredth<R>() ? a : R(b * R(5))));
                         });
                     }});
    cases.push_back({"rounding and abs",
                     {{6}},
                     false,
                     [](const auto& v) {
                         const auto x = v[0] * 4 + hundredth<T>();
                         return (floor(x) + ceil(x) * 3 + round(x) * 5 + sign(x) * 7) * v[0] + abs(v[0]);
                     },
                     [](const Samples<T>& v) {
                         return map(v[0], [](const R& a) {
                             const R x = a * R(4) + hundredth<R>();
                             int below = -8;
                             while (R(below + 1) <= x) ++below;
                             const int nearest = x - R(below) < R(1) / R(2) ? below : below + 1;
                             return R(R(below + 3 * (below + 1) + 5 * nearest + (R(0) < x ? 7 : -7)) * a + (a < R(0) ? R(-a) : a));
                         });
                     }});
}

/// The largest of the named values.
template <class V>
auto largest_of(const V& x, const std::vector<std::size_t>& places) {
    auto best = x[places[0]];
    for (const std::size_t i : places)
        if (best < x[i]) best = x[i];
    return best;
}

template <class T>
void add_largest_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    // values that are apart: i/256 on multiples of 1/64
    const auto apart = [](const auto& x) {
        std::vector<T> steps;
        for (std::size_t i = 0; i < x.size(); ++i) steps.push_back(T(static_cast<int>(i % 4)) / T(256) + T(static_cast<int>(i / 4)) / T(2048));
        return x + x.tape()->constant(steps);
    };
    const auto apart_value = [](std::vector<R> x) {
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += R(static_cast<int>(i % 4)) / R(256) + R(static_cast<int>(i / 4)) / R(2048);
        return x;
    };
    cases.push_back({"window_max over axes, segments",
                     {{12}},
                     false,
                     [apart](const auto& v) {
                         const auto x = apart(v[0]);
                         const std::vector<std::uint32_t> segments{1, 1, 0, 1, ops::no_index, 0, 1, 1, 1, 1, 1, 1};
                         return concat(std::vector<Var<T>>{max_over(x, {2, 3, 2}, {0, 2}), min_over(x, {2, 3, 2}, {1}), segment_max<T>(x, segments, 2)});
                     },
                     [apart_value](const Samples<T>& v) {
                         const std::vector<R> x = apart_value(v[0]), minus = map(x, [](const R& a) { return R(-a); });
                         std::vector<R> y;
                         for (std::size_t j = 0; j < 3; ++j) y.push_back(largest_of(x, {2 * j, 2 * j + 1, 6 + 2 * j, 7 + 2 * j}));
                         for (const std::size_t i : {0u, 1u, 6u, 7u}) y.push_back(-largest_of(minus, {i, i + 2, i + 4}));
                         y.push_back(largest_of(x, {2, 5}));
                         y.push_back(largest_of(x, {0, 1, 3, 6, 7, 8, 9, 10, 11}));
                         return y;
                     }});
    cases.push_back({"max_pool2d",
                     {{12}},
                     false,
                     [apart](const auto& v) {
                         return max_pool2d(apart(v[0]), {1, 3, 4}, {.kernel_height = 2, .kernel_width = 3, .stride_y = 1, .stride_x = 2, .top = 1, .left = 1});
                     },
                     [apart_value](const Samples<T>& v) {
                         const std::vector<R> x = apart_value(v[0]);
                         return std::vector<R>{largest_of(x, {0, 1}),       largest_of(x, {1, 2, 3}),    largest_of(x, {0, 1, 4, 5}),
                                               largest_of(x, {1, 2, 3, 5, 6, 7}), largest_of(x, {4, 5, 8, 9}), largest_of(x, {5, 6, 7, 9, 10, 11})};
                     }});
}

/// Windows, sizes and choices that need no order.
template <class T>
void add_window_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    cases.push_back({"where and equal",
                     {{3}, {3}},
                     false,
                     [](const auto& v) {
                         const auto zero = v[0] - v[0];
                         return where(equal(zero, Var<T>(0)), v[0], v[1]) + where(equal(zero, Var<T>(1)), v[0], v[1] * 3);
                     },
                     [](const Samples<T>& v) { return zip(v[0], v[1], [](const R& a, const R& b) { return R(a + b * R(3)); }); }});
    cases.push_back({"avg_pool2d with padding",
                     {{6}},
                     false,
                     [](const auto& v) {
                         const PoolWindow window{.kernel_height = 2, .kernel_width = 2, .stride_y = 2, .stride_x = 2, .left = 1, .ceil_mode = true};
                         return avg_pool2d(v[0], {1, 2, 3}, window, true) + avg_pool2d(v[0], {1, 2, 3}, window, false) * 2;
                     },
                     [](const Samples<T>& v) {
                         const auto& x = v[0];
                         const R edge = x[0] + x[3], rest = x[1] + x[2] + x[4] + x[5];
                         return std::vector<R>{R(edge / R(4) + edge), R(rest / R(4) * R(3))};
                     }});
    cases.push_back({"resize",
                     {{4}},
                     false,
                     [](const auto& v) {
                         const Image image{1, 2, 2};
                         const Resize corners{.height = 3, .width = 2, .coordinates = Coordinates::align_corners};
                         const Resize nearest{.height = 1, .width = 3, .linear = false, .coordinates = Coordinates::asymmetric};
                         return concat(resize(v[0], image, {.height = 1, .width = 3}), resize(v[0], image, corners)) +
                                concat(resize(v[0], image, nearest), gather<T>(v[0], std::vector<std::uint32_t>(6, 0)));
                     },
                     [](const Samples<T>& v) {
                         const R &a = v[0][0], &b = v[0][1], &c = v[0][2], &d = v[0][3], two(2);
                         return std::vector<R>{R((a + c) / two + a), R((a + b + c + d) / R(4) + a), R((b + d) / two + b), R(a + a), R(b + a),
                                               R((a + c) / two + a), R((b + d) / two + a), R(c + a), R(d + a)};
                     }});
    cases.push_back({"prod_over",
                     {{6}},
                     false,
                     [](const auto& v) { return prod_over(v[0], {2, 3}, {1}); },
                     [](const Samples<T>& v) { return std::vector<R>{R(v[0][0] * v[0][1] * v[0][2]), R(v[0][3] * v[0][4] * v[0][5])}; }});
    ConvolutionShape numbers = small_convolution();
    numbers.groups = 2;
    const ConvolutionShape s = transposed_shape(2, 2, 3, 4, numbers, 1, 0);
    for (const Role role : {Role::shared, Role::parameter})
        cases.push_back({std::string("conv_transpose2d weight ") + (role == Role::shared ? "computed" : "packed"),
                         {{12}, {16, role}, {4, role}},
                         false,
                         [s](const auto& v) { return conv_transpose2d(v[0], v[1], v[2], s); },
                         [s](const Samples<T>& v) {  // every pixel of x spreads W times itself
                             std::vector<R> y;
                             for (std::size_t c = 0; c < 4; ++c) y.insert(y.end(), s.in_plane(), v[2][c]);
                             for (std::size_t i = 0; i < 12; ++i)
                                 for (std::size_t c = 0; c < 2; ++c)
                                     for (std::size_t u = 0; u < 2; ++u)
                                         for (std::size_t w = 0; w < 2; ++w) {
                                             const std::size_t in = i / 6, row = i % 6 / 3 * 2 + u - 1, column = i % 3 + w;
                                             if (row < s.height && column < s.width)
                                                 y[((in * 2 + c) * s.height + row) * s.width + column] += v[0][i] * v[1][((in * 2 + c) * 2 + u) * 2 + w];
                                         }
                             return y;
                         }});
}

}  // namespace costate::autodiff::test
