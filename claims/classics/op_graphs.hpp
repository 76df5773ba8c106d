// Every op of the tape in small graphs: per-sample and shared operands, parameters, broadcasting, fusing, calls, images.
#pragma once

#include "claims/classics/op_graphs_networks.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace costate::claims::classical {

/// (x, t) ↦ (x² t p, Σ x + t²) with a parameter p: two outputs.
template <class T>
std::shared_ptr<const autodiff::Program<T>> called_program() {
    autodiff::Tape<T> tape;
    const autodiff::Var<T> x = tape.input(2, autodiff::Sharing::per_sample, "x"), t = tape.input(1, autodiff::Sharing::shared, "t");
    const autodiff::Var<T> p = tape.parameter(std::vector<T>{T(2), T(3)}, "p");
    tape.output(x * t * p * x);
    tape.output(sum(x) + t * t);
    return std::make_shared<const autodiff::Program<T>>(freeze(tape));
}

/// a ∘ b in every way in which two operands meet.
template <class T, class F>
void add_binary(std::vector<OpGraph<T>>& list, std::string_view op, bool positive, F f) {
    const std::vector<std::vector<Operand>> ways{{{3}, {3}},
                                                 {{20}, {20}},
                                                 {{3}, {1}},
                                                 {{1}, {3}},
                                                 {{3}, {1, Role::shared}},
                                                 {{3, Role::shared}, {1}},
                                                 {{3, Role::parameter}, {3}},
                                                 {{3}, {3, Role::shared}}};
    for (const std::vector<Operand>& operands : ways) list.push_back({op, operands, [f](const auto& v) { return f(v[0], v[1]); }, positive});
}

template <class T>
void add_arithmetic(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    add_binary(list, ops::Add::name, false, [](const auto& a, const auto& b) { return a + b; });
    add_binary(list, ops::Subtract::name, false, [](const auto& a, const auto& b) { return a - b; });
    add_binary(list, ops::Multiply::name, false, [](const auto& a, const auto& b) { return a * b; });
    add_binary(list, ops::Divide::name, true, [](const auto& a, const auto& b) { return a / b; });
    list.push_back({ops::Multiply::name, {{3}}, [](const auto& v) { return v[0] * v[0]; }});
    list.push_back({ops::Negate::name, {{3}}, [](const auto& v) { return -v[0]; }});
    list.push_back({ops::Negate::name, {{3, Role::shared}, {3}}, [](const auto& v) { return -v[0] * v[1]; }});
    list.push_back({ops::Power::name, {{3}}, [](const auto& v) { return pow(v[0], 3); }});
    list.push_back({ops::Power::name, {{3}, {3, Role::parameter}}, [](const auto& v) { return pow(v[0], -2) * pow(v[1], 4); }, true});
}

template <class T>
void add_arrays(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    list.push_back({ops::Sum::name, {{5}}, [](const V& v) { return sum(v[0]); }});
    list.push_back({ops::Sum::name, {{5}, {5, Role::parameter}}, [](const V& v) { return sum(v[0] * v[1]) * sum(v[1]); }});
    list.push_back({ops::Dot::name, {{5}, {5}}, [](const V& v) { return dot(v[0], v[1]); }});
    list.push_back({ops::Dot::name, {{5}, {5, Role::parameter}}, [](const V& v) { return dot(v[1], v[0]) * dot(v[0], v[0]); }});
    list.push_back({ops::LinearCombination::name, {{3}, {1}, {3, Role::shared}}, [](const V& v) {
                        return linear_combination(std::vector<T>{T(2), T(-3), T(1) / T(4)}, v);
                    }});
    list.push_back({ops::Concat::name, {{2}, {1, Role::shared}, {3}}, [](const V& v) { return concat(v) * concat(V{v[2], v[0], v[1]}); }});
    list.push_back({ops::Slice::name, {{5}}, [](const V& v) { return v[0].slice(1, 3) * v[0].slice(0, 3); }});
    list.push_back({ops::Broadcast::name, {{1}, {4}}, [](const V& v) { return broadcast(v[0], 4) * v[1]; }});
    list.push_back({ops::Broadcast::name, {{1, Role::parameter}, {4}}, [](const V& v) { return broadcast(v[0], 4) * v[1]; }});
    list.push_back({ops::Expand::name, {{3, Role::shared}, {3, Role::parameter}}, [](const V& v) { return v[0] * v[1]; }});
}

template <class T>
void add_networks(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    for (const Role role : {Role::shared, Role::parameter}) {
        const std::vector<Operand> plain{{3}, {6, role}}, biased{{3}, {6, role}, {2, role}};
        list.push_back({ops::Linear::name, plain, [](const V& v) { return linear(v[0], v[1]); }});
        list.push_back({ops::Linear::name, biased, [](const V& v) { return linear(v[0], v[1], v[2]); }});
        list.push_back({ops::Linear::name, biased, [](const V& v) { return v[2] + linear(v[0], v[1]); }});
        list.push_back({ops::Linear::name, {{3}, {9, role}, {3, role}}, [](const V& v) { return linear(linear(v[0], v[1], v[2]), v[1], v[2]); }});
        if constexpr (TranscendentalScalar<T>) {
            list.push_back({ops::Linear::name, biased, [](const V& v) { return tanh(linear(v[0], v[1], v[2])); }});
            list.push_back({ops::Linear::name, plain, [](const V& v) { return silu(linear(v[0], v[1])); }});
        }
    }
    const auto program = called_program<T>();
    list.push_back({ops::Call::name, {{2}, {1, Role::shared}}, [program](const V& v) { return concat(call(program, v)); }});
    list.push_back({ops::Call::name, {{2}, {1, Role::shared}}, [program](const V& v) {
                        return concat(call(program, V{call(program, v)[0], v[1]}));
                    }});
    list.push_back({ops::Part::name, {{2}, {1, Role::shared}}, [program](const V& v) { return call(program, v)[1] * v[0]; }});
    list.push_back({ops::Guard::name, {{2}}, [](const V& v) {
                        if constexpr (OrderedScalar<T>) return v[0][0] * v[0][0] < v[0][1] * v[0][1] + 8 ? v[0] * v[0] : v[0];
                        else return v[0][0] == v[0][1] + 8 ? v[0] : v[0] * v[0];
                    }});
}

template <class T>
void add_functions(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    const std::vector<Operand> operands{{3}, {3, Role::parameter}};
    const auto one = [&](std::string_view op, bool positive, Record<T> f) {
        list.push_back({op, operands, [f](const V& v) { return f({v[0] * v[1]}); }, positive});
    };
    if constexpr (OrderedScalar<T>) one(ops::Relu::name, false, [](const V& x) { return relu(x[0]); });
    if constexpr (TranscendentalScalar<T>) {
        one(ops::Exp::name, false, [](const V& x) { return exp(x[0]); });
        one(ops::Log::name, true, [](const V& x) { return log(x[0]); });
        one(ops::Sqrt::name, true, [](const V& x) { return sqrt(x[0]); });
        one(ops::Sin::name, false, [](const V& x) { return sin(x[0]); });
        one(ops::Cos::name, false, [](const V& x) { return cos(x[0]); });
        one(ops::Tanh::name, false, [](const V& x) { return tanh(x[0]); });
        one(ops::Sigmoid::name, false, [](const V& x) { return sigmoid(x[0]); });
        one(ops::Silu::name, false, [](const V& x) { return silu(x[0]); });
        one(ops::Gelu::name, false, [](const V& x) { return gelu(x[0]); });
        one(ops::Softplus::name, false, [](const V& x) { return softplus(x[0]); });
        one(ops::Erf::name, false, [](const V& x) { return erf(x[0]); });
    }
}

/// Ops of networks on images: weights packed and computed, groups, indices that name nothing.
template <class T>
void add_images(std::vector<OpGraph<T>>& list) {
    namespace ops = autodiff::ops;
    using V = std::vector<autodiff::Var<T>>;
    const autodiff::ConvolutionShape whole{.channels = 2, .height = 3, .width = 2, .outputs = 2, .kernel_height = 2, .kernel_width = 2, .stride_y = 2, .top = 1, .right = 1};
    autodiff::ConvolutionShape grouped = whole;
    grouped.groups = 2;
    for (const Role role : {Role::shared, Role::parameter}) {
        list.push_back({ops::Conv2d::name, {{12}, {16, role}, {2, role}}, [whole](const V& v) { return conv2d(v[0], v[1], v[2], whole); }});
        list.push_back({ops::Conv2d::name, {{12}, {8, role}}, [grouped](const V& v) { return conv2d(v[0], v[1], grouped) * conv2d(v[0], v[1], grouped); }});
        if constexpr (TranscendentalScalar<T>) {
            const autodiff::NormalisationShape shape{.channels = 4, .pixels = 2, .groups = 2};
            list.push_back({ops::Conv2d::name, {{12}, {16, role}, {2, role}}, [whole](const V& v) { return silu(conv2d(v[0], v[1], v[2], whole)); }});
            list.push_back({ops::Normalise::name, {{8}, {4, role}, {4, role}}, [shape](const V& v) { return normalise(v[0], v[1], v[2], shape, T(1) / T(4)); }});
        }
    }
    const std::vector<std::uint32_t> taken{2, ops::no_index, 0, 2, 1}, segments{2, ops::no_index, 0, 2};
    list.push_back({ops::AddChannel::name, {{6}, {2}}, [](const V& v) { return add_channel(v[0], v[1]) * v[0]; }});
    list.push_back({ops::Gather::name, {{4}}, [taken](const V& v) { return gather<T>(v[0] * v[0], taken); }});
    list.push_back({ops::SegmentSum::name, {{4}}, [segments](const V& v) { return segment_sum<T>(v[0] * v[0], segments, 3); }});
}

/// All that T supports.
template <class T>
std::vector<OpGraph<T>> op_graphs() {
    std::vector<OpGraph<T>> list;
    add_arithmetic(list);
    add_arrays(list);
    add_networks(list);
    add_images(list);
    add_functions(list);
    add_windows(list);
    if constexpr (OrderedScalar<T>) add_choices(list);
    if constexpr (TranscendentalScalar<T>) add_tokens(list);
    return list;
}

}  // namespace costate::claims::classical
