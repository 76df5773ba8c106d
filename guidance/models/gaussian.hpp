// The flow of one Gaussian in closed form: Φ(x) = α₁m + (x - α₀m) √(S₁/S₀), S = α²s² + σ², coordinate by coordinate.
#pragma once

#include "guidance/models/gaussian_mixture.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::guidance {

/// N(mean, diag(variance)) on a path; the yardstick of every solver and gradient on this field.
template <class T>
struct DiagonalGaussian {
    std::vector<T> mean, variance;
    AnyPath path;

    /// ∂Φ/∂x, a diagonal matrix, as its d entries. In exact scalars std::domain_error where a root is irrational.
    [[nodiscard]] std::vector<T> flow_scale(const T& t0, const T& t1) const {
        const PathPoint<T> from = at<T>(path, t0), to = at<T>(path, t1);
        std::vector<T> scale;
        for (const T& s2 : variance)
            scale.push_back(detail::root(T((to.alpha * to.alpha * s2 + to.sigma2) / (from.alpha * from.alpha * s2 + from.sigma2))));
        return scale;
    }

    /// x₁ = Φ_{t₀,t₁}(x), batch-major; x₁ may be x.
    void flow(const T& t0, const T& t1, std::span<const T> x, std::span<T> x1) const {
        const T alpha0 = at<T>(path, t0).alpha, alpha1 = at<T>(path, t1).alpha;
        const std::vector<T> scale = flow_scale(t0, t1);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const std::size_t j = i % mean.size();
            x1[i] = alpha1 * mean[j] + (x[i] - alpha0 * mean[j]) * scale[j];
        }
    }

    /// The same model as a field.
    [[nodiscard]] GaussianMixture<T> mixture() const {
        return GaussianMixture<T>({{T(1), mean, SmallMatrix<T>::diagonal(variance)}}, path);
    }
};

}  // namespace costate::guidance
