#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/matmul.hpp"

namespace costate::autodiff::ops {

/// y = op(a) op(b), block by block: operands a, b, each with all blocks or with one that meets every block, per sample or shared. The words are
/// a kernels::MatmulShape.
struct Matmul : Op {
    static constexpr std::string_view name = "matmul";
    static constexpr bool traces = false;
    static bool reads(const Node&, std::size_t input, std::uint64_t wanted) { return (wanted >> (1 - input) & 1) != 0; }
    static Space space(const Node& node, const Topology& graph, Mode, const Called&) {
        const auto s = detail::from_words<kernels::MatmulShape>(graph.words.data() + node.words);
        return {.scratch_shared = std::max({s.a_size(), s.b_size(), s.y_size()})};  // one transposed factor
    }
    static double flops(const Node& node, const Topology& graph, const Called&) {
        return 2.0 * detail::from_words<kernels::MatmulShape>(graph.words.data() + node.words).inner * static_cast<double>(node.size);
    }

    /// f(block of a, of b, of y) for every block of every sample; the places are in the operands' arrays.
    template <class T, class F>
    static void for_each_block(const Frame<T>& frame, const kernels::MatmulShape& s, F f) {
        const auto place = [&](std::size_t operand, std::size_t one, std::size_t b, std::size_t i) {
            const std::size_t of_sample = frame.x_size(operand);
            return (frame.x_shared(operand) ? 0 : b * of_sample) + (of_sample == one ? 0 : i * one);
        };
        for (std::size_t b = 0; b < frame.rows(); ++b)
            for (std::size_t i = 0; i < s.blocks; ++i)
                f(place(0, s.a_size(), b, i), place(1, s.b_size(), b, i), b * frame.size() + i * s.y_size());
    }
    /// y += op(a) op(b)
    template <class T>
    static void multiply(const Frame<T>& f, const T* a, const T* b, T* y) {
        const auto s = detail::from_words<kernels::MatmulShape>(f.words());
        for_each_block(f, s, [&](std::size_t of_a, std::size_t of_b, std::size_t of_y) {
            kernels::product_accumulate<T>(s.rows, s.inner, s.columns, {a + of_a, s.transpose_a != 0}, {b + of_b, s.transpose_b != 0}, y + of_y,
                                           f.scratch_shared());
        });
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        zero(f.y(), f.count());
        multiply(f, f.x(0), f.x(1), f.y());
    }
    /// op(a)̅ += ȳ op(b)ᵀ,  op(b)̅ += op(a)ᵀ ȳ
    template <class T>
    static void vjp(const Frame<T>& f) {
        const auto s = detail::from_words<kernels::MatmulShape>(f.words());
        const bool ta = s.transpose_a != 0, tb = s.transpose_b != 0;
        for (std::size_t i = 0; i < 2; ++i)
            if (f.bar(i) && f.assign(i)) zero(f.bar(i), f.x_count(i));
        for_each_block(f, s, [&](std::size_t of_a, std::size_t of_b, std::size_t of_y) {
            const T* y_bar = f.y_bar() + of_y;
            if (T* bar = f.bar(0)) {
                const T* b = f.x(1) + of_b;
                if (ta) kernels::product_accumulate<T>(s.inner, s.columns, s.rows, {b, tb}, {y_bar, true}, bar + of_a, f.scratch_shared());
                else kernels::product_accumulate<T>(s.rows, s.columns, s.inner, {y_bar, false}, {b, !tb}, bar + of_a, f.scratch_shared());
            }
            if (T* bar = f.bar(1)) {
                const T* a = f.x(0) + of_a;
                if (tb) kernels::product_accumulate<T>(s.columns, s.rows, s.inner, {y_bar, true}, {a, ta}, bar + of_b, f.scratch_shared());
                else kernels::product_accumulate<T>(s.inner, s.rows, s.columns, {a, !ta}, {y_bar, false}, bar + of_b, f.scratch_shared());
            }
        });
    }
    /// ẏ = op(ȧ) op(b) + op(a) op(ḃ)
    template <class T>
    static void jvp(const Frame<T>& f) {
        zero(f.y_dot(), f.count());
        if (f.dot(0)) multiply(f, f.dot(0), f.x(1), f.y_dot());
        if (f.dot(1)) multiply(f, f.x(0), f.dot(1), f.y_dot());
    }
};

}  // namespace costate::autodiff::ops
