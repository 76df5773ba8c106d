// Rearrangements by indices, and their transposes: one mechanism for transposing, cutting, padding, repeating, pooling and reducing.
#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/simd/table.hpp"

#include <limits>

namespace costate::autodiff::ops {

/// The index of nothing: reads as 0, is not summed.
inline constexpr std::uint32_t no_index = std::numeric_limits<std::uint32_t>::max();

/// What the vector kernels take of lists: their indices are signed.
template <class T>
bool lists_fit(std::size_t size) {
    return kernels::simd::Vectorised<T> && size <= kernels::simd::most_listed;
}

/// One value with indices. Node::extra is 1 where every index is one: then nothing has to be asked.
struct Indexed : Op {
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    /// f(i, index_i) for every i that has an index.
    template <class F>
    static void for_each_index(bool every, std::size_t n, const std::uint32_t* index, F f) {
        if (every)
            for (std::size_t i = 0; i < n; ++i) f(i, index[i]);
        else
            for (std::size_t i = 0; i < n; ++i)
                if (index[i] != no_index) f(i, index[i]);
    }
    /// y_i (+)= x[index_i] for n indices into m values
    template <class T>
    static void pick(const Frame<T>& f, std::size_t n, std::size_t m, const T* x, T* y, bool add) {
        if constexpr (kernels::simd::Vectorised<T>)
            if (lists_fit<T>(m)) return kernels::simd::table<T>().pick({f.words(), n, 1, f.rows(), m}, x, y, add);
        const bool every = f.extra() != 0;
        if (!add && !every) zero(y, f.rows() * n);
        for (std::size_t b = 0; b < f.rows(); ++b, x += m, y += n) {
            if (add) for_each_index(every, n, f.words(), [&](std::size_t i, std::size_t k) { y[i] += x[k]; });
            else for_each_index(every, n, f.words(), [&](std::size_t i, std::size_t k) { y[i] = x[k]; });
        }
    }
    /// y[index_i] (+)= Σ x_i, i ascending
    template <class T>
    static void scatter(const Frame<T>& f, std::size_t n, std::size_t m, const T* x, T* y, bool add) {
        if (!add) zero(y, f.rows() * m);
        if constexpr (kernels::simd::Vectorised<T>)
            if (lists_fit<T>(m)) return kernels::simd::table<T>().scatter({f.words(), n, 1, f.rows(), m}, x, y);
        for (std::size_t b = 0; b < f.rows(); ++b, x += n, y += m)
            for_each_index(f.extra() != 0, n, f.words(), [&](std::size_t i, std::size_t k) { y[k] += x[i]; });
    }
};

/// y_i = x[index_i], or 0 where there is no index; the words are the indices
struct Gather : Indexed {
    static constexpr std::string_view name = "gather";

    template <class T>
    static void forward(const Frame<T>& f) {
        pick(f, f.size(), f.x_size(0), f.x(0), f.y(), false);
    }
    /// x̄[index_i] += ȳ_i
    template <class T>
    static void vjp(const Frame<T>& f) {
        if (T* bar = f.bar(0)) scatter(f, f.size(), f.x_size(0), f.y_bar(), bar, !f.assign(0));
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) pick(f, f.size(), f.x_size(0), dot, f.y_dot(), false);
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
        scatter(f, f.x_size(0), f.size(), f.x(0), f.y(), false);
    }
    /// x̄_i += ȳ[index_i]
    template <class T>
    static void vjp(const Frame<T>& f) {
        if (T* bar = f.bar(0)) pick(f, f.x_size(0), f.size(), f.y_bar(), bar, !f.assign(0));
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        if (const T* dot = f.dot(0)) scatter(f, f.x_size(0), f.size(), dot, f.y_dot(), false);
        else zero(f.y_dot(), f.count());
    }
};

}  // namespace costate::autodiff::ops
