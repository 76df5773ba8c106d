#pragma once

#include "autodiff/ops/gather.hpp"

namespace costate::autodiff::ops {

/// y_i = Σ_k c_ik x[index_ik], k ascending: a constant matrix of so many entries a row, no_index where there are fewer, the same for every plane of x.
/// Words: the indices, coefficients: the c, those of k = 0 for every i first. Node::extra: entries a row in its first eight bits, above them planes less one.
struct SparseLinear : Op {
    static constexpr std::string_view name = "sparse_linear";
    static constexpr bool traces = false;
    static constexpr std::size_t most_entries = 0xff, most_planes = std::size_t{1} << 24;
    static constexpr std::uint32_t extra_of(std::size_t entries, std::size_t planes) { return static_cast<std::uint32_t>(entries | (planes - 1) << 8); }
    static constexpr std::size_t entries(std::uint32_t extra) { return extra & 0xff; }
    static constexpr std::size_t planes(std::uint32_t extra) { return (extra >> 8) + std::size_t{1}; }
    static std::size_t coefficients(const Node& node) { return node.size / planes(node.extra) * entries(node.extra); }
    static double flops(const Node& node, const Topology&, const Called&) { return 2.0 * node.size * static_cast<double>(entries(node.extra)); }

    /// Of larger planes the adjoint is left to the loop: the planes side by side would not stay in a cache.
    static constexpr std::size_t most_pixels = std::size_t{1} << 16;
    /// Where adjoints lie with the planes side by side: kernels::simd::Table::sparse_vjp.
    static Space space(const Node& node, const Topology& graph, Mode mode, const Called&) {
        const std::size_t plane = graph.nodes[graph.arguments_of(node)[0]].size / planes(node.extra);
        return {.scratch_shared = mode == Mode::reverse && plane <= most_pixels ? plane * kernels::simd::widest : 0};
    }
    template <class T>
    static kernels::simd::IndexList list(const Frame<T>& f) {
        const std::size_t n = planes(f.extra());
        return {f.words(), f.size() / n, entries(f.extra()), f.rows() * n, f.x_size(0) / n};
    }
    template <class T>
    static void apply(const Frame<T>& f, const T* x, T* y) {
        const kernels::simd::IndexList l = list(f);
        const T* c = f.coefficients();
        if constexpr (kernels::simd::Vectorised<T>)
            if (lists_fit<T>(l.size)) return kernels::simd::table<T>().sparse(l, c, x, y);
        for (std::size_t p = 0; p < l.rows; ++p, x += l.size)
            for (std::size_t i = 0; i < l.count; ++i) {
                T sum(0);
                for (std::size_t k = i; k < l.entries * l.count; k += l.count)
                    if (l.index[k] != no_index) sum += c[k] * x[l.index[k]];
                *y++ = sum;
            }
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        apply(f, f.x(0), f.y());
    }
    /// x̄[index_ik] += c_ik ȳ_i
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) zero(bar, f.x_count(0));
        const T* y_bar = f.y_bar();
        const kernels::simd::IndexList l = list(f);
        const T* weights = f.coefficients();
        if constexpr (kernels::simd::Vectorised<T>)
            return kernels::simd::table<T>().sparse_vjp(l, weights, y_bar, bar, l.size <= most_pixels ? f.scratch_shared() : nullptr);
        for (std::size_t p = 0; p < l.rows; ++p, bar += l.size)
            for (std::size_t i = 0; i < l.count; ++i, ++y_bar)
                for (std::size_t k = i; k < l.entries * l.count; k += l.count)
                    if (l.index[k] != no_index) bar[l.index[k]] += weights[k] * *y_bar;
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) apply(f, dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
