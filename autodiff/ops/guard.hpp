#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/trace.hpp"

namespace costate::autodiff::ops {

using Relation = kernels::Comparison;

template <class T>
bool holds(Relation relation, const T& a, const T& b) {
    if constexpr (OrderedScalar<T>) {
        if (relation == Relation::less) return a < b;
        if (relation == Relation::less_equal) return a <= b;
    }
    return a == b;
}

constexpr std::uint64_t encode(Relation relation, bool expected) {
    return static_cast<std::uint64_t>(relation) * 2 + (expected ? 1 : 0);
}

/// No value: checks that a ∘ b is in every sample what it was when recorded. extra numbers the comparisons.
struct Guard : Op {
    static constexpr std::string_view name = "guard";
    static constexpr bool smooth = false;
    static double flops(const Node&, const Topology&, const Called&) { return 1; }

    /// Throws BranchChanged.
    template <class T>
    static void forward(const Frame<T>& f) {
        const auto relation = static_cast<Relation>(f.number() / 2);
        const bool expected = f.number() % 2 != 0;
        const T* a = f.x(0);
        const T* b = f.x(1);
        if constexpr (requires { expect(relation, expected, *a, *b); }) return expect(relation, expected, *a, *b);  // Symbols
        else check(f, relation, expected, a, b);
    }
    template <class T>
    static void check(const Frame<T>& f, Relation relation, bool expected, const T* a, const T* b) {
        for (std::size_t r = 0; r < f.rows(); ++r) {
            if (holds(relation, a[f.x_shared(0) ? 0 : r], b[f.x_shared(1) ? 0 : r]) != expected)
                throw BranchChanged(f.extra(), r);
        }
    }
    template <class T>
    static void vjp(const Frame<T>&) {}
    template <class T>
    static void jvp(const Frame<T>&) {}
};

}  // namespace costate::autodiff::ops
