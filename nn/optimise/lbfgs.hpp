// L-BFGS: Newton's method with an inverse Hessian made of the last few steps.
#pragma once

#include "kernels/elementwise.hpp"
#include "kernels/reduce.hpp"
#include "nn/optimise/progress.hpp"
#include "nn/optimise/secant_pairs.hpp"
#include "nn/optimise/strong_wolfe.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::nn {

/// T objective(θ, g): L(θ), with g = ∇L(θ) assigned.
template <class F, class T>
concept Objective = requires(F& objective, std::span<const T> theta, std::span<T> gradient) {
    { objective(theta, gradient) } -> std::convertible_to<T>;
};

template <std::floating_point T>
struct LbfgsOptions {
    std::size_t memory = 10;  ///< pairs; 0 is steepest descent
    WolfeOptions<T> wolfe = {};
    T tolerance = T(0);       ///< converged where max |∂L/∂θ_i| is at most that
};

/// θ ← θ − α H ∇L(θ), H by SecantPairs, α by StrongWolfe with first trial 1 (without pairs: at most a step of length 1). Liu and Nocedal 1989.
/// A value: copied, it goes on from the same place. Allocates nothing beyond its construction.
template <std::floating_point T>
class Lbfgs {
public:
    explicit Lbfgs(std::size_t size, const LbfgsOptions<T>& options = {})
        : options_(options), pairs_(size, options.memory), gradient_(size), trial_(size), trial_gradient_(size), direction_(size) {}

    /// L and ∇L at θ, no pairs: due before the first step, and when θ or the loss was changed by others.
    /// Throws std::invalid_argument for another size than that of this object.
    template <Objective<T> F>
    const MinimiserStatus& begin(F&& objective, std::span<const T> theta) {
        check(theta.size());
        pairs_.clear();
        status_ = {};
        loss_ = objective(theta, std::span<T>(gradient_));
        status_.evaluations = 1;
        account(std::isfinite(loss_) && detail::first_non_finite<T>(gradient_) == gradient_.size() ? Progress::descending : Progress::non_finite);
        return status_;
    }

    /// One step, the loss lower by the Wolfe conditions; none where status().descending() does not hold. A search that fails is tried again along
    /// the negative gradient without pairs; when that fails too the status is `stalled` and θ as before. Throws as begin.
    template <Objective<T> F>
    const MinimiserStatus& step(F&& objective, std::span<T> theta) {
        check(theta.size());
        if (!status_.descending()) return status_;
        const bool had_pairs = pairs_.count() > 0;
        if (search(objective, theta)) return status_;
        pairs_.clear();
        if (!had_pairs || !search(objective, theta)) account(Progress::stalled);
        return status_;
    }

    /// begin and at most `steps` steps.
    template <Objective<T> F>
    const MinimiserStatus& minimise(F&& objective, std::span<T> theta, std::size_t steps) {
        begin(objective, theta);
        for (std::size_t n = 0; n < steps && status_.descending(); ++n) step(objective, theta);
        return status_;
    }

    [[nodiscard]] const MinimiserStatus& status() const { return status_; }
    [[nodiscard]] T loss() const { return loss_; }
    [[nodiscard]] std::span<const T> gradient() const { return gradient_; }

private:
    /// θ and all that goes with it moves where the search succeeds.
    template <class F>
    bool search(F& objective, std::span<T> theta) {
        kernels::negate<T>(gradient_, direction_);
        pairs_.multiply(direction_);
        const T slope = kernels::dot<T>(gradient_, direction_);
        if (!(slope < T(0))) return false;
        const auto phi = [&](T at) {
            for (std::size_t i = 0; i < theta.size(); ++i) trial_[i] = theta[i] + at * direction_[i];
            const T value = objective(std::span<const T>(trial_), std::span<T>(trial_gradient_));
            ++status_.evaluations;
            return LinePoint<T>{at, value, kernels::dot<T>(trial_gradient_, direction_)};
        };
        StrongWolfe<T, decltype(phi)> line(phi, options_.wolfe);
        const T first = pairs_.count() > 0 ? T(1) : std::min(T(1), T(1) / std::sqrt(-slope));
        if (!line(loss_, slope, first)) return false;
        accept(line.point().value, theta);
        return true;
    }

    void accept(T value, std::span<T> theta) {
        for (std::size_t i = 0; i < theta.size(); ++i) {
            direction_[i] = trial_[i] - theta[i];
            theta[i] = trial_[i];
            gradient_[i] = trial_gradient_[i] - gradient_[i];
        }
        pairs_.push(direction_, gradient_);
        gradient_.swap(trial_gradient_);
        loss_ = value;
        ++status_.steps;
        account(Progress::descending);
    }

    void account(Progress progress) {
        T steepest(0);
        for (const T& entry : gradient_) steepest = std::max(steepest, std::abs(entry));
        status_.loss = static_cast<double>(loss_);
        status_.steepest = static_cast<double>(steepest);
        status_.progress = progress == Progress::descending && steepest <= options_.tolerance ? Progress::converged : progress;
    }
    void check(std::size_t size) const {
        if (size != gradient_.size())
            throw std::invalid_argument("L-BFGS: it was made for " + std::to_string(gradient_.size()) + " parameters and was given " + std::to_string(size) +
                                        "; make one for that size");
    }

    LbfgsOptions<T> options_;
    SecantPairs<T> pairs_;
    T loss_{};
    std::vector<T> gradient_, trial_, trial_gradient_, direction_;
    MinimiserStatus status_;
};

}  // namespace costate::nn
