// Broadcasting: a shared operand meets every sample, a single value meets every element.
#pragma once

#include "autodiff/ops/op.hpp"
#include "kernels/pointwise.hpp"

namespace costate::autodiff::ops {

/// The elements of the result as outer rows of inner elements, and the strides of an operand in it (0: the same value again).
struct Stride {
    std::size_t outer, inner;
};
struct Grid {
    std::size_t outer, inner;
    bool rows_are_samples;  // else everything lies in one row

    template <class T>
    explicit Grid(const Frame<T>& f) {
        bool flat = true;
        for (std::size_t i = 0; i < f.arity(); ++i) flat = flat && f.flat(i);
        rows_are_samples = !flat && f.size() != 1;
        outer = rows_are_samples ? f.rows() : 1;
        inner = rows_are_samples ? f.size() : f.count();
    }

    template <class T>
    [[nodiscard]] Stride stride(const Frame<T>& f, std::size_t i) const {
        if (f.flat(i)) return {rows_are_samples ? f.size() : 0, 1};
        if (!rows_are_samples) return {0, f.x_shared(i) ? std::size_t{0} : std::size_t{1}};
        return {f.x_shared(i) ? 0 : f.x_size(i), f.x_size(i) == 1 ? std::size_t{0} : std::size_t{1}};
    }
};

/// Values of operand i at (o, j), or of an array that lies like the result.
template <class T>
struct Reader {
    const T* data;
    Stride stride;
    Reader(const Frame<T>& f, const Grid& grid, std::size_t i) : data(f.x(i)), stride(grid.stride(f, i)) {}
    Reader(const T* values, Stride s) : data(values), stride(s) {}
    const T& operator()(std::size_t o, std::size_t j) const { return data[o * stride.outer + j * stride.inner]; }
    [[nodiscard]] kernels::simd::Operand<T> row(std::size_t o) const { return {data + o * stride.outer, stride.inner == 0}; }
};

/// row(o, y, add): y (+)= a function of row o of the readers in vectors; false where there are none, and nothing is done.
struct NoVectors {
    template <class T>
    bool operator()(std::size_t, T*, bool) const {
        return false;
    }
};
template <class T, class... R>
auto in_vectors(kernels::simd::Pointwise function, const Grid& grid, const Reader<T>& first, const R&... others) {
    if constexpr (kernels::simd::Vectorised<T>) {
        return [=, n = grid.inner](std::size_t o, T* y, bool add) {
            if (n < 16) return false;
            kernels::pointwise<T>(function, n, {first.row(o), others.row(o)...}, y, add);
            return true;
        };
    } else {
        return NoVectors{};
    }
}

/// bar of operand i (+)= term(o, j) over the grid, o then j ascending; where one value meets many elements their terms
/// are summed.
template <class T, class Term, class Row = NoVectors>
void contribute(const Frame<T>& f, const Grid& grid, std::size_t i, Term term, Row row = {}) {
    T* bar = f.bar(i);
    if (!bar) return;
    const Stride s = grid.stride(f, i);
    const bool met_once = s.inner != 0 && (s.outer != 0 || !grid.rows_are_samples);
    if (f.assign(i) && !met_once) zero(bar, f.x_count(i));
    for (std::size_t o = 0; o < grid.outer; ++o, bar += s.outer) {
        if (s.inner == 0) {
            T total = *bar;
            for (std::size_t j = 0; j < grid.inner; ++j) total = total + term(o, j);
            *bar = total;
        } else if (row(o, bar, !(f.assign(i) && met_once))) {
            continue;
        } else if (f.assign(i) && met_once) {
            for (std::size_t j = 0; j < grid.inner; ++j) bar[j] = term(o, j);
        } else {
            for (std::size_t j = 0; j < grid.inner; ++j) bar[j] = bar[j] + term(o, j);
        }
    }
}

/// ẏ (+)= term(o, j, ẋ) for operand i where it has a tangent; `assigned` says whether ẏ holds something already.
template <class T, class Term, class Row = NoVectors>
void add_tangent(const Frame<T>& f, const Grid& grid, std::size_t i, bool& assigned, Term term, Row row = {}) {
    const T* dot = f.dot(i);
    if (!dot) return;
    const Stride s = grid.stride(f, i);
    T* y_dot = f.y_dot();
    for (std::size_t o = 0; o < grid.outer; ++o, dot += s.outer, y_dot += grid.inner) {
        if (row(o, y_dot, assigned)) continue;
        if (assigned) {
            for (std::size_t j = 0; j < grid.inner; ++j) y_dot[j] = y_dot[j] + term(o, j, dot[j * s.inner]);
        } else {
            for (std::size_t j = 0; j < grid.inner; ++j) y_dot[j] = term(o, j, dot[j * s.inner]);
        }
    }
    assigned = true;
}

template <class T>
void finish_tangent(const Frame<T>& f, bool assigned) {
    if (!assigned) zero(f.y_dot(), f.count());
}

/// y = Op::value(a, b) with broadcasting; long rows go to Op::pointwise in vectors, else long flat arrays to Op::kernel.
template <class Op, class T>
void binary_forward(const Frame<T>& f) {
    const Grid grid(f);
    const Stride sa = grid.stride(f, 0), sb = grid.stride(f, 1);
    const T* a = f.x(0);
    const T* b = f.x(1);
    T* y = f.y();
    for (std::size_t o = 0; o < grid.outer; ++o, a += sa.outer, b += sb.outer, y += grid.inner) {
        if constexpr (requires { Op::pointwise; })
            if (in_vectors(Op::pointwise, grid, Reader<T>(a, {0, sa.inner}), Reader<T>(b, {0, sb.inner}))(0, y, false)) continue;
        if (sa.inner && sb.inner && grid.inner >= 16) {
            Op::kernel(view(a, grid.inner), view(b, grid.inner), view(y, grid.inner));
        } else {
            for (std::size_t j = 0; j < grid.inner; ++j) y[j] = Op::value(a[j * sa.inner], b[j * sb.inner]);
        }
    }
}

}  // namespace costate::autodiff::ops
