#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/elementwise.hpp"

#include <stdexcept>
#include <string>

namespace costate::autodiff::ops {

/// y_i = row index_i of the table; operands table (rows × width) and indices, values rounded to the nearest integer (halves up) and not
/// differentiated. Node::extra is the width. Of a row that is not there the forward throws std::out_of_range.
struct Lookup : Deciding {
    static constexpr std::string_view name = "lookup";
    static bool reads(const Node&, std::size_t input, std::uint64_t) { return input == 1; }
    static double flops(const Node&, const Topology&, const Called&) { return 0; }

    /// The i < rows with i - 1/2 ≤ x < i + 1/2, or rows where there is none: by comparisons alone, so in every ordered scalar.
    template <class T>
    static std::size_t row(const T& x, std::size_t rows) {
        const auto edge = [](std::size_t i) { return T(T(2 * static_cast<int>(i) - 1) / T(2)); };
        if (!(edge(0) <= x) || !(x < edge(rows))) return rows;
        std::size_t first = 0, end = rows;  // edge(first) ≤ x < edge(end)
        while (end - first > 1) {
            const std::size_t middle = first + (end - first) / 2;
            (x < edge(middle) ? end : first) = middle;
        }
        return first;
    }
    /// f(place of the row in the table's array, place in y) for every index of every sample.
    template <class T, class F>
    static void for_each_row(const Frame<T>& frame, F f) {
        const std::size_t width = frame.extra(), count = frame.x_size(1), rows = frame.x_size(0) / width;
        for (std::size_t b = 0; b < frame.rows(); ++b)
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t at = row(frame.x(1)[(frame.x_shared(1) ? 0 : b * count) + i], rows);
                if (at == rows)
                    throw std::out_of_range("lookup: index " + std::to_string(i) + " of sample " + std::to_string(b) + " names no row of a table of " +
                                            std::to_string(rows) + "; count rows from 0");
                f((frame.x_shared(0) ? 0 : b * frame.x_size(0)) + at * width, b * frame.size() + i * width);
            }
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        for_each_row(f, [&](std::size_t from, std::size_t to) { std::copy_n(f.x(0) + from, f.extra(), f.y() + to); });
    }
    /// table̅[index_i] += ȳ_i
    template <class T>
    static void vjp(const Frame<T>& f) {
        contribute_nothing(f, 0);
        contribute_nothing(f, 1);
        T* bar = f.bar(0);
        if (!bar) return;
        const T* y_bar = f.y_bar();
        for_each_row(f, [&](std::size_t from, std::size_t to) {
            if constexpr (kernels::simd::Vectorised<T>) return kernels::accumulate<T>(view(y_bar + to, f.extra()), view(bar + from, f.extra()));
            for (std::size_t j = 0; j < f.extra(); ++j) bar[from + j] += y_bar[to + j];
        });
    }
    template <class T>
    static void jvp(const Frame<T>& f) {
        const T* dot = f.dot(0);
        if (!dot) return zero(f.y_dot(), f.count());
        for_each_row(f, [&](std::size_t from, std::size_t to) { std::copy_n(dot + from, f.extra(), f.y_dot() + to); });
    }
};

}  // namespace costate::autodiff::ops
