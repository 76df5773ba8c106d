// What operators with known singular values share.
#pragma once

#include <cstddef>
#include <span>

namespace costate::guidance {

/// A singular value of H at or below this part of the largest one counts as 0: noise of that direction is not amplified more than a
/// million times, and rounding in float not taken for signal.
inline constexpr double relative_tolerance = 1e-6;

/// Whether the singular value √sigma2 counts as 0 beside √largest2.
constexpr bool counts_as_zero(double sigma2, double largest2) {
    return sigma2 <= relative_tolerance * relative_tolerance * largest2;
}

/// The eigenvalue of (s²HHᵀ + v²I)⁻¹ where that of HHᵀ is sigma2; of the pseudo-inverse for v2 = 0.
constexpr double solve_factor(double sigma2, double largest2, double s2, double v2) {
    const double sum = s2 * sigma2 + v2;
    return (v2 == 0 && counts_as_zero(sigma2, largest2)) || sum == 0 ? 0 : 1 / sum;
}

/// out = factor · in
template <class T>
void scale(double factor, std::span<const T> in, std::span<T> out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(factor * static_cast<double>(in[i]));
}

}  // namespace costate::guidance
