// f(x) and f'(x) on one vector register, for every kernels::Function.
#pragma once

#include "kernels/function.hpp"
#include "kernels/simd/math.hpp"

#include <cmath>

namespace costate::kernels::simd {
namespace {

template <class V>
struct ValueSlope {
    V value, slope;
};

// A namespace of its own, because a call on a batch without one would find xsimd's functions of the same names.
namespace functions {

template <class V>
[[gnu::always_inline]] inline V clamp(const V& x, Element<V> limit) {
    return xsimd::min(V(limit), xsimd::max(V(-limit), x));
}

// σ(x) = 1/(1 + e) or e/(1 + e), e = e^(-|x|), σ' = e/(1 + e)²; the last scaling by a power of two is the only inexact step of a
// subnormal result.
template <class V>
[[gnu::always_inline]] inline ValueSlope<V> sigmoid(const V& x) {
    const Exponential<V> e = exponential(-xsimd::abs(x));
    const V d = V(1) / (V(1) + e.value());
    const V right = e.mantissa * d;
    return {xsimd::select(x < V(0), e.scaled(right), d), e.scaled(right * d)};
}

// silu = x σ, silu' = σ (1 + x (1 - σ)) by e^-|x|, which never leaves the range.
template <class V>
[[gnu::noinline]] ValueSlope<V> silu_far(const V& x) {
    const Exponential<V> e = exponential(-xsimd::abs(x));
    const auto left = x < V(0);
    const V d = V(1) / (V(1) + e.value());
    const V finite = clamp(x, Coefficients<Element<V>>::exp_limit);  // ±∞ times 0 would be NaN
    const V value = xsimd::select(left, e.scaled(finite * e.mantissa * d), x * d);
    const V left_slope = e.scaled(e.mantissa * d * add_product(finite, d, V(1)));
    const V right_slope = d * add_product(finite, e.value() * d, V(1));
    return {value, xsimd::select(left, left_slope, right_slope)};
}

// The same with σ = 1/(1 + e^-x), 1 - σ = e^-x σ, one formula for both signs where e^-x is finite. Every element takes its own way,
// whatever lies beside it.
template <class V>
[[gnu::always_inline]] inline ValueSlope<V> silu(const V& x) {
    using C = Coefficients<Element<V>>;
    const V finite = xsimd::min(V(C::exp_limit), x);  // ∞ times 0 would be NaN; keeps a NaN
    const V power = exponential_within(-finite).value();
    const V sigma = V(1) / (V(1) + power);
    const ValueSlope<V> near{x * sigma, sigma * add_product(finite, power * sigma, V(1))};
    const auto far = x < V(C::silu_limit);
    if (!xsimd::any(far)) [[likely]]
        return near;
    const ValueSlope<V> other = silu_far(x);
    return {xsimd::select(far, other.value, near.value), xsimd::select(far, other.slope, near.slope)};
}

// tanh|x| = -g/(2 + g), g = e^(-2|x|) - 1; tanh' = 4e/(1 + e)²
template <class V>
[[gnu::always_inline]] inline ValueSlope<V> tanh(const V& x) {
    const V a = xsimd::abs(x);
    const Exponential<V> e = exponential(-(a + a));
    const V power = e.scaled(V(1));
    const V growth = add_product(power, e.growth, power - V(1));
    const V d = V(1) / (V(2) + growth);
    const V sign = bits<V>(bits<Integers<V>>(x) ^ bits<Integers<V>>(a));
    const V value = bits<V>(bits<Integers<V>>(xsimd::abs(growth * d)) | bits<Integers<V>>(sign));
    return {value, e.scaled(V(4) * e.mantissa * d * d)};
}

// softplus = max(x, 0) + log(1 + e^(-|x|)), softplus' = σ
template <class V>
[[gnu::always_inline]] inline ValueSlope<V> softplus(const V& x) {
    const Exponential<V> e = exponential(-xsimd::abs(x));
    const V small = e.value();
    const V d = V(1) / (V(1) + small);
    return {xsimd::max(V(0), x) + log1p_unit(small), xsimd::select(x < V(0), e.scaled(e.mantissa * d), d)};
}

// gelu = x Φ, gelu' = Φ + x φ; Φ(-a) = e^(-a²/2) G(a), Φ(a) = 1 - Φ(-a); gelu = x (½ + x D(x²)) for |x| ≤ ½
template <class V>
[[gnu::always_inline]] inline ValueSlope<V> gelu(const V& x) {
    using T = Element<V>;
    const auto left = x < V(0);
    const V finite = clamp(x, Coefficients<T>::normal_limit);
    const V a = xsimd::abs(finite);
    const Gaussian<V> g = gaussian(a, V(T(0.5)));
    const V tail = scaled_normal_tail(a);
    const V upper = V(1) - g.scaled(g.mantissa * tail);
    const V density(T(0.39894228040143267794L));  // 1/√(2π)
    const V near = x * add_product(finite, polynomial(finite * finite, Coefficients<T>::normal), V(T(0.5)));
    const V far = xsimd::select(left, g.scaled(finite * (g.mantissa * tail)), x * upper);
    const V value = xsimd::select(a <= V(T(0.5)), near, far);
    const V left_slope = g.scaled(g.mantissa * subtract_product(a, density, tail));
    const V right_slope = upper + g.scaled(a * density * g.mantissa);
    return {value, xsimd::select(left, left_slope, right_slope)};
}

// erf x = x E(x²) for |x| ≤ 1, ±(1 - 2 e^(-x²) G(√2 |x|)) beyond; erf' = 2/√π e^(-x²)
template <class V>
[[gnu::always_inline]] inline ValueSlope<V> erf(const V& x) {
    using T = Element<V>;
    using C = Coefficients<T>;
    const V absolute = xsimd::abs(x);
    const V a = xsimd::min(V(C::gauss_limit), absolute);
    const Gaussian<V> g = gaussian(a, V(1));
    const V small = x * polynomial(x * x, C::erf);
    const V far = V(1) - g.scaled(V(2) * g.mantissa * scaled_normal_tail(a * V(T(1.4142135623730950488L))));
    const V sign = bits<V>(bits<Integers<V>>(x) ^ bits<Integers<V>>(absolute));
    const V signed_far = bits<V>(bits<Integers<V>>(far) | bits<Integers<V>>(sign));
    return {xsimd::select(absolute <= V(1), small, signed_far), g.scaled(V(T(1.1283791670955125739L)) * g.mantissa)};
}

// The C library's sine and cosine where |x| > 10⁶, infinite or NaN.
template <class V>
[[gnu::noinline]] SinCos<V> sincos_any(const V& x, const SinCos<V>& reduced) {
    double argument[width<V>], sine[width<V>], cosine[width<V>];
    write(argument, x);
    write(sine, reduced.sin);
    write(cosine, reduced.cos);
    for (std::size_t i = 0; i < width<V>; ++i) {
        if (argument[i] >= -1e6 && argument[i] <= 1e6) continue;
        sine[i] = ::sin(argument[i]);
        cosine[i] = ::cos(argument[i]);
    }
    return {read<V>(sine), read<V>(cosine)};
}

template <class V>
[[gnu::always_inline]] inline SinCos<V> sincos(const V& x) {
    if constexpr (is_double<V>) {
        const SinCos<V> reduced = sincos_reduced(x);
        const auto in_range = xsimd::abs(x) <= V(1e6);
        if (xsimd::all(in_range)) [[likely]]
            return reduced;
        return sincos_any(x, reduced);
    } else {  // through double: exact reduction, correctly rounded almost always
        using W = xsimd::batch<double, typename V::arch_type>;
        float argument[width<V>], sine[width<V>], cosine[width<V>];
        write(argument, x);
        for (std::size_t part = 0; part < width<V>; part += width<W>) {
            double wide[width<W>], wide_sine[width<W>], wide_cosine[width<W>];
            for (std::size_t i = 0; i < width<W>; ++i) wide[i] = argument[part + i];
            const SinCos<W> result = functions::sincos(read<W>(wide));
            write(wide_sine, result.sin);
            write(wide_cosine, result.cos);
            for (std::size_t i = 0; i < width<W>; ++i) {
                sine[part + i] = static_cast<float>(wide_sine[i]);
                cosine[part + i] = static_cast<float>(wide_cosine[i]);
            }
        }
        return {read<V>(sine), read<V>(cosine)};
    }
}

}  // namespace functions

/// f(x) and f'(x); what the caller does not use is never computed.
template <Function F, class V>
[[gnu::always_inline]] inline ValueSlope<V> evaluate(const V& x) {
    if constexpr (F == Function::identity) {
        return {x, V(1)};
    } else if constexpr (F == Function::exp) {
        const V e = exponential(x).value();
        return {e, e};
    } else if constexpr (F == Function::log) {
        return {logarithm(x), V(1) / x};
    } else if constexpr (F == Function::sqrt) {
        const V root = xsimd::sqrt(x);
        return {root, V(1) / (root + root)};
    } else if constexpr (F == Function::sin || F == Function::cos) {
        const SinCos<V> both = functions::sincos(x);
        if constexpr (F == Function::sin) return {both.sin, both.cos};
        else return {both.cos, -both.sin};
    } else if constexpr (F == Function::relu) {
        return {xsimd::select(x < V(0), V(0), x), xsimd::select(x > V(0), V(1), V(0))};
    } else if constexpr (F == Function::tanh) {
        return functions::tanh(x);
    } else if constexpr (F == Function::sigmoid) {
        return functions::sigmoid(x);
    } else if constexpr (F == Function::silu) {
        return functions::silu(x);
    } else if constexpr (F == Function::gelu) {
        return functions::gelu(x);
    } else if constexpr (F == Function::softplus) {
        return functions::softplus(x);
    } else {
        return functions::erf(x);
    }
}

}  // namespace
}  // namespace costate::kernels::simd
