// Distance of a float or double from a 50-digit truth, in units of the last place, and the points where it is measured.
#pragma once

#include "kernels/function.hpp"
#include "kernels/reference/elementwise.hpp"
#include "scalar/multiprecision.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace costate::test {

/// Spacing of T at |truth|, at least the smallest subnormal.
template <class T>
Mpfr50 spacing(const Mpfr50& truth) {
    using Limits = std::numeric_limits<T>;
    int exponent = 0;
    frexp(truth, &exponent);
    return ldexp(Mpfr50(1), std::max(exponent, Limits::min_exponent) - Limits::digits);
}

/// |value - truth| in units of the last place of the truth. A truth that rounds to ±∞ or is NaN asks for that very value.
template <class T>
double ulps(T value, const Mpfr50& truth) {
    constexpr double wrong = 1e30;
    if (isnan(truth)) return std::isnan(value) ? 0 : wrong;
    const T nearest = static_cast<T>(truth);
    if (std::isnan(value)) return wrong;
    if (std::isinf(nearest)) return value == nearest ? 0 : wrong;
    if (std::isinf(value)) return wrong;
    return static_cast<double>(abs(Mpfr50(value) - truth) / spacing<T>(truth));
}

/// ±2^u for u uniform over the exponents that matter, uniform points, and the neighbourhoods of the points where methods change.
template <class T>
std::vector<T> points(std::size_t each, unsigned seed) {
    using Limits = std::numeric_limits<T>;
    std::mt19937_64 random(seed);
    std::vector<T> x;
    const auto uniform = [&](double lo, double hi) { return std::uniform_real_distribution<double>(lo, hi)(random); };
    const auto both = [&](double v) {
        x.push_back(static_cast<T>(v));
        x.push_back(static_cast<T>(-v));
    };
    for (std::size_t i = 0; i < each; ++i) {
        both(std::exp2(uniform(Limits::min_exponent - Limits::digits, Limits::max_exponent)));  // all magnitudes
        both(std::exp2(uniform(-30, 10)));
        both(uniform(0, 2));
        both(uniform(0, 40));
        both(uniform(0, 800));
        both(uniform(0, 1e5));
        both(std::round(uniform(0, 6e4)) * (M_PI / 2) * (1 + uniform(-4, 4) * double(Limits::epsilon())));
    }
    for (const double near : {0.5, 1.0, std::sqrt(0.5), std::sqrt(2.0), 0.346573590, 0.693147180, 0.881373587, 1.27846454276,
                              0.751791524, 5.9, 6.0, 26.6, 27.2, 38.4, 87.3, 88.72, 103.9, 708.39, 709.78, 745.13, 1e5})
        for (int k = -40; k <= 40; ++k) both(near * (1 + k * double(Limits::epsilon())));
    for (int n = 1; n < 60; ++n) both(n * std::log(2.0) / 2);
    for (const T v : {T(0), Limits::min(), Limits::denorm_min(), Limits::max(), Limits::epsilon()}) {
        x.push_back(v);
        x.push_back(-v);
    }
    return x;
}

}  // namespace costate::test
