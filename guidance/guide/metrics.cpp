#include "guidance/guide/metrics.hpp"

#include "guidance/guide/normals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::guidance {

namespace {

void check_pair(const char* name, std::span<const double> x, std::span<const double> truth, std::size_t size, double range) {
    if (x.size() != size || truth.size() != size || size == 0 || !(range > 0))
        throw std::invalid_argument(std::string(name) + ": " + std::to_string(x.size()) + " values against " + std::to_string(truth.size()) +
                                    " within a range of " + std::to_string(range) + "; give two images of " +
                                    (size == 0 ? "one size" : std::to_string(size) + " values") + " and a range above 0");
}

void check_finite(const char* name, std::span<const double> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!std::isfinite(values[i]))
            throw std::invalid_argument(std::string(name) + ": value " + std::to_string(i) + " is not finite; leave such results out and say how many");
}

// Weights of a window of that odd side along one axis; they sum to 1.
std::vector<double> window(std::size_t side) {
    constexpr double sigma = 1.5;
    std::vector<double> weights(side);
    double sum = 0;
    for (std::size_t i = 0; i < side; ++i) {
        const double a = static_cast<double>(i) - static_cast<double>(side / 2);
        sum += weights[i] = std::exp(-a * a / (2 * sigma * sigma));
    }
    for (double& weight : weights) weight /= sum;
    return weights;
}

// Weighted means over the windows that lie in the plane, of f(pixel), one axis after the other.
template <class F>
std::vector<double> window_means(std::size_t h, std::size_t w, const std::vector<double>& weights, F&& f) {
    const std::size_t n = weights.size(), columns = w - n + 1, lines = h - n + 1;
    std::vector<double> along(h * columns), means(lines * columns);
    for (std::size_t i = 0; i < h; ++i)
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t b = 0; b < n; ++b) along[i * columns + j] += weights[b] * f(i * w + j + b);
    for (std::size_t i = 0; i < lines; ++i)
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t a = 0; a < n; ++a) means[i * columns + j] += weights[a] * along[(i + a) * columns + j];
    return means;
}

double plane_ssim(std::size_t h, std::size_t w, std::span<const double> x, std::span<const double> y, double range) {
    const std::size_t shorter = std::min(h, w), side = std::min<std::size_t>(11, shorter % 2 == 1 ? shorter : shorter - 1);
    const auto weights = window(side);
    const auto mean_of = [&](auto&& f) { return window_means(h, w, weights, f); };
    const auto mx = mean_of([&](std::size_t i) { return x[i]; }), my = mean_of([&](std::size_t i) { return y[i]; });
    const auto xx = mean_of([&](std::size_t i) { return x[i] * x[i]; }), yy = mean_of([&](std::size_t i) { return y[i] * y[i]; });
    const auto xy = mean_of([&](std::size_t i) { return x[i] * y[i]; });
    const double c1 = 0.01 * range * 0.01 * range, c2 = 0.03 * range * 0.03 * range;
    double sum = 0;
    for (std::size_t i = 0; i < mx.size(); ++i) {
        const double products = mx[i] * my[i], squares = mx[i] * mx[i] + my[i] * my[i];
        const double covariance = xy[i] - products, variances = xx[i] + yy[i] - squares;
        sum += (2 * products + c1) * (2 * covariance + c2) / ((squares + c1) * (variances + c2));
    }
    return sum / static_cast<double>(mx.size());
}

// Of sorted values, the one at that part of the way from the first to the last.
double quantile(const std::vector<double>& sorted, double part) {
    const double at = part * static_cast<double>(sorted.size() - 1);
    const auto below = std::min(static_cast<std::size_t>(at), sorted.size() - 1);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// The products θ·a, ascending.
std::vector<double> sorted_products(std::span<const double> a, std::span<const double> theta) {
    const std::size_t d = theta.size();
    std::vector<double> products(a.size() / d);
    for (std::size_t i = 0; i < products.size(); ++i)
        products[i] = std::inner_product(theta.begin(), theta.end(), a.begin() + static_cast<std::ptrdiff_t>(i * d), 0.0);
    std::ranges::sort(products);
    return products;
}

}  // namespace

double psnr(std::span<const double> x, std::span<const double> truth, double range) {
    check_pair("psnr", x, truth, truth.size(), range);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - truth[i]) * (x[i] - truth[i]);
    if (sum == 0) return std::numeric_limits<double>::infinity();
    return 10 * std::log10(range * range / (sum / static_cast<double>(x.size())));
}

double ssim(const ImageShape& shape, std::span<const double> x, std::span<const double> truth, double range) {
    check_pair("ssim", x, truth, shape.size(), range);
    if (shape.height < 3 || shape.width < 3)
        throw std::invalid_argument("ssim: an image of " + to_string(shape) + " has no window of 3 x 3 pixels; leave the measure out");
    const std::size_t n = shape.pixels();
    double sum = 0;
    for (std::size_t c = 0; c < shape.channels; ++c) sum += plane_ssim(shape.height, shape.width, x.subspan(c * n, n), truth.subspan(c * n, n), range);
    return sum / static_cast<double>(shape.channels);
}

Interval bootstrap_interval(std::span<const double> values, std::uint64_t seed, double level, std::size_t resamples) {
    if (values.empty() || resamples == 0 || !(level > 0) || !(level < 1))
        throw std::invalid_argument("bootstrap: " + std::to_string(values.size()) + " values, " + std::to_string(resamples) + " resamples, level " +
                                    std::to_string(level) + "; give one of each at least, and a level between 0 and 1");
    check_finite("bootstrap", values);
    const NormalSource random(seed);
    const double n = static_cast<double>(values.size());
    std::vector<double> means(resamples);
    for (std::size_t r = 0; r < resamples; ++r) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            sum += values[std::min(static_cast<std::size_t>(random.uniform(Draw::bootstrap, static_cast<std::uint32_t>(r), i) * n), values.size() - 1)];
        means[r] = sum / n;
    }
    std::ranges::sort(means);
    return {quantile(means, (1 - level) / 2), std::accumulate(values.begin(), values.end(), 0.0) / n, quantile(means, (1 + level) / 2)};
}

double sliced_w2(std::span<const double> a, std::span<const double> b, std::size_t d, std::size_t projections, std::uint64_t seed) {
    if (d == 0 || a.empty() || a.size() != b.size() || a.size() % d != 0 || projections == 0)
        throw std::invalid_argument("sliced W2: " + std::to_string(a.size()) + " and " + std::to_string(b.size()) + " values in dimension " +
                                    std::to_string(d) + ", " + std::to_string(projections) +
                                    " projections; give two samples of as many points, and a projection");
    check_finite("sliced W2", a);
    check_finite("sliced W2", b);
    const NormalSource normals(seed);
    std::vector<double> theta(d);
    double sum = 0;
    for (std::size_t k = 0; k < projections; ++k) {
        normals.fill<double>(Draw::probe, static_cast<std::uint32_t>(k), theta);
        const auto pa = sorted_products(a, theta), pb = sorted_products(b, theta);
        double square = 0;
        for (std::size_t i = 0; i < pa.size(); ++i) square += (pa[i] - pb[i]) * (pa[i] - pb[i]);
        // θ/‖θ‖ is the direction
        sum += square / static_cast<double>(pa.size()) / std::inner_product(theta.begin(), theta.end(), theta.begin(), 0.0);
    }
    return std::sqrt(sum / static_cast<double>(projections));
}

}  // namespace costate::guidance
