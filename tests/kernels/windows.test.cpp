// Windows side by side in a row: bitwise the plain loops, on every instruction set, and inside their arrays.
#include "guarded.hpp"
#include "kernels/simd/table.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

using namespace costate::kernels;
using simd::WindowRow;

namespace {

std::vector<WindowRow> rows() {
    std::vector<WindowRow> all;
    for (const std::size_t count : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 40, 67})
        for (const std::size_t stride : {1, 2, 3})
            for (const std::size_t columns : {1, 2, 3, 5})
                for (const std::size_t step : {1, 2}) {
                    const std::size_t width = (count - 1) * stride + (columns - 1) * step + 1;
                    all.push_back({count, 1 + count % 3, columns, width + step, step, stride, count % 2});
                }
    return all;
}
std::size_t pixels(const WindowRow& r) { return (r.rows - 1) * r.row_step + (r.count - 1) * r.stride + (r.columns - 1) * r.column_step + 1; }

/// Few different values, so that many are equal; some are NaN, an infinity or a zero of either sign.
template <class T>
void fill(T* x, std::size_t n, bool special, unsigned seed) {
    std::mt19937 random(seed);
    const T infinity = std::numeric_limits<T>::infinity(), values[] = {std::numeric_limits<T>::quiet_NaN(), infinity, -infinity, T(-0.0), T(0.0), -infinity};
    for (std::size_t i = 0; i < n; ++i) {
        const unsigned r = random() % 64;
        x[i] = special && r < 20 ? values[r % 6] : T(static_cast<int>(random() % 9) - 4) / T(3);
    }
}

/// Bit by bit, but that a NaN is a NaN.
template <class T>
bool same(const T* a, const T* b, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
        if (std::memcmp(a + i, b + i, sizeof(T)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
    return true;
}

template <class T>
void max_loops(const WindowRow& r, const T* x, T* y, T* kept) {
    for (std::size_t j = 0; j < r.count; ++j) {
        T largest = x[j * r.stride];
        std::size_t row = 0, column = 0;
        for (std::size_t u = 0; u < r.rows; ++u)
            for (std::size_t v = 0; v < r.columns; ++v) {
                const T next = x[j * r.stride + u * r.row_step + v * r.column_step];
                if (next > largest || (std::isnan(next) && !std::isnan(largest))) largest = next, row = u, column = v;
            }
        y[j] = largest;
        kept[2 * j] = T(row + r.first_row), kept[2 * j + 1] = T(column);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("the largest of windows and their taps are those of the loops, NaN and equal values included", "[quick]", float, double) {
    using T = TestType;
    for (const WindowRow& r : rows()) {
        const std::size_t n = r.count;
        Guarded<T> x(pixels(r)), y(n), kept(2 * n), x_bar(pixels(r)), back(n);
        std::vector<T> wanted(n), wanted_kept(2 * n), y_bar(n);
        for (const bool special : {false, true}) {
            fill<T>(x, pixels(r), special, 7);
            fill<T>(y_bar.data(), n, false, 8);
            max_loops<T>(r, x, wanted.data(), wanted_kept.data());
            const auto place = [&](std::size_t j) {
                return (static_cast<std::size_t>(wanted_kept[2 * j]) - r.first_row) * r.row_step + static_cast<std::size_t>(wanted_kept[2 * j + 1]) * r.column_step + j * r.stride;
            };
            std::vector<T> bar(pixels(r), T(0.5));
            for (std::size_t j = 0; j < n; ++j) bar[place(j)] += y_bar[j];
            for (const Isa isa : supported_isas()) {
                INFO(name(isa) << ": " << n << " windows of " << r.columns << ", stride " << r.stride << ", dilation " << r.column_step);
                const auto& t = simd::table<T>(isa);
                std::fill_n(static_cast<T*>(y), n, T(9));
                t.max_row(r, x, y, nullptr);
                CHECK(same<T>(y, wanted.data(), n));
                t.max_row(r, x, back, kept);
                CHECK(same<T>(back, wanted.data(), n));
                CHECK(same<T>(kept, wanted_kept.data(), 2 * n));
                std::fill_n(static_cast<T*>(x_bar), pixels(r), T(0.5));
                t.add_to_kept(r, kept, y_bar.data(), x_bar);
                CHECK(same<T>(x_bar, bar.data(), pixels(r)));
                t.read_kept(r, kept, x, y);
                CHECK(same<T>(y, wanted.data(), n));
            }
        }
    }
}

TEMPLATE_TEST_CASE("means of windows and their transposes are those of the loops, bit by bit", "[quick]", float, double) {
    using T = TestType;
    std::size_t different = 0;
    for (const WindowRow& r : rows()) {
        const std::size_t n = r.count;
        const T share = T(1) / T(static_cast<int>(r.rows * r.columns));
        Guarded<T> x(pixels(r)), y(n), y_bar(n), x_bar(pixels(r));
        fill<T>(x, pixels(r), false, 3);
        fill<T>(y_bar, n, false, 4);
        std::vector<T> wanted(n), turned(n), bar(pixels(r), T(0.3));
        for (std::size_t j = 0; j < n; ++j)
            for (std::size_t u = 0; u < r.rows; ++u)
                for (std::size_t v = 0; v < r.columns; ++v) {
                    const std::size_t i = j * r.stride + u * r.row_step + v * r.column_step;
                    wanted[j] += share * x[i];
                    turned[j] += share * x[pixels(r) - 1 - i];
                    bar[i] += share * y_bar[j];
                }
        std::reverse(turned.begin(), turned.end());
        different += turned != wanted ? 1 : 0;  // the control: the same numbers in the opposite order
        for (const Isa isa : supported_isas()) {
            INFO(name(isa) << ": " << n << " windows of " << r.columns << ", stride " << r.stride << ", dilation " << r.column_step);
            const auto& t = simd::table<T>(isa);
            t.mean_row(r, share, x, y);
            CHECK(same<T>(y, wanted.data(), n));
            std::fill_n(static_cast<T*>(x_bar), pixels(r), T(0.3));
            t.mean_row_vjp(r, share, y_bar, x_bar);
            CHECK(same<T>(x_bar, bar.data(), pixels(r)));
        }
    }
    CHECK(different > 0);
}
