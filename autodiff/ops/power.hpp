#pragma once

#include "autodiff/ops/saved_slope.hpp"
#include "kernels/pointwise.hpp"

#include <bit>

namespace costate::autodiff::ops {

/// An exponent as an instruction carries it.
constexpr std::uint64_t encode_exponent(int n) { return static_cast<std::uint32_t>(n); }
constexpr int decode_exponent(std::uint64_t number) { return static_cast<int>(static_cast<std::uint32_t>(number)); }

/// xⁿ by repeated squaring; 1/x^(-n) for negative n; x⁰ = 1.
template <class T>
T integer_power(const T& x, int n) {
    T result(1), square = x;
    for (auto m = n < 0 ? -static_cast<long long>(n) : static_cast<long long>(n); m > 0; m /= 2) {
        if (m % 2 != 0) result = result * square;
        if (m > 1) square = square * square;
    }
    return n < 0 ? T(1) / result : result;
}

/// y = xⁿ, n an integer
struct Power : SavedSlope {
    static constexpr std::string_view name = "pow";
    static double flops(const Node& node, const Topology&, const Called&) {
        const auto n = static_cast<unsigned>(std::abs(decode_exponent(node.number)));
        return static_cast<double>(node.size) * (std::bit_width(n) + std::popcount(n));
    }

    template <class T>
    static void forward(const Frame<T>& f) {
        const int n = decode_exponent(f.number());
        const T* x = f.x(0);
        T* y = f.y();
        T* slope = f.saved();
        if constexpr (kernels::simd::Vectorised<T>)
            if (f.count() >= 16) return in_vectors(f.count(), n, x, y, slope);
        for (std::size_t i = 0; i < f.count(); ++i) {
            if (slope) slope[i] = n == 0 ? T(0) : T(n) * integer_power(x[i], n - 1);
            y[i] = integer_power(x[i], n);
        }
    }

private:
    template <class T>
    static void in_vectors(std::size_t count, int n, const T* x, T* y, T* slope) {
        const auto power = [&](const T& factor, int exponent, T* to) {
            kernels::pointwise<T>(kernels::simd::Pointwise::power, count, {{x}, {&factor, true}}, to, false, exponent);
        };
        if (slope && n == 0) zero(slope, count);
        else if (slope) power(T(n), n - 1, slope);
        power(T(1), n, y);
    }
};

}  // namespace costate::autodiff::ops
