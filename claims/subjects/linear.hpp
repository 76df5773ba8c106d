// ẋ = Ax: linear and autonomous, in any scalar.
#pragma once

#include "scalar/traits.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::claims {

/// A DifferentiableField. θ = A, row-major d × d.
template <Scalar T>
class LinearField {
public:
    LinearField(std::size_t dim, std::vector<T> a) : dim_(dim), a_(std::move(a)) {}

    [[nodiscard]] std::size_t dim() const { return dim_; }
    [[nodiscard]] std::size_t parameter_count() const { return a_.size(); }

    void operator()(const T&, std::span<const T> x, std::span<T> dx) const { multiply(a_, x, dx); }

    void vjp(const T&, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T&) const {
        for (std::size_t row = 0; row < x.size(); row += dim_)
            for (std::size_t i = 0; i < dim_; ++i)
                for (std::size_t j = 0; j < dim_; ++j) {
                    if (!x_bar.empty()) x_bar[row + j] += lambda[row + i] * a_[i * dim_ + j];
                    if (!theta_bar.empty()) theta_bar[i * dim_ + j] += lambda[row + i] * x[row + j];
                }
    }

    void jvp(const T&, std::span<const T> x, const T&, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) const {
        multiply(a_, x, dx);
        multiply(a_, x_dot, dx_dot);
        if (theta_dot.empty()) return;
        std::vector<T> more(x.size());
        multiply(theta_dot, x, more);
        for (std::size_t i = 0; i < x.size(); ++i) dx_dot[i] += more[i];
    }

private:
    void multiply(std::span<const T> a, std::span<const T> x, std::span<T> y) const {
        for (std::size_t row = 0; row < x.size(); row += dim_)
            for (std::size_t i = 0; i < dim_; ++i) {
                T sum = T(0);
                for (std::size_t j = 0; j < dim_; ++j) sum += a[i * dim_ + j] * x[row + j];
                y[row + i] = sum;
            }
    }

    std::size_t dim_;
    std::vector<T> a_;
};

}  // namespace costate::claims
