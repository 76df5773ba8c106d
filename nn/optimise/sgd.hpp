// Steps along the gradient, with momentum.
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
struct SgdOptions {
    T rate = T(1e-2);       ///< η; may be changed between steps
    T momentum = T(0);      ///< μ
    T weight_decay = T(0);  ///< λ, added to the gradient as λθ
    bool nesterov = false;
};

/// g ← ∇L + λθ,  v ← μ v + g,  θ ← θ − η v  (Polyak 1964), or θ ← θ − η (g + μ v)  (Nesterov 1983, as Sutskever and others 2013 write it);
/// v = 0 before the first step. A value: copied, it goes on from the same place.
template <std::floating_point T>
class Sgd {
public:
    SgdOptions<T> options;

    /// Of `size` parameters. Throws std::invalid_argument for a momentum outside [0, 1), a λ below 0, or Nesterov's step without momentum.
    explicit Sgd(std::size_t size, const SgdOptions<T>& given = {}) : options(given), velocity_(size) {
        const bool momentum = T(0) <= options.momentum && options.momentum < T(1);
        if (!momentum || !(options.weight_decay >= T(0)) || (options.nesterov && options.momentum == T(0)))
            throw std::invalid_argument("SGD: the momentum lies outside [0, 1), the weight decay is negative, or Nesterov's step has no momentum; 0.9 is usual");
    }

    /// One step with ∇L(θ). Allocates nothing. Throws as Adam does: std::invalid_argument for other sizes, std::domain_error for what is not
    /// finite; θ and this object are then as before.
    void step(T loss, std::span<const T> gradient, std::span<T> theta) {
        if (gradient.size() != velocity_.size() || theta.size() != velocity_.size())
            throw std::invalid_argument("SGD: it was made for " + std::to_string(velocity_.size()) + " parameters and was given " +
                                        std::to_string(theta.size()) + " and a gradient of " + std::to_string(gradient.size()) + "; make one for that size");
        if (!std::isfinite(loss) || detail::first_non_finite(gradient) < gradient.size())
            throw std::domain_error("SGD, step " + std::to_string(steps_ + 1) + ": " + detail::what_is_not_finite(loss, gradient) +
                                    " is not finite; lower the rate or begin elsewhere");
        ++steps_;
        for (std::size_t i = 0; i < theta.size(); ++i) {
            const T g = gradient[i] + options.weight_decay * theta[i];
            velocity_[i] = options.momentum * velocity_[i] + g;
            theta[i] -= options.rate * (options.nesterov ? g + options.momentum * velocity_[i] : velocity_[i]);
        }
    }

    [[nodiscard]] std::size_t steps() const { return steps_; }

private:
    std::vector<T> velocity_;
    std::size_t steps_ = 0;
};

}  // namespace costate::nn
