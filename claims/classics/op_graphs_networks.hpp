// The ops of networks from files in small graphs: choices off their kinks, windows, tokens.
#pragma once

#include "autodiff/choice_functions.hpp"
#include "autodiff/token_functions.hpp"
#include "autodiff/window_functions.hpp"
#include "claims/classics/op_graph.hpp"

namespace costate::claims::classical {

template <class T>
void add_choices(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    const T off = T(1) / T(100);
    const std::vector<Operand> pair{{3}, {3, Role::parameter}}, scalar{{3}, {1}};
    list.push_back({ops::Maximum::name, pair, [off](const V& v) { return maximum(v[0] + off, v[1]) * v[1]; }});
    list.push_back({ops::Minimum::name, scalar, [off](const V& v) { return minimum(v[0] + off, v[1]) * v[0]; }});
    list.push_back({ops::Clamp::name, {{5}}, [off](const V& v) { return clamp(v[0], -off, off * 40) * v[0]; }});
    list.push_back({ops::Less::name, pair, [off](const V& v) { return where(less(v[0] + off, v[1]), v[0] * v[0], v[1]); }});
    list.push_back({ops::LessEqual::name, scalar, [off](const V& v) { return where(less_equal(v[0] + off, v[1]), v[0], v[1] * v[0]); }});
    list.push_back({ops::Floor::name, {{5}}, [off](const V& v) { return floor(v[0] * 4 + off) * v[0]; }});
    list.push_back({ops::Ceil::name, {{5}}, [off](const V& v) { return ceil(v[0] * 4 + off) * v[0]; }});
    list.push_back({ops::Round::name, {{5}}, [off](const V& v) { return round(v[0] * 4 + off) * v[0]; }});
    list.push_back({ops::Sign::name, {{5}}, [](const V& v) { return sign(v[0]) * v[0]; }});
    list.push_back({ops::Abs::name, pair, [](const V& v) { return abs(v[0]) * abs(v[1]); }});
    const std::vector<T> steps{T(0), off / 10, off / 5, off / 4, off / 3, off / 2};  // the values differ
    list.push_back({ops::WindowMax::name, {{6}}, [steps](const V& v) { return max_over(v[0] + v[0].tape()->constant(steps), {2, 3}, {0}); }});
    list.push_back({ops::MaxPool2d::name, {{6}}, [steps](const V& v) {
                        return max_pool2d(v[0] + v[0].tape()->constant(steps), {1, 2, 3}, {.kernel_height = 2, .kernel_width = 2, .left = 1});
                    }});
    list.push_back({ops::Lookup::name, {{6, Role::parameter}, {2}}, [off](const V& v) {
                        return lookup(v[0] * v[0], 2, clamp(v[1] + off, T(0), T(2)));
                    }});
}

template <class T>
void add_windows(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    list.push_back({ops::Equal::name, {{3}}, [](const V& v) { return (equal(v[0], v[0]) + v[0]) * v[0]; }});
    list.push_back({ops::Where::name, {{3}, {1, Role::parameter}}, [](const V& v) {
                        return where(v[0], v[0] * v[1], v[1]) + where(v[0] - v[0], v[0], v[1] * v[1]);
                    }});
    list.push_back({ops::SparseLinear::name, {{4}}, [](const V& v) { return resize(v[0] * v[0], {1, 2, 2}, {.height = 3, .width = 3}); }});
    list.push_back({ops::Upsample::name, {{4}}, [](const V& v) { return upsample_nearest(v[0] * v[0], {2, 1, 2}, 2); }});
    list.push_back({ops::Upsample::name, {{2}}, [](const V& v) { return upsample_nearest(v[0] * v[0], {1, 1, 2}, 3); }});  // blocks of 2 x 2 have a loop of their own
    list.push_back({ops::AvgPool2d::name, {{6}}, [](const V& v) {
                        return avg_pool2d(v[0] * v[0], {1, 2, 3}, {.kernel_height = 2, .kernel_width = 2, .left = 1, .dilation_x = 2}, true);
                    }});
    const autodiff::ConvolutionShape shape = autodiff::transposed_shape(2, 2, 2, 2, {.kernel_height = 3, .kernel_width = 2, .stride_y = 2, .top = 1});
    for (const Role role : {Role::shared, Role::parameter})
        list.push_back({ops::ConvTranspose2d::name, {{8}, {24, role}, {2, role}}, [shape](const V& v) {
                            return conv_transpose2d(v[0], v[1], v[2], shape);
                        }});
    list.push_back({ops::Matmul::name, {{12}, {6, Role::parameter}}, [](const V& v) {
                        return matmul(v[0], v[1], {.rows = 2, .inner = 3, .columns = 2, .blocks = 2});
                    }});
    list.push_back({ops::Matmul::name, {{6}, {6}}, [](const V& v) {
                        return matmul(v[0], v[1], {.rows = 2, .inner = 3, .columns = 2, .transpose_a = 1, .transpose_b = 1});
                    }});
}

template <class T>
void add_tokens(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    list.push_back({ops::Softmax::name, {{12}}, [](const V& v) { return softmax(v[0], {2, 3, 2}, 1); }});
    list.push_back({ops::Softmax::name, {{6}, {6, Role::parameter}}, [](const V& v) { return log_softmax(v[0] * v[1], {2, 3}, 1); }});
    const autodiff::AttentionShape shape{.heads = 2, .queries = 2, .keys = 3, .depth = 2, .width = 1, .query_tile = 1, .key_tile = 2};
    list.push_back({ops::Attention::name, {{8}, {12}, {6, Role::parameter}}, [shape](const V& v) { return attention(v[0], v[1], v[2], shape, T(1) / T(2)); }});
    list.push_back({ops::Normalise::name, {{6}, {3, Role::parameter}, {3, Role::shared}}, [](const V& v) { return layer_norm(v[0], v[1], v[2], T(1) / T(4)); }});
}

}  // namespace costate::claims::classical
