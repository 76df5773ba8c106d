// The flow of one Gaussian N(m, C) in regular variables: a linear equation without any path in it.
#pragma once

#include "guidance/models/small_matrix.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::claims::ahead {

/// dx̃/dr = ε̂(r, x̃) = r (C + r²I)⁻¹ (x̃ - m): a DifferentiableField without parameters, one sample. Cheap enough for thousands of
/// steps.
template <class T>
class RegularGaussian {
public:
    RegularGaussian(std::vector<T> mean, guidance::SmallMatrix<T> covariance)
        : mean_(std::move(mean)), covariance_(std::move(covariance)) {}

    [[nodiscard]] std::size_t dim() const { return mean_.size(); }
    [[nodiscard]] std::size_t parameter_count() const { return 0; }

    void operator()(const T& r, std::span<const T> x, std::span<T> dx) const {
        const std::vector<T> slope = solved(factor(r), less_mean(x));
        for (std::size_t i = 0; i < dim(); ++i) dx[i] = r * slope[i];
    }
    void vjp(const T& r, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T>, T& r_bar) const {
        const guidance::Ldl<T> s = factor(r);
        const std::vector<T> w = solved(s, {lambda.begin(), lambda.end()}), once = solved(s, less_mean(x));
        for (std::size_t i = 0; i < dim(); ++i) {
            if (!x_bar.empty()) x_bar[i] += r * w[i];
            r_bar += lambda[i] * once[i] - T(2) * r * r * w[i] * once[i];
        }
    }
    void jvp(const T& r, std::span<const T> x, const T& r_dot, std::span<const T> x_dot, std::span<const T>, std::span<T> dx,
             std::span<T> dx_dot) const {
        const guidance::Ldl<T> s = factor(r);
        const std::vector<T> once = solved(s, less_mean(x)), twice = solved(s, once),
                             moved = solved(s, {x_dot.begin(), x_dot.end()});
        for (std::size_t i = 0; i < dim(); ++i) {
            dx[i] = r * once[i];
            dx_dot[i] = r * moved[i] + r_dot * (once[i] - T(2) * r * r * twice[i]);
        }
    }

private:
    [[nodiscard]] guidance::Ldl<T> factor(const T& r) const {
        guidance::SmallMatrix<T> s = covariance_;
        for (std::size_t i = 0; i < dim(); ++i) s(i, i) += r * r;
        return guidance::Ldl<T>(std::move(s));
    }
    [[nodiscard]] std::vector<T> less_mean(std::span<const T> x) const {
        std::vector<T> y(x.begin(), x.end());
        for (std::size_t i = 0; i < dim(); ++i) y[i] -= mean_[i];
        return y;
    }
    static std::vector<T> solved(const guidance::Ldl<T>& s, std::vector<T> b) {
        s.solve(std::span<T>(b));
        return b;
    }

    std::vector<T> mean_;
    guidance::SmallMatrix<T> covariance_;
};

}  // namespace costate::claims::ahead
