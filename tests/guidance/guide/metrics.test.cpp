// Measures of quality against scikit-image, SciPy and closed forms.
#include "guidance/guide/metrics.hpp"
#include "guidance/guide/normals.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace costate::guidance;

namespace {

using Vector = std::vector<double>;

Vector picture(const ImageShape& shape, std::size_t a, std::size_t b) {
    Vector x;
    for (std::size_t c = 0; c < shape.channels; ++c)
        for (std::size_t i = 0; i < shape.height; ++i)
            for (std::size_t j = 0; j < shape.width; ++j) x.push_back(static_cast<double>((a * i + b * j + i * j + 5 * c) % 13) / 6.5 - 1);
    return x;
}

// 0.8 x + 0.1 of another picture
Vector disturbed(const ImageShape& shape) {
    Vector y = picture(shape, 7, 3);
    const Vector other = picture(shape, 2, 5);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = 0.8 * y[i] + 0.1 * other[i];
    return y;
}

}  // namespace

TEST_CASE("PSNR and SSIM are scikit-image's") {
    // scikit-image 0.26.0: peak_signal_noise_ratio(data_range=2); structural_similarity(data_range=2 or 1, gaussian_weights=True, sigma=1.5,
    // use_sample_covariance=False, channel_axis=0 for three channels)
    const ImageShape grey{1, 14, 17}, colour{3, 14, 17}, small{1, 8, 9};
    const Vector x = picture(grey, 7, 3), y = disturbed(grey);
    CHECK(psnr(x, y) == Approx(24.125796864857634).epsilon(1e-12));
    CHECK(psnr(x, y, 1) == Approx(24.125796864857634 - 20 * std::log10(2.0)).epsilon(1e-12));
    CHECK(ssim(grey, x, y) == Approx(0.9604758459462246).epsilon(1e-12));
    CHECK(ssim(grey, x, y, 1) == Approx(0.960120560045243).epsilon(1e-12));
    CHECK(ssim(colour, picture(colour, 7, 3), disturbed(colour)) == Approx(0.9269698357559584).epsilon(1e-12));
    // the same formula with a 7 × 7 window, summed window by window with NumPy 2.4.6
    CHECK(ssim(small, picture(small, 7, 3), disturbed(small)) == Approx(0.9629173174797931).epsilon(1e-12));
    CHECK(psnr(x, x) == std::numeric_limits<double>::infinity());
    CHECK(ssim(grey, x, x) == Approx(1).epsilon(1e-14));
    CHECK(ssim(grey, x, picture(grey, 2, 5)) < 0.5);  // control: another picture
    CHECK_THROWS_AS(psnr(x, Vector(3)), std::invalid_argument);
    CHECK_THROWS_AS(psnr({}, {}), std::invalid_argument);
    CHECK_THROWS_AS(psnr(x, y, 0), std::invalid_argument);
    CHECK_THROWS_AS(ssim(small, x, y), std::invalid_argument);
    CHECK_THROWS_AS(ssim({1, 2, 119}, x, y), std::invalid_argument);
}

TEST_CASE("the bootstrap interval of a mean") {
    // the mean of ten of five zeros and five ones is Binomial(10, ½)/10, of quantiles 0.2 and 0.8 (scipy.stats.binom.ppf 1.17.1); the
    // distribution function there is 0.0107 before and 0.0547 after, six standard deviations of 2000 resamples from 0.025 on both sides
    const Vector coins = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    for (const std::uint64_t seed : {1, 2, 3}) {
        const Interval interval = bootstrap_interval(coins, seed);
        CHECK(interval.low == Approx(0.2));
        CHECK(interval.mean == Approx(0.5));
        CHECK(interval.high == Approx(0.8));
    }
    CHECK(bootstrap_interval(coins, 1, 0.2).low > 0.2);  // control: a lower level
    // normal values: mean ∓ 1.96 s/√n, to 5 % of its width: the quantiles of 4000 resamples are known to 3 %
    Vector values(400);
    NormalSource(5).fill<double>(Draw::data, 0, values);
    double mean = 0, square = 0;
    for (const double v : values) mean += v / 400, square += v * v / 400;
    const double half = 1.959964 * std::sqrt((square - mean * mean) / 400);
    const Interval wide = bootstrap_interval(values, 9, 0.95, 4000);
    CHECK(wide.mean == Approx(mean));
    CHECK(std::abs(wide.low - (mean - half)) < 0.1 * half);
    CHECK(std::abs(wide.high - (mean + half)) < 0.1 * half);
    const Interval again = bootstrap_interval(values, 9, 0.95, 4000), other = bootstrap_interval(values, 10, 0.95, 4000);
    CHECK(again.low == wide.low);
    CHECK(other.low != wide.low);
    const Interval one = bootstrap_interval(Vector{3}, 0);
    CHECK(one.low == 3);
    CHECK(one.high == 3);
    CHECK_THROWS_AS(bootstrap_interval({}, 0), std::invalid_argument);
    CHECK_THROWS_AS(bootstrap_interval(Vector{NAN}, 0), std::invalid_argument);
    CHECK_THROWS_AS(bootstrap_interval(coins, 0, 1), std::invalid_argument);
    CHECK_THROWS_AS(bootstrap_interval(coins, 0, 0.9, 0), std::invalid_argument);
}

TEST_CASE("the sliced Wasserstein distance") {
    // one dimension: the distance itself
    CHECK(sliced_w2(Vector{3, 0, 1}, Vector{5, 1, 0}, 1) == Approx(std::sqrt((0.0 + 0 + 4) / 3)).epsilon(1e-13));
    // two dimensions: the mean over the angles by a midpoint rule of 20000 with NumPy 2.4.6 is 0.606388 with standard deviation 0.366854 of an angle
    Vector a, b;
    for (int i = 0; i < 40; ++i) {
        a.push_back(std::sin(1.0 + i * i));
        a.push_back(std::cos(2.0 + 3 * i));
        b.push_back(1.5 * std::sin(2.0 + 7 * i * i) + 0.5);
        b.push_back(0.5 * std::cos(1.0 + i * i * i % 50) - 1);
    }
    const double distance = sliced_w2(a, b, 2, 2000, 1);
    CHECK(std::abs(distance * distance - 0.606388) < 5 * 0.366854 / std::sqrt(2000.0));
    CHECK(std::abs(distance * distance - 0.606388) > 0);  // it is drawn
    CHECK(sliced_w2(a, b, 2, 2000, 1) == distance);
    CHECK(sliced_w2(b, a, 2, 2000, 1) == Approx(distance).epsilon(1e-14));
    // a shift by c: ‖c‖²/d in the mean
    Vector x(500), y(500);
    NormalSource(3).fill<double>(Draw::data, 0, x);
    for (std::size_t i = 0; i < 500; ++i) y[i] = x[i] + (i % 5 == 0 ? 2.0 : 0.0);
    const double shift = sliced_w2(x, y, 5, 2000);
    // the squared first coordinate of a direction has mean 1/5 and variance 8/175
    CHECK(std::abs(shift * shift - 4.0 / 5) < 5 * 4 * std::sqrt(8.0 / 175 / 2000));
    Vector permuted(x.rbegin(), x.rend());
    for (auto point = permuted.begin(); point != permuted.end(); point += 5) std::reverse(point, point + 5);
    CHECK(sliced_w2(x, permuted, 5) < 1e-15);  // the order of the points does not count
    CHECK(sliced_w2(x, x, 5) == 0);
    CHECK_THROWS_AS(sliced_w2(x, a, 5), std::invalid_argument);
    CHECK_THROWS_AS(sliced_w2(x, y, 3), std::invalid_argument);
    CHECK_THROWS_AS(sliced_w2(x, y, 5, 0), std::invalid_argument);
    CHECK_THROWS_AS(sliced_w2({}, {}, 5), std::invalid_argument);
    y[7] = NAN;
    CHECK_THROWS_AS(sliced_w2(x, y, 5), std::invalid_argument);
}
