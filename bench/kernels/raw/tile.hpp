// The inner loop of a matrix product alone: a tile of sums that fills the registers, its operands in L1.
#pragma once

#include <cstddef>

namespace costate::bench {

inline constexpr std::size_t raw_steps = 128;

/// Σ_s a_sr b_sv into y for one tile; raw_steps rows of a and b lie side by side. Returns the floating-point operations done.
template <class T>
using RawTile = double (*)(const T* a, const T* b, T* y);

double raw_avx512(const float* a, const float* b, float* y);
double raw_avx512(const double* a, const double* b, double* y);
double raw_avx2(const float* a, const float* b, float* y);
double raw_avx2(const double* a, const double* b, double* y);
double raw_baseline(const float* a, const float* b, float* y);
double raw_baseline(const double* a, const double* b, double* y);

namespace {

template <class T, std::size_t Bytes, int Rows>
[[gnu::always_inline]] inline double raw_tile(const T* a, const T* b, T* y) {
    typedef T Vector __attribute__((vector_size(Bytes)));
    constexpr std::size_t width = Bytes / sizeof(T);
    Vector sum[Rows][2] = {};
    for (std::size_t s = 0; s < raw_steps; ++s, a += Rows, b += 2 * width) {
        const Vector b0 = *reinterpret_cast<const Vector*>(b), b1 = *reinterpret_cast<const Vector*>(b + width);
#pragma GCC unroll 16
        for (int r = 0; r < Rows; ++r) {
            sum[r][0] += a[r] * b0;
            sum[r][1] += a[r] * b1;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r, y += 2 * width) {
        *reinterpret_cast<Vector*>(y) = sum[r][0];
        *reinterpret_cast<Vector*>(y + width) = sum[r][1];
    }
    return 4.0 * raw_steps * Rows * width;
}

}  // namespace
}  // namespace costate::bench
