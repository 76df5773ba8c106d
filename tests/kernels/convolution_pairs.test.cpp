// Convolutions in long double through pairs of doubles, against the same sums in 50 digits; the kernel at every width.
#include "kernels/convolution_pairs.hpp"

#include "kernels/isa.hpp"
#include "kernels/reference/convolution.hpp"
#include "kernels/simd/table.hpp"
#include "scalar/multiprecision.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

using namespace costate;
using namespace costate::kernels;

namespace {

constexpr ConvolutionShape strided{.channels = 6, .height = 9, .width = 11, .outputs = 10, .kernel_height = 3, .kernel_width = 2, .stride_y = 2, .stride_x = 3,
                                   .top = 1, .left = 2, .bottom = 1, .right = 0, .dilation_y = 2, .dilation_x = 1, .groups = 2};
constexpr ConvolutionShape whole{.channels = 5, .height = 8, .width = 7, .outputs = 7, .kernel_height = 3, .kernel_width = 3, .top = 1, .left = 1, .bottom = 1,
                                 .right = 1};

/// Numbers whose 64 bits all count.
std::vector<long double> numbers(std::size_t n, std::mt19937_64& random) {
    std::vector<long double> v;
    for (std::size_t i = 0; i < n; ++i) v.push_back((static_cast<long double>(random()) / 0x1p64L - 0.5L) * (i % 5 == 0 ? 1000.0L : 1.0L));
    return v;
}

template <class To>
std::vector<To> in(const std::vector<long double>& v) {
    return {v.begin(), v.end()};
}

/// max |a - b| / max |b|
double distance(const std::vector<long double>& a, const std::vector<Mpfr50>& b) {
    Mpfr50 far = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const Mpfr50 difference = abs(Mpfr50(Mpfr50(a[i]) - b[i])), value = abs(b[i]);
        if (difference > far) far = difference;
        if (value > size) size = value;
    }
    return static_cast<double>(Mpfr50(far / size));
}

}  // namespace

TEST_CASE("sums in pairs are right to the last bit of long double; sums in double are not", "[quick]") {
    std::mt19937_64 random(1);
    for (const ConvolutionShape& s : {strided, whole}) {
        const auto x = numbers(s.in_size(), random), w = numbers(s.weight_size(), random), bias = numbers(s.outputs, random), z = numbers(s.out_size(), random);
        std::vector<Mpfr50> y(s.out_size()), back(in<Mpfr50>(x));
        reference::convolve(s, 1, in<Mpfr50>(x).data(), in<Mpfr50>(w).data(), in<Mpfr50>(bias).data(), y.data(), false);
        reference::convolve_back(s, 1, in<Mpfr50>(z).data(), in<Mpfr50>(w).data(), back.data(), true);
        std::vector<long double> ours(s.out_size()), ours_back(x);
        convolve_in_pairs(s, x.data(), w.data(), bias.data(), ours.data(), false);
        convolve_back_in_pairs(s, z.data(), w.data(), ours_back.data(), true);
        CHECK(distance(ours, y) < 0x1p-63);  // two roundings of 64 bits: that of the sum and that of the start added
        CHECK(distance(ours_back, back) < 0x1p-63);

        std::vector<double> in_double(s.out_size());
        reference::convolve(s, 1, in<double>(x).data(), in<double>(w).data(), in<double>(bias).data(), in_double.data(), false);
        CHECK(distance({in_double.begin(), in_double.end()}, y) > 0x1p-60);
    }
}

TEST_CASE("products in pairs have twice the digits at every width", "[quick]") {
    constexpr std::size_t rows = 7, steps = 300, columns = 3 * simd::pair_columns;
    std::mt19937_64 random(2);
    std::normal_distribution<double> normal;
    const auto pairs = [&](std::size_t n, std::vector<double>& high, std::vector<double>& low) {
        for (std::size_t i = 0; i < n; ++i) high.push_back(normal(random)), low.push_back(high.back() * 0x1p-54 * normal(random) * 0.2);
    };
    std::vector<double> a, a_low, x, x_low;
    pairs(rows * steps, a, a_low);
    pairs(steps * columns, x, x_low);
    for (const Isa isa : supported_isas()) {
        std::vector<double> y(rows * columns), y_low(rows * columns);
        simd::table<double>(isa).multiply_pairs({rows, steps, columns, a.data(), a_low.data(), x.data(), x_low.data(), y.data(), y_low.data()});
        double far = 0, far_without = 0;
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t p = 0; p < columns; ++p) {
                Mpfr50 sum = 0, size = 0;
                for (std::size_t k = 0; k < steps; ++k) {
                    const Mpfr50 term = (Mpfr50(a[r * steps + k]) + a_low[r * steps + k]) * (Mpfr50(x[k * columns + p]) + x_low[k * columns + p]);
                    sum += term;
                    size += abs(term);
                }
                const Mpfr50 high = y[r * columns + p], both = high + y_low[r * columns + p];
                far = std::max(far, static_cast<double>(Mpfr50(abs(Mpfr50(both - sum)) / size)));
                far_without = std::max(far_without, static_cast<double>(Mpfr50(abs(Mpfr50(high - sum)) / size)));
            }
        INFO(name(isa));
        CHECK(far < steps * 0x1p-104);
        CHECK(far_without > 0x1p-60);  // the high parts alone
    }
}

TEST_CASE("numbers that double cannot span go through the plain loops", "[quick]") {
    std::mt19937_64 random(3);
    auto x = numbers(whole.in_size(), random), w = numbers(whole.weight_size(), random);
    for (const long double value : {1e400L, 1e-20L, std::numeric_limits<long double>::infinity(), std::numeric_limits<long double>::quiet_NaN()}) {
        x[17] = value;
        std::vector<long double> ours(whole.out_size()), plain(ours);
        convolve_in_pairs(whole, x.data(), w.data(), nullptr, ours.data(), false);
        reference::convolve<long double>(whole, 1, x.data(), w.data(), nullptr, plain.data(), false);
        std::size_t different = 0;
        for (std::size_t i = 0; i < ours.size(); ++i) different += ours[i] != plain[i] && !(std::isnan(ours[i]) && std::isnan(plain[i]));
        CHECK((different == 0) == (value != 1e-20L));  // ordinary numbers are summed in pairs, which round once
    }
}
