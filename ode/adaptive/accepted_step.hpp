// One accepted step as those see it who listen: dense output, events, checkpoints.
#pragma once

#include "kernels/reduce.hpp"
#include "ode/adaptive/options.hpp"
#include "ode/adaptive/pair.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

namespace costate::ode {

namespace detail {

/// x(t + τh) = x₀ + h Σ w_i(τ) k_i; out is none of the inputs.
template <Scalar T>
void interpolate(const PairCoefficients<T>& pair, const T& tau, const T& h, std::span<const T> x0, std::span<const T> k, AdaptiveWorkspace<T>& ws,
                 std::span<T> out) {
    const std::span<T> w(ws.weights);
    pair.interpolation_weights(tau, w);
    ws.step.pointers.clear();
    for (std::size_t i = 0; i < w.size(); ++i) ws.step.pointers.push_back(k.data() + i * x0.size());
    kernels::rk_combine<T>(x0, h, std::span<const T>(w), ws.step.pointers, out);
}

/// Whether to go on: a hook that returns nothing always does.
template <class Hook, class Step>
bool call_hook(Hook& hook, Step& step) {
    if constexpr (std::convertible_to<decltype(hook(step)), bool>) return hook(step);
    else return hook(step), true;
}

}  // namespace detail

/// Step n (counted from 0) from (t, x) to (t_next, x_next) with h = t_next − t.
template <Scalar T>
class AcceptedStep {
public:
    std::size_t n = 0;
    T t{}, h{}, t_next{};
    double error = 0;                   ///< ‖e‖ ≤ 1
    std::span<const T> x, x_next;
    std::span<const T> k;               ///< the slopes, S rows; the last is f(t_next, x_next)
    AdaptiveCounts counts;              ///< up to here

    /// x at a time of the step by the pair's interpolant, the ends as they are. Evaluates the interpolant's own stages when first asked.
    void at(const T& time, std::span<T> out) {
        if (time == t || time == t_next) {
            const std::span<const T> end = time == t ? x : x_next;
            std::copy(end.begin(), end.end(), out.begin());
            return;
        }
        detail::interpolate<T>(*pair_, (time - t) / h, h, x, all_slopes(), *ws_, out);
    }

    /// The slopes followed by those of the interpolant's own stages, evaluated when first asked.
    std::span<const T> all_slopes() {
        if (!complete_) complete_stages_(run_);
        complete_ = true;
        return ws_->k;
    }

    AcceptedStep(const PairCoefficients<T>& pair, AdaptiveWorkspace<T>& ws, void* run, void (*complete_stages)(void*))
        : pair_(&pair), ws_(&ws), run_(run), complete_stages_(complete_stages), complete_(pair.extra == 0) {}

private:
    const PairCoefficients<T>* pair_;
    AdaptiveWorkspace<T>* ws_;
    void* run_;
    void (*complete_stages_)(void*);
    bool complete_;
};

}  // namespace costate::ode
