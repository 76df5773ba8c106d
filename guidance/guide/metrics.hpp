// How near a result is to the truth, and how sure that is.
#pragma once

#include "guidance/guide/image_shape.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace costate::guidance {

/// 10 log₁₀(range²/MSE) in decibels, MSE the mean of (x - truth)²; range 2 for pixels in [-1, 1]. Infinite where both are equal.
/// Throws std::invalid_argument for sizes that differ or are 0, and a range that is not above 0.
[[nodiscard]] double psnr(std::span<const double> x, std::span<const double> truth, double range = 2);

/// The mean over the windows that lie in the image, and over the channels, of
///   (2μ_x μ_y + C₁)(2σ_xy + C₂) / ((μ_x² + μ_y² + C₁)(σ_x² + σ_y² + C₂)),  C₁ = (0.01 range)², C₂ = (0.03 range)²,
/// means and covariances under an 11 × 11 Gaussian of σ = 1.5 (Wang, Bovik, Sheikh, Simoncelli 2004, equation 13). 1 for equal images.
/// In a smaller image the window has the largest odd side that fits. Throws std::invalid_argument as psnr, and for less than 3 × 3 pixels.
[[nodiscard]] double ssim(const ImageShape& shape, std::span<const double> x, std::span<const double> truth, double range = 2);

/// A mean and the bounds between which it lies.
struct Interval {
    double low = 0, mean = 0, high = 0;
};

/// The percentile interval of the mean: the (1 ∓ level)/2 quantiles, interpolated, of the means of `resamples` samples drawn with
/// replacement (Efron 1979) by Draw::bootstrap of the seed. One value is its own interval.
/// Throws std::invalid_argument for no values, one that is not finite, no resamples, and a level outside (0, 1).
[[nodiscard]] Interval bootstrap_interval(std::span<const double> values, std::uint64_t seed, double level = 0.95, std::size_t resamples = 2000);

/// √(mean over random directions θ of W₂²(θ·a, θ·b)), where W₂² of N numbers each is N⁻¹ Σ (a₍ᵢ₎ - b₍ᵢ₎)² in ascending order
/// (Bonneel, Rabin, Peyré, Pfister 2015): the sliced 2-Wasserstein distance of two samples of N points of d values, batch-major.
/// Directions are uniform on the sphere, from Draw::probe of the seed. Two samples of one distribution have a distance too, which shrinks with N.
/// Throws std::invalid_argument for sizes that differ, are 0 or no multiple of d, no projections, and a value that is not finite.
[[nodiscard]] double sliced_w2(std::span<const double> a, std::span<const double> b, std::size_t d, std::size_t projections = 100,
                               std::uint64_t seed = 0);

}  // namespace costate::guidance
