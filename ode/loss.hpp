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

}  // namespace costate::ode
