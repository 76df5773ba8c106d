// Problems of a few dimensions for guidance methods, and what a method makes of them.
#pragma once

#include "guidance/guide/method.hpp"
#include "guidance/models/gaussian.hpp"

#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace costate::testing {

using namespace costate::guidance;
using Vector = std::vector<double>;

/// y = Hx + noise of any matrix.
template <class T = double>
Measurement<T> dense_measurement(std::size_t rows, std::size_t columns, Vector values, const Vector& y, double sigma_y = 0) {
    return {LinearOperator<T>("H", DenseObservation<T>(RowMatrix{rows, columns, std::move(values)})), std::vector<T>(y.begin(), y.end()),
            static_cast<T>(sigma_y)};
}

template <class T>
Objective<T> objective_of(Measurement<T> measurement) {
    return Objective<T>(std::vector<typename Objective<T>::Term>{std::move(measurement)});
}

/// What the method makes of that seed; options as given.
template <class T>
GuidanceResult<T> guided(std::string_view method, FlowModel<T>& model, Objective<T>& objective, std::uint64_t seed, const GuidanceOptions& options = {}) {
    const NormalSource random(seed);
    GuidanceProblem<T> problem{model, objective, random, options};
    return find_guidance_method(method)(problem);
}

inline Vector normals(std::uint64_t seed, Draw draw, std::uint32_t index, std::size_t n) {
    Vector z(n);
    NormalSource(seed).fill(draw, index, std::span<double>(z));
    return z;
}

/// max |a_i - b_i|, infinite for other sizes and for NaN.
template <class T, class U>
double largest_gap(const std::vector<T>& a, const std::vector<U>& b) {
    if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
    double gap = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        if (!(d <= gap)) gap = d;
        if (!(d == d)) return std::numeric_limits<double>::infinity();
    }
    return gap;
}

}  // namespace costate::testing
