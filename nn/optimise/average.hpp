// The running mean of parameters: what a trained flow samples with.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::nn {

/// θ̃ ← θ in the first update, then θ̃ ← β θ̃ + (1 − β) θ: the exponential moving average, about the last 1/(1 − β) parameters.
template <std::floating_point T>
class MovingAverage {
public:
    T decay;  ///< β

    /// Of `size` parameters. Throws std::invalid_argument for a β outside [0, 1).
    MovingAverage(std::size_t size, T beta) : decay(beta), mean_(size) {
        if (!(T(0) <= beta && beta < T(1))) throw std::invalid_argument("MovingAverage: the decay lies outside [0, 1); 0.999 is usual");
    }

    /// Allocates nothing. Throws std::invalid_argument for another size.
    void update(std::span<const T> theta) {
        if (theta.size() != mean_.size())
            throw std::invalid_argument("MovingAverage: it was made for " + std::to_string(mean_.size()) + " parameters and was given " +
                                        std::to_string(theta.size()) + "; make one for that size");
        const T share = updates_++ == 0 ? T(1) : T(1) - decay;
        for (std::size_t i = 0; i < theta.size(); ++i) mean_[i] += share * (theta[i] - mean_[i]);
    }

    /// θ̃; zeros before the first update.
    [[nodiscard]] std::span<const T> values() const { return mean_; }
    [[nodiscard]] std::size_t updates() const { return updates_; }

private:
    std::vector<T> mean_;
    std::size_t updates_ = 0;
};

}  // namespace costate::nn
