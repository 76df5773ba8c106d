// Rounding and its kin: piecewise constant functions, and the absolute value.
#pragma once

#include "autodiff/ops/compare.hpp"
#include "autodiff/ops/saved_slope.hpp"

#include <cmath>
#include <concepts>

namespace costate::autodiff::ops {

/// The largest integer that is not above x. A scalar without a floor of its own is asked by comparisons, power of two by power of two.
template <class T>
T floor_of(const T& x) {
    using std::floor;
    if constexpr (!ScalarTraits<T>::exact && requires { T(floor(x)); }) {
        return T(floor(x));
    } else {
        if (!(x - x == T(0))) return x;  // not finite
        T power(1), whole(0);
        const T size = x < T(0) ? T(-x) : x;
        while (!(size < power)) power = power + power;
        for (; !(power < T(1)); power = power / T(2))
            if (!(size < whole + power)) whole = whole + power;
        if (!(x < T(0))) return whole;
        return whole < size ? T(-whole - T(1)) : T(-whole);
    }
}
/// The nearest integer, the even one of two.
template <class T>
T round_of(const T& x) {
    const T below = floor_of(x), rest = x - below, half = T(1) / T(2);
    if (rest < half) return below;
    if (half < rest) return below + T(1);
    const T pairs = below * half;
    return floor_of(pairs) < pairs ? T(below + T(1)) : below;
}

/// y_i = step(x_i), piecewise constant: the derivative is 0, at the jumps too
template <class Step>
struct Steps : Constant {
    template <class T>
    static void forward(const Frame<T>& f) {
        const T* x = f.x(0);
        T* y = f.y();
        if constexpr (kernels::simd::Vectorised<T>) return kernels::pointwise<T>(Step::pointwise, f.count(), {{x}}, y);
        for (std::size_t i = 0; i < f.count(); ++i) y[i] = Step::value(x[i]);
    }
};

/// y = ⌊x⌋
struct Floor : Steps<Floor> {
    static constexpr std::string_view name = "floor";
    static constexpr auto pointwise = kernels::simd::Pointwise::floor;
    template <class T>
    static T value(const T& x) {
        return floor_of(x);
    }
};

/// y = ⌈x⌉
struct Ceil : Steps<Ceil> {
    static constexpr std::string_view name = "ceil";
    static constexpr auto pointwise = kernels::simd::Pointwise::ceil;
    template <class T>
    static T value(const T& x) {
        return T(-floor_of(T(-x)));
    }
};

/// y = the integer nearest to x, of two the even one
struct Round : Steps<Round> {
    static constexpr std::string_view name = "round";
    static constexpr auto pointwise = kernels::simd::Pointwise::round;
    template <class T>
    static T value(const T& x) {
        return round_of(x);
    }
};

/// y = -1, 0 or 1
struct Sign : Steps<Sign> {
    static constexpr std::string_view name = "sign";
    static constexpr auto pointwise = kernels::simd::Pointwise::sign;
    template <class T>
    static T value(const T& x) {
        const T above = T(0) < x ? T(1) : T(x - x);  // 0, or NaN
        return x < T(0) ? T(-1) : above;
    }
};

/// y = |x|, derivative 0 at 0; keeps the sign
struct Abs : SavedSlope {
    static constexpr std::string_view name = "abs";
    static constexpr bool smooth = false, traces = false;
    template <class T>
    static constexpr bool supported = OrderedScalar<T>;
    template <class T>
    static constexpr void require() {
        require_ordered<T>();
    }
    template <class T>
    static T value(const T& x) {
        if constexpr (std::floating_point<T>) return std::abs(x);
        else return x < T(0) ? T(-x) : x;
    }
    template <class T>
    static void forward(const Frame<T>& f) {
        const T* x = f.x(0);
        T* y = f.y();
        const std::size_t n = f.count();
        if constexpr (kernels::simd::Vectorised<T>) {
            if (f.saved()) kernels::pointwise<T>(Sign::pointwise, n, {{x}}, f.saved());
            return kernels::pointwise<T>(kernels::simd::Pointwise::abs, n, {{x}}, y);
        }
        if (T* slope = f.saved())
            for (std::size_t i = 0; i < n; ++i) slope[i] = Sign::value(x[i]);
        for (std::size_t i = 0; i < n; ++i) y[i] = value(x[i]);
    }
};

}  // namespace costate::autodiff::ops
