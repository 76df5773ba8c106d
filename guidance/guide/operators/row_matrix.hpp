// A matrix of double, row by row, times vectors of any floating-point type.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::guidance {

/// values[i · columns + j] = A_ij; sums are in double, nothing is allocated.
struct RowMatrix {
    std::size_t rows = 0, columns = 0;
    std::vector<double> values;

    [[nodiscard]] std::span<double> row(std::size_t i) { return std::span(values).subspan(i * columns, columns); }
    [[nodiscard]] std::span<const double> row(std::size_t i) const { return std::span(values).subspan(i * columns, columns); }
};

/// a · b
template <class T>
double inner_product(std::span<const double> a, std::span<const T> b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += a[j] * static_cast<double>(b[j]);
    return sum;
}

/// y = Ax
template <class T>
void multiply(const RowMatrix& a, std::span<const T> x, std::span<T> y) {
    for (std::size_t i = 0; i < a.rows; ++i) y[i] = static_cast<T>(inner_product(a.row(i), x));
}

/// x = Aᵀy, for the sake of the cache some columns at a time
template <class T>
void multiply_transposed(const RowMatrix& a, std::span<const T> y, std::span<T> x) {
    std::array<double, 64> sums;
    for (std::size_t begin = 0; begin < a.columns; begin += sums.size()) {
        const std::size_t count = std::min(sums.size(), a.columns - begin);
        sums.fill(0);
        for (std::size_t i = 0; i < a.rows; ++i) {
            const auto part = a.row(i).subspan(begin, count);
            const double factor = static_cast<double>(y[i]);
            for (std::size_t j = 0; j < count; ++j) sums[j] += factor * part[j];
        }
        for (std::size_t j = 0; j < count; ++j) x[begin + j] = static_cast<T>(sums[j]);
    }
}

}  // namespace costate::guidance
