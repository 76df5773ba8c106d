// Rearrangements by indices, and their transposes: one mechanism for transposing, cutting, padding, repeating, pooling and reducing.
#pragma once

#include "autodiff/ops/op.hpp"

#include <limits>

namespace costate::autodiff::ops {

/// The index of nothing: reads as 0, is not summed.
inline constexpr std::uint32_t no_index = std::numeric_limits<std::uint32_t>::max();

/// One value with indices: how many values the indices point into, how many indices there are.
struct Indexed : Op {
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    /// y_i = x[index_i]
    template <class T>
    static void pick(std::size_t rows, std::size_t n, const std::uint32_t* index, std::size_t m, const T* x, T* y) {
        for (std::size_t b = 0; b < rows; ++b, x += m, y += n)
            for (std::size_t i = 0; i < n; ++i) y[i] = index[i] == no_index ? T(0) : x[index[i]];
    }
    /// y_i += x[index_i]
    template <class T>
    static void pick_added(std::size_t rows, std::size_t n, const std::uint32_t* index, std::size_t m, const T* x, T* y) {
        for (std::size_t b = 0; b < rows; ++b, x += m, y += n)
            for (std::size_t i = 0; i < n; ++i)
                if (index[i] != no_index) y[i] += x[index[i]];
    }
    /// y[index_i] (+)= Σ x_i, i ascending
    template <class T>
    static void scatter(std::size_t rows, std::size_t n, const std::uint32_t* index, std::size_t m, const T* x, T* y, bool add) {
        if (!add) zero(y, rows * m);
        for (std::size_t b = 0; b < rows; ++b, x += n, y += m)
            for (std::size_t i = 0; i < n; ++i)
                if (index[i] != no_index) y[index[i]] += x[i];
    }
};

/// y_i = x[index_i], or 0 where there is no index; the words are the indices
struct Gather : Indexed {
    static constexpr std::string_view name = "gather";

    template <class T>
    static void forward(const Frame<T>& f) {
        pick(f.rows(), f.size(), f.words(), f.x_size(0), f.x(0), f.y());
    }
    /// x̄[index_i] += ȳ_i
    template <class T>
    static void vjp(const Frame<T>& f) {
        if (T* bar = f.bar(0)) scatter(f.rows(), f.size(), f.words(), f.x_size(0), f.y_bar(), bar, !f.assign(0));
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) pick(f.rows(), f.size(), f.words(), f.x_size(0), dot, f.y_dot());
        else zero(f.y_dot(), f.count());
    }
};

/// y_j = Σ x_i over the i with index_i = j, ascending; the words are the indices, one for each value of x
struct SegmentSum : Indexed {
    static constexpr std::string_view name = "segment_sum";
    static double flops(const Node& node, const Topology& graph, const Called&) {
        return static_cast<double>(graph.nodes[graph.arguments_of(node)[0]].size);
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        scatter(f.rows(), f.x_size(0), f.words(), f.size(), f.x(0), f.y(), false);
    }
    /// x̄_i += ȳ[index_i]
    template <class T>
    static void vjp(const Frame<T>& f) {
        T* bar = f.bar(0);
        if (!bar) return;
        if (f.assign(0)) pick(f.rows(), f.x_size(0), f.words(), f.size(), f.y_bar(), bar);
        else pick_added(f.rows(), f.x_size(0), f.words(), f.size(), f.y_bar(), bar);
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) scatter(f.rows(), f.x_size(0), f.words(), f.size(), dot, f.y_dot(), false);
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
