#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/attention.hpp"

namespace costate::autodiff::ops {

/// y = softmax(scale q kᵀ) v for every head; operands q, k, v, each per sample or shared. The words are a kernels::AttentionShape, scale is a
/// coefficient. Keeps one number a query; the scores are computed again in the reverse sweep.
struct Attention : Op {
    static constexpr std::string_view name = "attention";
    static constexpr bool traces = false;
    template <class T>
    static constexpr bool supported = TranscendentalScalar<T>;
    template <class T>
    static constexpr void require() {
        require_transcendental<T>();
    }
    static std::size_t coefficients(const Node&) { return 1; }
    static bool reads(const Node&, std::size_t input, std::uint64_t wanted) { return input < 2 || (wanted & 3) != 0; }
    static bool reads_result(std::uint64_t wanted) { return (wanted & 3) != 0; }
    static Space space(const Node& node, const Topology& graph, Mode mode, const Called&) {
        const auto s = detail::from_words<kernels::AttentionShape>(graph.words.data() + node.words);
        const bool derivative = mode == Mode::reverse || mode == Mode::tangent;
        return {.saved = mode == Mode::inference ? 0 : std::size_t{s.heads} * s.queries,
                .scratch_shared = derivative ? std::max(s.derivative_scratch(), s.forward_scratch()) : s.forward_scratch()};
    }
    static double flops(const Node& node, const Topology& graph, const Called&) {
        const auto s = detail::from_words<kernels::AttentionShape>(graph.words.data() + node.words);
        return static_cast<double>(s.heads) * s.queries * s.keys * (2.0 * s.depth + 2.0 * s.width + 4);
    }

    template <class T>
    static kernels::AttentionShape shape(const Frame<T>& f) {
        return detail::from_words<kernels::AttentionShape>(f.words());
    }
    /// f(where head h of sample b begins in q, k, v, y; heads before it) for every head of every sample.
    template <class T, class F>
    static void for_each_head(const Frame<T>& frame, const kernels::AttentionShape& s, F f) {
        const auto place = [&](std::size_t operand, std::size_t b) { return frame.x_shared(operand) ? 0 : b * frame.x_size(operand); };
        for (std::size_t b = 0; b < frame.rows(); ++b)
            for (std::size_t h = 0; h < s.heads; ++h)
                f(Places{place(0, b) + h * s.q_size(), place(1, b) + h * s.k_size(), place(2, b) + h * s.v_size(), b * frame.size() + h * s.y_size(),
                         (b * s.heads + h) * s.queries});
    }
    struct Places {
        std::size_t q, k, v, y, log_sum;
    };
    template <class T>
    static kernels::AttentionHead<T> head(const Frame<T>& f, const Places& at) {
        const T* v = f.x(2);
        T* y = f.y();
        return {f.x(0) + at.q, f.x(1) + at.k, v ? v + at.v : nullptr, y ? y + at.y : nullptr, f.saved() ? f.saved() + at.log_sum : nullptr};
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const auto s = shape(f);
        for_each_head(f, s, [&](const Places& at) { kernels::attention<T>(s, *f.coefficients(), head(f, at), f.scratch_shared()); });
    }
    /// v̄ += Pᵀ ȳ, and through the softmax to q̄ and k̄: kernels::attention_pullback
    template <class T>
    static void vjp(const Frame<T>& f) {
        const auto s = shape(f);
        for (std::size_t i = 0; i < 3; ++i) contribute_nothing(f, i);
        const auto offset = [](T* bar, std::size_t at) { return bar ? bar + at : nullptr; };
        for_each_head(f, s, [&](const Places& at) {
            const kernels::AttentionAdjoints<T> bar{offset(f.bar(0), at.q), offset(f.bar(1), at.k), offset(f.bar(2), at.v)};
            kernels::attention_pullback<T>(s, *f.coefficients(), head(f, at), f.y_bar() + at.y, bar, f.scratch_shared());
        });
    }
    /// ẏ = P (Ṡ ⊙ v) + P v̇ - r y: kernels::attention_tangent
    template <class T>
    static void jvp(const Frame<T>& f) {
        const auto s = shape(f);
        const auto offset = [](const T* dot, std::size_t at) { return dot ? dot + at : nullptr; };
        for_each_head(f, s, [&](const Places& at) {
            const kernels::AttentionHead<T> dot{offset(f.dot(0), at.q), offset(f.dot(1), at.k), offset(f.dot(2), at.v), f.y_dot() + at.y, nullptr};
            kernels::attention_tangent<T>(s, *f.coefficients(), head(f, at), dot, f.scratch_shared());
        });
    }
};

}  // namespace costate::autodiff::ops
