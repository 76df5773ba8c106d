// x_i' = p_i y - q_i x_i³ + r_i x_i y + s_i t x_i,  y = x_(i+1) (cyclic): d equations of degree 3, non-autonomous, in any scalar.
#pragma once

#include "scalar/traits.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace costate::claims {

/// A DifferentiableField. θ = (p₀, q₀, r₀, s₀, p₁, …): four parameters an equation.
template <Scalar T>
class PolynomialField {
public:
    PolynomialField(std::size_t dim, std::vector<T> theta) : dim_(dim), theta_(std::move(theta)) {}

    [[nodiscard]] std::size_t dim() const { return dim_; }
    [[nodiscard]] std::size_t parameter_count() const { return theta_.size(); }

    void operator()(const T& t, std::span<const T> x, std::span<T> dx) const {
        each(x.size(), [&](std::size_t i, std::size_t next, const T* c) {
            dx[i] = c[0] * x[next] - c[1] * x[i] * x[i] * x[i] + c[2] * x[i] * x[next] + c[3] * t * x[i];
        });
    }

    void vjp(const T& t, std::span<const T> x, std::span<const T> lambda, std::span<T> x_bar, std::span<T> theta_bar, T& t_bar) const {
        each(x.size(), [&](std::size_t i, std::size_t next, const T* c) {
            const T& l = lambda[i];
            if (!x_bar.empty()) {
                x_bar[i] += l * (c[2] * x[next] + c[3] * t - T(3) * c[1] * x[i] * x[i]);
                x_bar[next] += l * (c[0] + c[2] * x[i]);
            }
            if (!theta_bar.empty()) {
                T* bar = theta_bar.data() + 4 * (i % dim_);
                bar[0] += l * x[next];
                bar[1] += -(l * x[i] * x[i] * x[i]);
                bar[2] += l * x[i] * x[next];
                bar[3] += l * t * x[i];
            }
            t_bar += l * c[3] * x[i];
        });
    }

    void jvp(const T& t, std::span<const T> x, const T& t_dot, std::span<const T> x_dot, std::span<const T> theta_dot, std::span<T> dx,
             std::span<T> dx_dot) const {
        (*this)(t, x, dx);
        each(x.size(), [&](std::size_t i, std::size_t next, const T* c) {
            dx_dot[i] = (c[2] * x[next] + c[3] * t - T(3) * c[1] * x[i] * x[i]) * x_dot[i] + (c[0] + c[2] * x[i]) * x_dot[next] + c[3] * x[i] * t_dot;
            if (theta_dot.empty()) return;
            const T* dot = theta_dot.data() + 4 * (i % dim_);
            dx_dot[i] += dot[0] * x[next] - dot[1] * x[i] * x[i] * x[i] + dot[2] * x[i] * x[next] + dot[3] * t * x[i];
        });
    }

private:
    // visit(i, index of the next coordinate of the sample, coefficients of the equation) for every value of the batch.
    template <class Visit>
    void each(std::size_t size, Visit&& visit) const {
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t k = i % dim_;
            visit(i, i - k + (k + 1) % dim_, theta_.data() + 4 * k);
        }
    }

    std::size_t dim_;
    std::vector<T> theta_;
};

}  // namespace costate::claims
