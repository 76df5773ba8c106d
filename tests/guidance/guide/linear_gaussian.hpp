// A flow model of one Gaussian seen through a matrix: what methods should find is linear algebra.
#pragma once

#include "guidance/guide/method.hpp"
#include "guidance/models/gaussian.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace costate::testing {

using namespace costate::guidance;

/// N(m, diag(s²)) in three dimensions on Cond-OT.
template <class T>
DiagonalGaussian<T> gaussian3() {
    return {{T(0.5), T(-1), T(0.25)}, {T(0.5), T(1.5), T(0.8)}, CondOt{}};
}

/// H of two rows, neither orthogonal nor of the same length.
inline RowMatrix matrix23() { return {2, 3, {1, 0.5, 0, -0.25, 1, 0.75}}; }
inline RowMatrix identity3() { return {3, 3, {1, 0, 0, 0, 1, 0, 0, 0, 1}}; }

template <class T>
Measurement<T> measured(const RowMatrix& matrix, std::vector<T> y, T sigma_y = T(0)) {
    return {LinearOperator<T>("observation", DenseObservation<T>(matrix)), std::move(y), sigma_y, 1};
}

/// Bᵀ(BBᵀ + v²I)⁻¹r for two rows: the shortest x with Bx = r where v² = 0.
inline std::vector<double> shortest(const RowMatrix& b, const std::vector<double>& r, double v2 = 0) {
    const auto row = [&](std::size_t i, std::size_t k) {
        double sum = 0;
        for (std::size_t j = 0; j < b.columns; ++j) sum += b.values[i * b.columns + j] * b.values[k * b.columns + j];
        return sum + (i == k ? v2 : 0);
    };
    const double determinant = row(0, 0) * row(1, 1) - row(0, 1) * row(0, 1);
    const double first = (row(1, 1) * r[0] - row(0, 1) * r[1]) / determinant, second = (row(0, 0) * r[1] - row(0, 1) * r[0]) / determinant;
    std::vector<double> x(b.columns);
    for (std::size_t j = 0; j < b.columns; ++j) x[j] = first * b.values[j] + second * b.values[b.columns + j];
    return x;
}

/// H with its columns multiplied by a.
inline RowMatrix scaled_columns(RowMatrix h, const std::vector<double>& a) {
    for (std::size_t i = 0; i < h.values.size(); ++i) h.values[i] *= a[i % h.columns];
    return h;
}

/// y - Hx
inline std::vector<double> missed(const RowMatrix& h, const std::vector<double>& y, const std::vector<double>& x) {
    std::vector<double> r = y;
    for (std::size_t i = 0; i < h.rows; ++i) r[i] -= inner_product<double>(h.row(i), std::span<const double>(x));
    return r;
}

/// What a method makes of a start, with the model's cost.
template <class T>
GuidanceResult<T> guided(const GuidanceMethod& method, FlowModel<T>& model, Objective<T>& objective, const GuidanceOptions& options = {},
                         std::uint64_t seed = 1, std::uint32_t image = 0) {
    const NormalSource random(seed, image);
    GuidanceProblem<T> problem{model, objective, random, options};
    model.reset_cost();
    return method(problem);
}

/// The z of a start on Cond-OT.
template <class T>
std::vector<T> start_of(std::uint64_t seed, std::uint32_t image, std::size_t d) {
    std::vector<T> z(d);
    NormalSource(seed, image).fill(Draw::start, 0, std::span<T>(z));
    return z;
}

/// max |a_i - b_i|
template <class A, class B>
double gap(const std::vector<A>& a, const std::vector<B>& b) {
    double worst = a.size() == b.size() ? 0 : 1e300;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        worst = d == d ? std::max(worst, std::abs(d)) : 1e300;
    }
    return worst;
}

}  // namespace costate::testing
