// L(z) = ℓ(c z): what a study differentiates, as a function of the variables that the flow ends with; c z is x(t₁).
#pragma once

#include "guidance/losses.hpp"

#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace costate::guidance::detail {

/// A SeparableLoss, ℓ a squared distance or a linear observation, or parts of them, which are views of it; compiled once a scalar and not in every gradient method again.
template <class T>
class StudyLoss {
public:
    using Any = std::variant<ode::SquaredDistance<T>, LinearObservation<T>, typename ode::SquaredDistance<T>::Part, typename LinearObservation<T>::Part>;

    explicit StudyLoss(Any loss, T c = T(1)) : loss_(std::move(loss)), c_(std::move(c)) {}

    [[nodiscard, gnu::noinline]] T operator()(std::span<const T> z) const {
        if (c_ == T(1)) return of_x(z);
        return of_x(scaled(z));
    }

    /// z̄ = c ∇ℓ(c z)
    [[gnu::noinline]] void gradient(std::span<const T> z, std::span<T> z_bar) const {
        if (c_ == T(1)) return gradient_of_x(z, z_bar);
        gradient_of_x(scaled(z), z_bar);
        for (T& value : z_bar) value *= c_;
    }

    /// The loss of the values [first, first + count), whole samples; this object has to outlive it.
    [[nodiscard]] StudyLoss part(std::size_t first, std::size_t count) const {
        return std::visit([&]<class L>(const L& loss) -> StudyLoss {
            if constexpr (requires { loss.part(first, count); }) return StudyLoss(loss.part(first, count), c_);
            else throw std::invalid_argument("study loss: a part has no parts; take them from the whole loss");
        }, loss_);
    }

private:
    [[nodiscard]] std::vector<T> scaled(std::span<const T> z) const {
        std::vector<T> x(z.begin(), z.end());
        for (T& value : x) value *= c_;
        return x;
    }
    [[nodiscard]] T of_x(std::span<const T> x) const {
        return std::visit([&](const auto& loss) { return loss(x); }, loss_);
    }
    void gradient_of_x(std::span<const T> x, std::span<T> x_bar) const {
        std::visit([&](const auto& loss) { loss.gradient(x, x_bar); }, loss_);
    }

    Any loss_;
    T c_;
};

}  // namespace costate::guidance::detail
