// What compares, chooses and rounds, in vectors. The meaning is in simd::Pointwise.
#pragma once

#include "kernels/simd/vector.hpp"

#include "kernels/simd/table.hpp"

#include <array>
#include <utility>

namespace costate::kernels::simd {
namespace {

// The functions of few operands take those that they have.
template <class V, Pointwise F>
[[gnu::always_inline]] inline V pointwise_value(const V& a, const V& b, const V& c, const V& d) {
    const V zero(Element<V>(0)), one(Element<V>(1));  // a batch's != is false for NaN
    if constexpr (F == Pointwise::maximum) return xsimd::select(b == b, xsimd::select(a < b, b, a), b);
    else if constexpr (F == Pointwise::minimum) return xsimd::select(b == b, xsimd::select(b < a, b, a), b);
    else if constexpr (F == Pointwise::less) return xsimd::select(a < b, one, zero);
    else if constexpr (F == Pointwise::less_equal) return xsimd::select(a <= b, one, zero);
    else if constexpr (F == Pointwise::equal) return xsimd::select(a == b, one, zero);
    else if constexpr (F == Pointwise::raise) return xsimd::select(a < b, b, a);
    else if constexpr (F == Pointwise::lower) return xsimd::select(b < a, b, a);
    else if constexpr (F == Pointwise::where) return xsimd::select(a == zero, c, b);
    else if constexpr (F == Pointwise::larger_share) return xsimd::select(b < a, c, xsimd::select(a < b, zero, c * V(Element<V>(0.5))));
    else if constexpr (F == Pointwise::smaller_share) return xsimd::select(a < b, c, xsimd::select(b < a, zero, c * V(Element<V>(0.5))));
    else if constexpr (F == Pointwise::inside) return xsimd::select(a <= c, zero, xsimd::select(d <= a, zero, b));
    else if constexpr (F == Pointwise::floor) return xsimd::floor(a);
    else if constexpr (F == Pointwise::ceil) return xsimd::ceil(a);
    else if constexpr (F == Pointwise::round) return xsimd::nearbyint(a);
    else if constexpr (F == Pointwise::sign) return xsimd::select(a < zero, -one, xsimd::select(zero < a, one, a - a));
    else return xsimd::abs(a);
}

// Whole vectors, then a part of one; an operand of one number is a vector that is read again and again.
template <class V, std::size_t... K, class F>
[[gnu::always_inline]] inline void pointwise_loop(const PointwiseCall<Element<V>>& call, std::index_sequence<K...>, const F& value) {
    using T = Element<V>;
    constexpr std::size_t w = width<V>;
    alignas(64) T same[sizeof...(K)][w];
    const T* x[] = {call.x[K].data...};
    std::size_t step[] = {(call.x[K].one ? 0 : w + 0 * K)...};
    for (std::size_t k = 0; k < sizeof...(K); ++k) {
        if (step[k] != 0) continue;
        for (T& each : same[k]) each = *x[k];
        x[k] = same[k];
    }
    T* y = call.y;
    const std::size_t whole = call.n / w * w, rest = call.n - whole;
    for (T* const end = y + whole; y != end; y += w) {
        const V result = value(read<V>(x[K])...);
        write(y, call.add ? read<V>(y) + result : result);
        ((x[K] += step[K]), ...);
    }
    if (rest == 0) return;
    const V result = value((step[K] == 0 ? read<V>(x[K]) : read_partial<V>(x[K], rest))...);
    write_partial(y, call.add ? read_partial<V>(y, rest) + result : result, rest);
}

template <class V, Pointwise F>
void pointwise_one(const PointwiseCall<Element<V>>& call) {
    constexpr std::size_t arity = operands_of(F);
    pointwise_loop<V>(call, std::make_index_sequence<arity>{}, [](const auto&... x) __attribute__((always_inline)) {
        const std::array<V, 4> v{x...};
        return pointwise_value<V, F>(v[0], v[1], v[2], v[3]);
    });
}

// c xⁿ by repeated squaring, c/x^(-n) for negative n: the factors in the order of ops::integer_power.
template <class V>
void pointwise_power(const PointwiseCall<Element<V>>& call) {
    const long long n = call.exponent, size = n < 0 ? -n : n;
    pointwise_loop<V>(call, std::make_index_sequence<2>{}, [&](const V& x, const V& c) __attribute__((always_inline)) {
        V result(Element<V>(1)), square = x;
        for (long long m = size; m > 0; m /= 2) {
            if (m % 2 != 0) result = result * square;
            if (m > 1) square = square * square;
        }
        return n < 0 ? c * (V(Element<V>(1)) / result) : c * result;
    });
}

template <class V, std::size_t... I>
void pointwise_of(const PointwiseCall<Element<V>>& call, std::index_sequence<I...>) {
    ((call.function == static_cast<Pointwise>(I) ? pointwise_one<V, static_cast<Pointwise>(I)>(call) : void()), ...);
}

template <class V>
void pointwise(const PointwiseCall<Element<V>>& call) {
    if (call.function == Pointwise::power) pointwise_power<V>(call);
    else pointwise_of<V>(call, std::make_index_sequence<static_cast<std::size_t>(Pointwise::power)>{});
}

}  // namespace
}  // namespace costate::kernels::simd
