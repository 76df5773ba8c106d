// x(t) at any time of a solve, kept step by step: listen with it, ask it later.
#pragma once

#include "ode/adaptive/accepted_step.hpp"
#include "ode/adaptive/options.hpp"
#include "ode/adaptive/pair.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace costate::ode {

/// The pair's own interpolant on every step: S + extra slopes and the state at its start are kept, and the last end. A hook of solve_adaptive.
template <OrderedScalar T>
class DenseOutput {
public:
    explicit DenseOutput(PairCoefficients<T> pair) : pair_(std::move(pair)) { scratch_.weights.resize(pair_.stages + pair_.extra); }

    void operator()(AcceptedStep<T>& step) {
        if (times_.empty()) times_.push_back(step.t);
        times_.push_back(step.t_next);
        const std::span<const T> slopes = step.all_slopes();
        size_ = step.x.size();
        states_.insert(states_.end(), step.x.begin(), step.x.end());
        slopes_.insert(slopes_.end(), slopes.begin(), slopes.end());
        end_.assign(step.x_next.begin(), step.x_next.end());
    }

    /// For another solve; keeps its memory.
    void clear() {
        for (std::vector<T>* v : {&times_, &states_, &slopes_, &end_}) v->clear();
    }

    /// t₀, …, as listened to.
    [[nodiscard]] std::span<const T> times() const { return times_; }

    /// out = x(t). Throws std::invalid_argument for a time outside of the steps kept or an out of another size.
    void at(const T& t, std::span<T> out) {
        const bool ahead = times_.size() < 2 || times_.front() < times_.back();
        const auto before = [ahead](const T& a, const T& b) { return ahead ? a < b : b < a; };
        if (times_.size() < 2 || out.size() != size_ || before(t, times_.front()) || before(times_.back(), t))
            throw std::invalid_argument("dense output: no step that was kept contains this time, or the result has another size than the "
                                        "state; ask between t0 and the end of the solve that was listened to");
        if (t == times_.back()) return static_cast<void>(std::copy(end_.begin(), end_.end(), out.begin()));
        const auto n = static_cast<std::size_t>(std::upper_bound(times_.begin(), times_.end(), t, before) - times_.begin()) - 1;
        const std::size_t block = (pair_.stages + pair_.extra) * size_;
        const std::span<const T> x = std::span<const T>(states_).subspan(n * size_, size_);
        if (t == times_[n]) return static_cast<void>(std::copy(x.begin(), x.end(), out.begin()));
        const T h = times_[n + 1] - times_[n];
        detail::interpolate<T>(pair_, (t - times_[n]) / h, h, x, std::span<const T>(slopes_).subspan(n * block, block), scratch_, out);
    }

    [[nodiscard]] std::size_t bytes() const {
        return detail::bytes_of(times_) + detail::bytes_of(states_) + detail::bytes_of(slopes_) + detail::bytes_of(end_) + scratch_.bytes();
    }

private:
    PairCoefficients<T> pair_;
    AdaptiveWorkspace<T> scratch_;
    std::vector<T> times_, states_, slopes_, end_;
    std::size_t size_ = 0;
};

}  // namespace costate::ode
