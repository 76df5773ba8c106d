// Softmax and its logarithm over an axis of length `length`: arrays are outer × length × inner, inner side by side.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/linear.hpp"
#include "kernels/reduce.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

namespace costate::kernels {

struct SoftmaxShape {
    std::uint32_t outer = 1, length = 1, inner = 1;
    std::uint32_t logarithm = 0;  ///< log softmax instead
    [[nodiscard]] std::size_t block() const { return std::size_t{length} * inner; }
    [[nodiscard]] std::size_t size() const { return outer * block(); }
    /// Values that the functions below need as scratch.
    [[nodiscard]] std::size_t scratch() const { return block() + 2 * std::size_t{inner}; }
};

namespace detail {

/// to_j = max over l of x_lj; what is not a number is passed over.
template <OrderedScalar T>
void largest(std::size_t length, std::size_t inner, const T* x, T* to) {
    std::copy_n(x, inner, to);
    if (inner == 1) {
        constexpr std::size_t lanes = 16;
        T lane[lanes];
        std::fill_n(lane, lanes, x[0]);
        std::size_t l = 0;
        for (; l + lanes <= length; l += lanes)
            for (std::size_t j = 0; j < lanes; ++j) lane[j] = lane[j] < x[l + j] ? x[l + j] : lane[j];
        for (; l < length; ++l) lane[0] = lane[0] < x[l] ? x[l] : lane[0];
        for (const T& of_lane : lane) *to = *to < of_lane ? of_lane : *to;
        return;
    }
    for (std::size_t l = 1; l < length; ++l)
        for (std::size_t j = 0; j < inner; ++j) to[j] = to[j] < x[l * inner + j] ? x[l * inner + j] : to[j];
}

/// sums_j = Σ_l x_lj
template <Scalar T>
void sums_along(std::size_t length, std::span<const T> x, std::span<T> sums) {
    if (sums.size() == 1) {
        sums[0] = sum<T>(x);
        return;
    }
    std::fill(sums.begin(), sums.end(), T(0));
    column_sums_accumulate<T>(length, x, sums);
}

/// y_l = operation(x_l, row) for every l; a row of one value goes to `one`.
template <Scalar T, class One, class Rows>
void along(std::span<const T> x, std::span<const T> row, std::span<T> y, One one, Rows rows) {
    if (row.size() == 1) return one(x, row[0], y);
    for (std::size_t at = 0; at < x.size(); at += row.size()) rows(x.subspan(at, row.size()), row, y.subspan(at, row.size()));
}
template <Scalar T>
void subtract_along(std::span<const T> x, std::span<const T> row, std::span<T> y) {
    along<T>(x, row, y, [](auto of_x, const T& value, auto of_y) { affine<T>(T(1), of_x, T(-value), of_y); }, [](auto a, auto b, auto c) { sub<T>(a, b, c); });
}

}  // namespace detail

/// y_l = exp(x_l - m)/Σ exp(x_k - m), or x_l - m - log Σ exp(x_k - m), m the largest: no overflow whatever x.
template <TranscendentalScalar T>
void softmax(const SoftmaxShape& s, std::size_t batch, const T* x, T* y, T* scratch) {
    const std::span<T> row(scratch, s.inner), e(scratch + 2 * s.inner, s.block());
    for (std::size_t i = 0; i < batch * s.outer; ++i, x += s.block(), y += s.block()) {
        const std::span<T> to(y, s.block()), exponentials = s.logarithm != 0 ? e : to;
        detail::largest<T>(s.length, s.inner, x, row.data());
        detail::subtract_along<T>({x, s.block()}, row, to);
        apply<T>(Function::exp, to, exponentials);
        detail::sums_along<T>(s.length, exponentials, row);
        if (s.logarithm != 0) {
            apply<T>(Function::log, row, row);
            detail::subtract_along<T>(to, row, to);
        } else {
            const auto divide_by_one = [](auto a, const T& value, auto c) { scale<T>(T(T(1) / value), a, c); };
            detail::along<T>(to, row, to, divide_by_one, [](auto a, auto b, auto c) { div<T>(a, b, c); });
        }
    }
}

/// to (+)= Jᵀ d = y ⊙ (d - Σ_k d_k y_k), or d - exp(y) Σ_k d_k. With `forward` the product is J d, which for the softmax is the same.
template <TranscendentalScalar T>
void softmax_product(const SoftmaxShape& s, std::size_t batch, const T* y, const T* d, T* to, bool accumulate_there, bool forward, T* scratch) {
    const std::size_t n = s.block();
    const std::span<T> row(scratch, s.inner), h(scratch + 2 * s.inner, n);
    for (std::size_t i = 0; i < batch * s.outer; ++i, y += n, d += n, to += n) {
        const std::span<const T> of_y(y, n), of_d(d, n);
        const std::span<T> target(to, n);
        if (s.logarithm == 0) {
            mul<T>(of_y, of_d, h);
            detail::sums_along<T>(s.length, h, row);
            detail::subtract_along<T>(of_d, row, h);
            if (accumulate_there) mul_accumulate<T>(of_y, h, target);
            else mul<T>(of_y, h, target);
            continue;
        }
        apply<T>(Function::exp, of_y, h);
        if (forward) {  // d - Σ_k exp(y_k) d_k
            mul<T>(h, of_d, h);
            detail::sums_along<T>(s.length, h, row);
            detail::subtract_along<T>(of_d, row, h);
        } else {
            detail::sums_along<T>(s.length, of_d, row);
            const auto times_one = [](auto a, const T& value, auto c) { scale<T>(value, a, c); };
            detail::along<T>(h, row, h, times_one, [](auto a, auto b, auto c) { mul<T>(a, b, c); });
            sub<T>(of_d, h, h);
        }
        if (accumulate_there) accumulate<T>(h, target);
        else std::copy(h.begin(), h.end(), target.begin());
    }
}

}  // namespace costate::kernels
