#pragma once

#include "autodiff/ops/gather.hpp"

namespace costate::autodiff::ops {

/// y_i = Σ_k c_ik x[index_ik], k ascending: a constant matrix with Node::extra entries a row, no_index where there are fewer. Words: the indices,
/// coefficients: the c, row after row.
struct SparseLinear : Op {
    static constexpr std::string_view name = "sparse_linear";
    static constexpr bool traces = false;
    static std::size_t coefficients(const Node& node) { return std::size_t{node.size} * node.extra; }
    static double flops(const Node& node, const Topology&, const Called&) { return 2.0 * static_cast<double>(coefficients(node)); }

    template <class T>
    static void apply(const Frame<T>& f, const T* x, T* y) {
        for (std::size_t b = 0; b < f.rows(); ++b, x += f.x_size(0)) {
            const T* c = f.coefficients();
            const std::uint32_t* index = f.words();
            for (std::size_t i = 0; i < f.size(); ++i) {
                T sum(0);
                for (std::size_t k = 0; k < f.extra(); ++k, ++c, ++index)
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
        for (std::size_t b = 0; b < f.rows(); ++b, bar += f.x_size(0)) {
            const T* c = f.coefficients();
            const std::uint32_t* index = f.words();
            for (std::size_t i = 0; i < f.size(); ++i, ++y_bar)
                for (std::size_t k = 0; k < f.extra(); ++k, ++c, ++index)
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
