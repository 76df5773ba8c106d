// Adam: the gradient by its running mean and mean square, each entry at a pace of its own.
#pragma once

#include "nn/optimise/progress.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::nn {

template <std::floating_point T>
struct AdamOptions {
    T rate = T(1e-3);           ///< η; may be changed between steps
    T decay = T(0.9);           ///< β₁ of the mean
    T decay_square = T(0.999);  ///< β₂ of the mean square
    T epsilon = T(1e-8);
    T weight_decay = T(0);  ///< λ, apart from the gradient: AdamW
};

/// m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  θ ← θ − η m̂ / (√v̂ + ε),  m̂ = m/(1 − β₁ⁿ), v̂ = v/(1 − β₂ⁿ) in step n = 1, 2, …
/// Kingma and Ba 2015, algorithm 1. With λ > 0 each step begins with θ ← (1 − ηλ) θ, which the means do not see: AdamW, Loshchilov and Hutter
/// 2019, algorithm 2. The first step is −η g/(|g| + ε): its length does not depend on the scale of the loss. A value: copied,
/// it goes on from the same place.
template <std::floating_point T>
class Adam {
public:
    AdamOptions<T> options;

    /// Of `size` parameters, m = v = 0. Throws std::invalid_argument for decays outside [0, 1), an ε or a λ below 0.
    explicit Adam(std::size_t size, const AdamOptions<T>& given = {}) : options(given), mean_(size), square_(size) {
        const auto decays = [](T beta) { return T(0) <= beta && beta < T(1); };
        if (!decays(options.decay) || !decays(options.decay_square) || !(options.epsilon >= T(0)) || !(options.weight_decay >= T(0)))
            throw std::invalid_argument(
                "Adam: a decay lies outside [0, 1), or epsilon or the weight decay is negative; the usual ones are 0.9, 0.999, 1e-8 and 0.01");
    }

    /// One step with g = ∇L(θ). Allocates nothing. Throws std::invalid_argument for other sizes than that of this object, std::domain_error for
    /// a loss or an entry of the gradient that is not finite; θ and this object are then as before.
    void step(T loss, std::span<const T> gradient, std::span<T> theta) {
        if (gradient.size() != mean_.size() || theta.size() != mean_.size())
            throw std::invalid_argument("Adam: it was made for " + std::to_string(mean_.size()) + " parameters and was given " + std::to_string(theta.size()) +
                                        " and a gradient of " + std::to_string(gradient.size()) + "; make one for that size");
        if (!std::isfinite(loss) || detail::first_non_finite(gradient) < gradient.size())
            throw std::domain_error("Adam, step " + std::to_string(steps_ + 1) + ": " + detail::what_is_not_finite(loss, gradient) +
                                    " is not finite; lower the rate or begin elsewhere");
        ++steps_;
        mean_left_ *= options.decay;
        square_left_ *= options.decay_square;
        const T mean_scale = T(1) / (T(1) - mean_left_), square_scale = T(1) / (T(1) - square_left_);
        for (std::size_t i = 0; i < theta.size(); ++i) {
            const T g = gradient[i];
            mean_[i] = options.decay * mean_[i] + (T(1) - options.decay) * g;
            square_[i] = options.decay_square * square_[i] + (T(1) - options.decay_square) * g * g;
            const T decayed = (T(1) - options.rate * options.weight_decay) * theta[i];
            theta[i] = decayed - options.rate * (mean_[i] * mean_scale) / (std::sqrt(square_[i] * square_scale) + options.epsilon);
        }
    }

    [[nodiscard]] std::size_t steps() const { return steps_; }

private:
    std::vector<T> mean_, square_;             // m, v
    T mean_left_ = T(1), square_left_ = T(1);  // β₁ⁿ, β₂ⁿ
    std::size_t steps_ = 0;
};

}  // namespace costate::nn
