#include "guidance/guide/operators/dense_observation.hpp"

#include "guidance/guide/operators/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::guidance {

namespace {

constexpr double largest_entry = 1e30;  // its square times s² is finite, and it is in float

void check(const RowMatrix& h, std::size_t most_rows) {
    const std::string size = "H is " + std::to_string(h.rows) + "x" + std::to_string(h.columns);
    if (h.rows == 0 || h.rows > most_rows || h.columns == 0 || h.values.size() != h.rows * h.columns)
        throw std::invalid_argument(size + "; give from 1 to " + std::to_string(most_rows) + " rows, all of the same length");
    const auto magnitude = [](double x) { return std::abs(x); };
    if (!std::ranges::all_of(h.values, [](double x) { return x <= largest_entry; }, magnitude))
        throw std::invalid_argument(size + " with a value that is not finite or above 1e30; give another unit");
    if (std::ranges::all_of(h.values, [](double x) { return x == 0; }))
        throw std::invalid_argument(size + " and all of it is 0, so it measures nothing; give a matrix that is not 0");
}

}  // namespace

template <class T>
DenseObservation<T>::DenseObservation(RowMatrix matrix) : matrix_(std::move(matrix)) {
    check(matrix_, most_rows);
    svd_ = singular_values(matrix_);
    for (const double sigma : svd_.sigma) largest2_ = std::max(largest2_, sigma * sigma);
}

template <class T>
void DenseObservation<T>::pseudo_inverse(std::span<const T> y, std::span<T> x) const {
    std::vector<double> sums(x.size());
    for (std::size_t i = 0; i < rows(); ++i) {
        const double sigma2 = svd_.sigma[i] * svd_.sigma[i];
        if (counts_as_zero(sigma2, largest2_)) continue;
        const double along = inner_product(svd_.q.row(i), y) / sigma2;
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += along * svd_.w.row(i)[j];
    }
    for (std::size_t j = 0; j < sums.size(); ++j) x[j] = static_cast<T>(sums[j]);
}

template <class T>
void DenseObservation<T>::solve(double s2, double v2, std::span<const T> r, std::span<T> out) const {
    std::vector<double> sums(rows());
    for (std::size_t i = 0; i < rows(); ++i) {
        const double factor = solve_factor(svd_.sigma[i] * svd_.sigma[i], largest2_, s2, v2);
        const double along = factor * inner_product(svd_.q.row(i), r);
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += along * svd_.q.row(i)[j];
    }
    for (std::size_t j = 0; j < sums.size(); ++j) out[j] = static_cast<T>(sums[j]);
}

template class DenseObservation<float>;
template class DenseObservation<double>;

}  // namespace costate::guidance
