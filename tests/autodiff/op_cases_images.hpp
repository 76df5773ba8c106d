// Ops of networks on images as cases.
#pragma once

#include "op_case.hpp"

namespace costate::autodiff::test {

/// Σ over taps and channels, straight from the formula.
template <class V>
V convolved(const V& x, const V& w, const V& b, const ConvolutionShape& s) {
    V y;
    for (std::size_t o = 0; o < s.outputs; ++o)
        for (std::size_t p = 0; p < s.out_plane(); ++p) {
            auto sum = b[o];
            for (std::size_t k = 0; k < s.group_channels() * s.taps(); ++k) {
                const std::size_t c = o / s.group_outputs() * s.group_channels() + k / s.taps(), u = k % s.taps() / s.kernel_width, v = k % s.kernel_width;
                const std::size_t i = p / s.out_width() * s.stride_y + u * s.dilation_y - s.top, j = p % s.out_width() * s.stride_x + v * s.dilation_x - s.left;
                if (i < s.height && j < s.width) sum += w[o * s.group_channels() * s.taps() + k] * x[(c * s.height + i) * s.width + j];
            }
            y.push_back(sum);
        }
    return y;
}

inline ConvolutionShape small_convolution() {
    return {.channels = 2, .height = 3, .width = 2, .outputs = 2, .kernel_height = 2, .kernel_width = 2, .stride_y = 2, .top = 1, .right = 1, .groups = 1};
}

template <class T>
void add_image_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const ConvolutionShape s = small_convolution();
    for (const Role role : {Role::shared, Role::parameter}) {
        const std::string how = role == Role::shared ? " weight computed" : " weight packed";
        cases.push_back({"conv2d" + how,
                         {{12}, {16, role}, {2, role}},
                         false,
                         [s](const auto& v) { return conv2d(v[0], v[1], v[2], s); },
                         [s](const Samples<T>& v) { return convolved(v[0], v[1], v[2], s); }});
        ConvolutionShape grouped = s;
        grouped.groups = 2;
        cases.push_back({"conv2d groups, twice, no bias" + how,
                         {{12}, {8, role}},
                         false,
                         [grouped](const auto& v) { return conv2d(v[0], v[1], grouped) + conv2d(v[0], v[1], grouped); },
                         [grouped](const Samples<T>& v) {
                             return map(convolved(v[0], v[1], std::vector<R>(2, R(0)), grouped), [](const R& a) { return R(a + a); });
                         }});
    }
    cases.push_back({"add_channel",
                     {{6}, {2}},
                     false,
                     [](const auto& v) { return add_channel(v[0], v[1]); },
                     [](const Samples<T>& v) {
                         std::vector<R> y = v[0];
                         for (std::size_t i = 0; i < 6; ++i) y[i] += v[1][i / 3];
                         return y;
                     }});
    cases.push_back({"gather",
                     {{4}},
                     false,
                     [](const auto& v) { return gather<T>(v[0], std::vector<std::uint32_t>{2, ops::no_index, 0, 2, 1}) * 2; },
                     [](const Samples<T>& v) {
                         return std::vector<R>{R(v[0][2] * R(2)), R(0), R(v[0][0] * R(2)), R(v[0][2] * R(2)), R(v[0][1] * R(2))};
                     }});
    cases.push_back({"segment_sum",
                     {{4}},
                     false,
                     [](const auto& v) { return segment_sum<T>(v[0], std::vector<std::uint32_t>{2, ops::no_index, 0, 2}, 3) + v[0][1]; },
                     [](const Samples<T>& v) {
                         return std::vector<R>{R(v[0][2] + v[0][1]), v[0][1], R(v[0][0] + v[0][3] + v[0][1])};
                     }});
    cases.push_back({"upsample by 2",
                     {{6}},
                     false,
                     [](const auto& v) { return upsample_nearest(v[0], {2, 1, 3}, 2); },
                     [](const Samples<T>& v) {
                         std::vector<R> y;
                         for (std::size_t i = 0; i < 24; ++i) y.push_back(v[0][i / 12 * 3 + i % 6 / 2]);
                         return y;
                     }});
    cases.push_back({"upsample and pool",
                     {{4}},
                     false,
                     [](const auto& v) { return avg_pool2d(upsample_nearest(v[0], {1, 2, 2}, 3), {1, 6, 6}, 2); },
                     [](const Samples<T>& v) {
                         const R &a = v[0][0], &b = v[0][1], &c = v[0][2], &d = v[0][3];
                         return std::vector<R>{a, R((a + b) / R(2)), b, R((a + c) / R(2)), R((a + b + c + d) / R(4)), R((b + d) / R(2)), c, R((c + d) / R(2)), d};
                     }});
}

/// Two groups of two channels of two pixels; with w and b, plain, and not centred.
template <class T>
void add_normalisation_cases(std::vector<Case<T>>& cases) {
    using R = Reference<T>;
    const auto value = [](const std::vector<R>& x, std::size_t groups, bool centred) {
        std::vector<R> y = x;
        const std::size_t n = x.size() / groups;
        for (std::size_t g = 0; g < groups; ++g) {
            R mean(0), square(0);
            for (std::size_t i = 0; i < n; ++i) mean += x[g * n + i] / R(static_cast<int>(n));
            if (!centred) mean = R(0);
            for (std::size_t i = 0; i < n; ++i) square += (x[g * n + i] - mean) * (x[g * n + i] - mean) / R(static_cast<int>(n));
            for (std::size_t i = 0; i < n; ++i) y[g * n + i] = (x[g * n + i] - mean) / sqrt(R(square + R(1) / R(4)));
        }
        return y;
    };
    const NormalisationShape shape{.channels = 4, .pixels = 2, .groups = 2};
    const auto affine_value = [value](const Samples<T>& v) {
        std::vector<R> y = value(v[0], 2, true);
        for (std::size_t i = 0; i < 8; ++i) y[i] = y[i] * v[1][i / 2] + v[2][i / 2];
        return y;
    };
    cases.push_back({"normalise",
                     {{8}, {4, Role::parameter}, {4, Role::shared}},
                     false,
                     [shape](const auto& v) { return normalise(v[0], v[1], v[2], shape, T(1) / T(4)); },
                     affine_value});
    cases.push_back({"normalise tanh",
                     {{8}, {4, Role::parameter}, {4, Role::parameter}},
                     false,
                     [shape](const auto& v) { return tanh(normalise(v[0], v[1], v[2], shape, T(1) / T(4))); },
                     [affine_value](const Samples<T>& v) { return map(affine_value(v), [](const R& a) { return R(tanh(a)); }); }});
    cases.push_back({"normalise, not centred, plain",
                     {{6}},
                     false,
                     [](const auto& v) { return normalise(v[0], {.channels = 6, .pixels = 1, .groups = 1, .centred = 0}, T(1) / T(4)); },
                     [value](const Samples<T>& v) { return value(v[0], 1, false); }});
}

}  // namespace costate::autodiff::test
