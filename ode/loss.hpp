// L = ℓ(x(t₁)): losses on the end of a flow.
#pragma once

#include "scalar/traits.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::ode {

/// loss(x₁) = ℓ(x₁), summed over the batch;  loss.gradient(x₁, x̄): x̄ = ∇ℓ(x₁) (assigned, same layout as x₁).
template <class L, class T>
concept TerminalLoss = Scalar<T> && requires(const L& loss, std::span<const T> x1, std::span<T> x_bar) {
    { loss(x1) } -> std::convertible_to<T>;
    loss.gradient(x1, x_bar);
};

/// ℓ(x) = ½ Σ_b ‖x_b − y‖²,  ∇ℓ = x_b − y.
/// y is one sample (compared with every row of the batch) or a whole batch; what is not a multiple of y's size throws
/// std::invalid_argument.
template <Scalar T>
class SquaredDistance {
public:
    explicit SquaredDistance(std::vector<T> y) : y_(std::move(y)) {}

    [[nodiscard]] T operator()(std::span<const T> x1) const {
        check(x1.size());
        T twice = T(0);
        for (std::size_t i = 0; i < x1.size(); ++i) {
            const T difference = x1[i] - y_[i % y_.size()];
            twice += difference * difference;
        }
        return twice / T(2);
    }

    void gradient(std::span<const T> x1, std::span<T> x_bar) const {
        check(x1.size());
        for (std::size_t i = 0; i < x1.size(); ++i) x_bar[i] = x1[i] - y_[i % y_.size()];
    }

    [[nodiscard]] const std::vector<T>& target() const { return y_; }

private:
    void check(std::size_t size) const {
        if (y_.empty() || size % y_.size() != 0)
            throw std::invalid_argument("squared distance: the state has " + std::to_string(size) + " values and the target y " +
                                        std::to_string(y_.size()) + "; give y one sample or the whole batch");
    }

    std::vector<T> y_;
};

/// ℓ(x) = Σ v·x, ∇ℓ = v: the gradient of a flow with this loss is vᵀ∂Φ/∂x.
/// v is a whole batch or one sample for every row; what is not a multiple of v's size throws std::invalid_argument.
template <Scalar T>
class LinearFunctional {
public:
    explicit LinearFunctional(std::vector<T> v) : v_(std::move(v)) {}

    [[nodiscard]] T operator()(std::span<const T> x1) const {
        check(x1.size());
        T sum = T(0);
        for (std::size_t i = 0; i < x1.size(); ++i) sum += v_[i % v_.size()] * x1[i];
        return sum;
    }

    void gradient(std::span<const T> x1, std::span<T> x_bar) const {
        check(x1.size());
        for (std::size_t i = 0; i < x1.size(); ++i) x_bar[i] = v_[i % v_.size()];
    }

private:
    void check(std::size_t size) const {
        if (v_.empty() || size % v_.size() != 0)
            throw std::invalid_argument("linear functional: the state has " + std::to_string(size) + " values and v " + std::to_string(v_.size()) +
                                        "; give v one sample or the whole batch");
    }

    std::vector<T> v_;
};

}  // namespace costate::ode
