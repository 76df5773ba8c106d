#pragma once

#include "autodiff/ops/gather.hpp"

namespace costate::autodiff::ops {

/// y_i = Σ_k c_ik x[index_ik], k ascending: a constant matrix of so many entries a row, no_index where there are fewer, the same for every plane of x.
/// Words: the indices, coefficients: the c, row after row. Node::extra: entries a row in its first eight bits, above them planes less one.
struct SparseLinear : Op {
    static constexpr std::string_view name = "sparse_linear";
    static constexpr bool traces = false;
    static constexpr std::size_t most_entries = 0xff, most_planes = std::size_t{1} << 24;
    static constexpr std::uint32_t extra_of(std::size_t entries, std::size_t planes) { return static_cast<std::uint32_t>(entries | (planes - 1) << 8); }
    static constexpr std::size_t entries(std::uint32_t extra) { return extra & 0xff; }
    static constexpr std::size_t planes(std::uint32_t extra) { return (extra >> 8) + std::size_t{1}; }
    static std::size_t coefficients(const Node& node) { return node.size / planes(node.extra) * entries(node.extra); }
    static double flops(const Node& node, const Topology&, const Called&) { return 2.0 * node.size * static_cast<double>(entries(node.extra)); }

    template <class T>
    static void apply(const Frame<T>& f, const T* x, T* y) {
        const std::size_t n = planes(f.extra()), width = entries(f.extra()), size = f.size() / n, plane = f.x_size(0) / n;
        for (std::size_t p = 0; p < f.rows() * n; ++p, x += plane) {
            const T* c = f.coefficients();
            const std::uint32_t* index = f.words();
            for (std::size_t i = 0; i < size; ++i) {
                T sum(0);
                for (std::size_t k = 0; k < width; ++k, ++c, ++index)
                    if (*index != no_index) sum += *c * x[*index];
                *y++ = sum;
            }
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
        const std::size_t n = planes(f.extra()), width = entries(f.extra()), size = f.size() / n, plane = f.x_size(0) / n;
        for (std::size_t p = 0; p < f.rows() * n; ++p, bar += plane) {
            const T* c = f.coefficients();
            const std::uint32_t* index = f.words();
            for (std::size_t i = 0; i < size; ++i, ++y_bar)
                for (std::size_t k = 0; k < width; ++k, ++c, ++index)
                    if (*index != no_index) bar[*index] += *c * *y_bar;
        }
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) apply(f, dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
