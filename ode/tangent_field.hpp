// (x, ẋ_1, …, ẋ_m)' = (f, ∂f/∂x ẋ_k + ∂f/∂θ θ̇_k): states and forward sensitivities as one field, for an error control that sees both.
#pragma once

#include "ode/coefficients.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::ode {

/// Directions d_k = (ẋ₀, θ̇) in which somebody wants derivatives: rows of n values of x₀ and of P values of θ, m of each; either may be
/// left out, and is zero then.
template <Scalar T>
struct Directions {
    std::vector<T> x, theta;

    /// All of x₀ (of every sample) and θ: a direction an input.
    static Directions every(std::size_t size, std::size_t parameters) {
        Directions all{std::vector<T>((size + parameters) * size, T(0)), std::vector<T>((size + parameters) * parameters, T(0))};
        for (std::size_t i = 0; i < size; ++i) all.x[i * size + i] = T(1);
        for (std::size_t p = 0; p < parameters; ++p) all.theta[(size + p) * parameters + p] = T(1);
        return all;
    }
    /// The one direction of a gradient, its largest entry ±1: what a loss is exposed to.
    static Directions along(View<T> x_bar, View<T> theta_bar)
        requires OrderedScalar<T>
    {
        Directions one{{x_bar.begin(), x_bar.end()}, {theta_bar.begin(), theta_bar.end()}};
        T most(0);
        for (const std::vector<T>* v : {&one.x, &one.theta})
            for (const T& e : *v) most = std::max(most, e < T(0) ? T(-e) : e);
        if (most == T(0)) return one;
        for (std::vector<T>* v : {&one.x, &one.theta})
            for (T& e : *v) e /= most;
        return one;
    }
};

/// Its state is [x | ẋ_1 | … | ẋ_m], n = batch · dim values each; it is one sample, so dim() = (1 + m) n. One jvp of f a direction, and f's
/// value comes with it. Refers to f, which must outlive it.
template <class F, Scalar T>
    requires DifferentiableField<F, T>
class TangentField {
public:
    /// Throws std::invalid_argument for directions that are no whole rows, or as many of x as of θ.
    TangentField(F& f, std::size_t n, const Directions<T>& directions) : f_(&f), n_(n), theta_(directions.theta) {
        const std::size_t parameters = f.parameter_count();
        const auto rows = [](std::size_t values, std::size_t row) { return row == 0 ? 0 : values / row; };
        const std::size_t of_x = rows(directions.x.size(), n), of_theta = rows(theta_.size(), parameters);
        if (of_x * n != directions.x.size() || of_theta * parameters != theta_.size() || (of_x != 0 && of_theta != 0 && of_x != of_theta) || of_x + of_theta == 0)
            throw std::invalid_argument("tangent field: directions of x have " + std::to_string(directions.x.size()) + " values and those of theta " +
                                        std::to_string(theta_.size()) + "; give rows of " + std::to_string(n) + " and of " + std::to_string(parameters) +
                                        ", as many of both, or leave one of them out");
        count_ = std::max(of_x, of_theta);
        start_ = directions.x;
        start_.resize(count_ * n, T(0));
    }

    [[nodiscard]] std::size_t dim() const { return (1 + count_) * n_; }
    [[nodiscard]] std::size_t directions() const { return count_; }

    /// [x₀ | ẋ₀].
    void start(View<T> x0, std::vector<T>& state) const {
        state.assign(x0.begin(), x0.end());
        state.insert(state.end(), start_.begin(), start_.end());
    }

    void operator()(const T& t, std::span<const T> state, std::span<T> slope) {
        const std::span<const T> x = state.first(n_);
        const std::size_t parameters = theta_.size() / count_;
        for (std::size_t k = 1; k <= count_; ++k) {
            const auto theta_dot = std::span<const T>(theta_).subspan((k - 1) * parameters, parameters);
            f_->jvp(t, x, T(0), state.subspan(k * n_, n_), theta_dot, slope.first(n_), slope.subspan(k * n_, n_));
        }
    }

private:
    F* f_;
    std::size_t n_, count_ = 0;
    std::vector<T> theta_, start_;
};

}  // namespace costate::ode
