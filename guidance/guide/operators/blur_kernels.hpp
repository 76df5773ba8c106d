// Kernels of blurs: weights that sum to 1.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace costate::guidance {

/// k(a, b), row-major; (height / 2, width / 2), rounded down, is what stays in place.
struct BlurKernel {
    std::size_t height = 1, width = 1;
    std::vector<double> values = {1};
};

/// k(a, b) ∝ exp(-(a² + b²)/2σ²) for |a|, |b| ≤ the integer nearest to 3σ. Throws std::invalid_argument unless 0 < σ ≤ 1000.
[[nodiscard]] BlurKernel gaussian_kernel(double sigma);

/// `length` points one pixel apart on a line through the centre, each shared bilinearly by its four pixels; `angle` in degrees against the
/// rows, counterclockwise. Throws std::invalid_argument for a length that is not in 2 … 1000 and an angle that is not finite.
[[nodiscard]] BlurKernel motion_kernel(std::size_t length, double angle);

/// The two axes of a .npy file, divided by their sum. Throws std::invalid_argument for other axes and a sum of 0, nn::NpyError as read_npy.
[[nodiscard]] BlurKernel kernel_in_file(const std::filesystem::path& file);

}  // namespace costate::guidance
