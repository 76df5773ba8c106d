// Elementwise loops, reductions and the Runge–Kutta combination for one batch type. The meaning is in kernels/reference/.
#pragma once

#include "kernels/simd/functions.hpp"

#include <utility>

namespace costate::kernels::simd {
namespace {

template <class V, Function F>
void apply_one(std::size_t n, const Element<V>* x, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, evaluate<F>(in(x)).value); });
}

template <class V, Function F>
void apply_one_with_slope(std::size_t n, const Element<V>* x, Element<V>* y, Element<V>* slope) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) {
        const ValueSlope<V> result = evaluate<F>(in(x));
        out(y, result.value);
        out(slope, result.slope);
    });
}

template <class V>
using Apply = void (*)(std::size_t, const Element<V>*, Element<V>*);
template <class V>
using ApplyWithSlope = void (*)(std::size_t, const Element<V>*, Element<V>*, Element<V>*);

template <class V>
constexpr auto apply_table = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<Apply<V>, sizeof...(I)>{&apply_one<V, static_cast<Function>(I)>...};
}(std::make_index_sequence<function_count>{});
template <class V>
constexpr auto apply_with_slope_table = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<ApplyWithSlope<V>, sizeof...(I)>{&apply_one_with_slope<V, static_cast<Function>(I)>...};
}(std::make_index_sequence<function_count>{});

template <class V>
void apply(Function f, std::size_t n, const Element<V>* x, Element<V>* y) {
    apply_table<V>[static_cast<std::size_t>(f)](n, x, y);
}
template <class V>
void apply_with_slope(Function f, std::size_t n, const Element<V>* x, Element<V>* y, Element<V>* slope) {
    apply_with_slope_table<V>[static_cast<std::size_t>(f)](n, x, y, slope);
}

// y = operation(a, b, y)
template <class V, class Operation>
void binary(std::size_t n, const Element<V>* a, const Element<V>* b, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, Operation{}(in(a), in(b))); });
}
template <class V, class Operation>
void binary_update(std::size_t n, const Element<V>* a, const Element<V>* b, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, Operation{}(in(y), in(a), in(b))); });
}

struct Add {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& a, const V& b) const {
        return a + b;
    }
};
struct Sub {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& a, const V& b) const {
        return a - b;
    }
};
struct Mul {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& a, const V& b) const {
        return a * b;
    }
};
struct Div {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& a, const V& b) const {
        return a / b;
    }
};
struct MulAccumulate {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& y, const V& a, const V& b) const {
        return y + a * b;
    }
};
struct MulSubtract {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& y, const V& a, const V& b) const {
        return y - a * b;
    }
};
struct DivAccumulate {
    template <class V>
    [[gnu::always_inline]] V operator()(const V& y, const V& a, const V& b) const {
        return y + a / b;
    }
};

template <class V>
void negate(std::size_t n, const Element<V>* x, Element<V>* y) {
    const V sign(Element<V>(-0.0));
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, in(x) ^ sign); });
}
template <class V>
void scale(std::size_t n, Element<V> c, const Element<V>* x, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, V(c) * in(x)); });
}
template <class V>
void axpy(std::size_t n, Element<V> c, const Element<V>* x, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, in(y) + V(c) * in(x)); });
}
template <class V>
void accumulate(std::size_t n, const Element<V>* x, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, in(y) + in(x)); });
}
template <class V>
void add_row(std::size_t batch, std::size_t cols, const Element<V>* x, const Element<V>* row, Element<V>* y) {
    for (std::size_t b = 0; b < batch; ++b) binary<V, Add>(cols, x + b * cols, row, y + b * cols);
}

// Each product and each sum rounded by itself.
template <class V>
void affine(std::size_t n, Element<V> a, const Element<V>* x, Element<V> b, Element<V>* y) {
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, V(a) * in(x) + V(b)); });
}
template <class V>
void affine_pair(std::size_t n, Element<V> a, const Element<V>* u, Element<V> b, const Element<V>* v, Element<V> c, Element<V>* y,
                 bool accumulate) {
    const auto term = [&](auto in) __attribute__((always_inline)) { return (V(a) * in(u) + V(b) * in(v)) + V(c); };
    if (accumulate)
        for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, in(y) + term(in)); });
    else
        for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, term(in)); });
}

// Columns in groups of one vector, so that each sum runs down the batch in a register.
template <class V>
void column_sums_accumulate(std::size_t batch, std::size_t cols, const Element<V>* z_bar, Element<V>* bias_bar) {
    for_each_vector<V>(cols, [&](auto in, auto out) __attribute__((always_inline)) {
        V s = in(bias_bar);
        for (std::size_t b = 0; b < batch; ++b) s = s + in(z_bar + b * cols);
        out(bias_bar, s);
    });
}

inline constexpr std::size_t lanes = 32;  // of a reduction, on every instruction set; reference::reduction_lanes

// Σ term(i): `vector(i)` is the term of `width` elements from i, `scalar(i)` of one.
template <class V, class VectorTerm, class ScalarTerm>
[[gnu::always_inline]] inline Element<V> reduce(std::size_t n, const VectorTerm& vector, const ScalarTerm& scalar) {
    constexpr std::size_t w = width<V>, count = lanes / w;
    V partial[count];
    for (std::size_t j = 0; j < count; ++j) partial[j] = V(0);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
#pragma GCC unroll 16
        for (std::size_t j = 0; j < count; ++j) partial[j] = partial[j] + vector(i + j * w);
    }
    Element<V> lane[lanes];
    for (std::size_t j = 0; j < count; ++j) write(lane + j * w, partial[j]);
    for (std::size_t j = 0; i + j < n; ++j) lane[j] = lane[j] + scalar(i + j);
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t j = 0; j < half; ++j) lane[j] = lane[j] + lane[j + half];
    return lane[0];
}

template <class V>
Element<V> sum(std::size_t n, const Element<V>* x) {
    return reduce<V>(
        n, [x](std::size_t i) __attribute__((always_inline)) { return read<V>(x + i); },
        [x](std::size_t i) __attribute__((always_inline)) { return x[i]; });
}
template <class V>
Element<V> dot(std::size_t n, const Element<V>* a, const Element<V>* b) {
    return reduce<V>(
        n, [a, b](std::size_t i) __attribute__((always_inline)) { return read<V>(a + i) * read<V>(b + i); },
        [a, b](std::size_t i) __attribute__((always_inline)) { return a[i] * b[i]; });
}

template <class V>
void rk_combine(std::size_t n, const Element<V>* x, Element<V> h, std::size_t terms, const Element<V>* c,
                const Element<V>* const* k, Element<V>* y) {
    if (terms == 0) {
        for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) { out(y, in(x)); });
        return;
    }
    for_each_vector<V>(n, [&](auto in, auto out) __attribute__((always_inline)) {
        V increment = V(c[0]) * in(k[0]);
        for (std::size_t j = 1; j < terms; ++j) increment = increment + V(c[j]) * in(k[j]);
        out(y, in(x) + V(h) * increment);
    });
}

}  // namespace
}  // namespace costate::kernels::simd
