#include "guidance/guide/operators/blur_kernels.hpp"

#include "nn/npy.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace costate::guidance {

namespace {

// Weights whose sum is below this part of the sum of their magnitudes cancel but for rounding.
constexpr double least_sum = 1e-9;

BlurKernel normalised(BlurKernel kernel) {
    double sum = 0, magnitude = 0;
    for (const double k : kernel.values) {
        sum += k;
        magnitude += std::abs(k);
    }
    if (!(std::abs(sum) > least_sum * magnitude) || !std::isfinite(magnitude))
        throw std::invalid_argument("the weights of the kernel sum to 0 or overflow, and are divided by their sum; give a kernel of "
                                    "finite weights with another sum");
    for (double& k : kernel.values) k /= sum;
    return kernel;
}

// To the nearest integer where only rounding lies between, as for cos 90°.
double snapped(double x) { return std::abs(x - std::round(x)) < 1e-9 ? std::round(x) : x; }

}  // namespace

BlurKernel gaussian_kernel(double sigma) {
    if (!(sigma > 0) || sigma > 1000)
        throw std::invalid_argument("a Gaussian blur has no sigma of " + std::to_string(sigma) + "; give one above 0, at most 1000, in pixels");
    const long radius = std::lround(std::floor(3 * sigma + 0.5));
    const std::size_t side = 2 * static_cast<std::size_t>(radius) + 1;
    BlurKernel kernel{side, side, {}};
    for (long a = -radius; a <= radius; ++a)
        for (long b = -radius; b <= radius; ++b)
            kernel.values.push_back(std::exp(-static_cast<double>(a * a + b * b) / (2 * sigma * sigma)));
    return normalised(std::move(kernel));
}

BlurKernel motion_kernel(std::size_t length, double angle) {
    if (length < 2 || length > 1000 || !std::isfinite(angle))
        throw std::invalid_argument("a motion blur has no length of " + std::to_string(length) + " at " + std::to_string(angle) +
                                    " degrees; give a length from 2 to 1000 pixels and an angle in degrees");
    const double half = static_cast<double>(length - 1) / 2, radians = angle * std::numbers::pi / 180;
    const double along = std::cos(radians), up = std::sin(radians);
    const double reach_x = std::ceil(std::abs(snapped(half * along))), reach_y = std::ceil(std::abs(snapped(half * up)));
    BlurKernel kernel{2 * static_cast<std::size_t>(reach_y) + 1, 2 * static_cast<std::size_t>(reach_x) + 1, {}};
    kernel.values.assign(kernel.height * kernel.width, 0.0);
    for (std::size_t i = 0; i < length; ++i) {
        const double s = static_cast<double>(i) - half;
        const double x = snapped(s * along) + reach_x, y = reach_y - snapped(s * up);
        for (std::size_t a = 0; a < kernel.height; ++a)
            for (std::size_t b = 0; b < kernel.width; ++b) {
                const double tent_y = 1 - std::abs(y - static_cast<double>(a)), tent_x = 1 - std::abs(x - static_cast<double>(b));
                if (tent_y > 0 && tent_x > 0) kernel.values[a * kernel.width + b] += tent_y * tent_x;
            }
    }
    return normalised(std::move(kernel));
}

BlurKernel kernel_in_file(const std::filesystem::path& file) {
    const nn::Array values = nn::read_npy(file);
    if (values.dimension() != 2 || values.size() == 0)
        throw std::invalid_argument("the kernel in " + file.string() + " has " + std::to_string(values.dimension()) + " axes and " +
                                    std::to_string(values.size()) + " values; save an array of two axes with numpy.save");
    return normalised({values.shape()[0], values.shape()[1], {values.begin(), values.end()}});
}

}  // namespace costate::guidance
