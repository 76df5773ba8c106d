// x_b(t₁) for a batch in which every sample steps by itself: samples take the lanes that others leave.
#pragma once

#include "ode/adaptive/batch_run.hpp"
#include "ode/adaptive/solve.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>

namespace costate::ode {

namespace detail {

/// One grid for all, told sample by sample.
template <OrderedScalar T, class F>
void solve_on_common_grid(const PairCoefficients<T>& pair, F& f, const T& t0, const T& t1, std::span<const T> x0, const AdaptiveOptions<T>& options,
                          BatchWorkspace<T>& ws, BatchResult<T>& result) {
    const std::size_t dim = f.dim(), batch = x0.size() / dim;
    solve_adaptive<T>(pair, f, t0, t1, x0, options, ws.common, ws.shared);
    const AdaptiveResult<T>& all = ws.shared;
    const auto row = [dim](const std::vector<T>& from, std::size_t r) { return from.begin() + static_cast<std::ptrdiff_t>(r * dim); };
    result.samples.resize(batch);
    for (std::size_t b = 0; b < batch; ++b) {
        AdaptiveResult<T>& own = result.samples[b];
        own.status = all.status;
        own.times = all.times;
        own.counts = all.counts;
        own.x1.assign(row(all.x1, b), row(all.x1, b + 1));
        own.saved.clear();
        for (std::size_t s = 0; s * batch * dim < all.saved.size(); ++s)
            own.saved.insert(own.saved.end(), row(all.saved, s * batch + b), row(all.saved, s * batch + b + 1));
    }
    result.counts = {all.counts.evaluations, all.counts.evaluations * batch, all.counts.evaluations * batch};
}

}  // namespace detail

/// Every sample of x₀ (batch-major) from t₀ to t₁.
///   per_sample   result.samples[b] is what solve_adaptive returns for x_b alone, bitwise, whoever else is in the batch and however many lanes there
///                are (a status names the sample). All active samples attempt a step at once; one that arrives or fails gives its lane to the next
///                of the batch, and when there is none left the last lane moves up: f sees active rows only.
///   common       solve_adaptive on the batch: steps as short as the hardest sample asks, the status of all.
/// f is evaluated at a time a row (evaluate_at_times). hook(step) hears of every accepted LaneStep of the first mode.
/// Of memory it asks for the results, and for a list of the lanes; the rest lives in ws.
/// Throws std::invalid_argument as solve_adaptive, and for 0 lanes.
template <OrderedScalar T, class F, class Hook = NoHook>
    requires VectorField<F, T>
void solve_batch(const PairCoefficients<T>& pair, F& f, const std::type_identity_t<T>& t0, const std::type_identity_t<T>& t1, View<T> x0,
                 const AdaptiveOptions<std::type_identity_t<T>>& options, const BatchOptions& how, BatchWorkspace<T>& ws, BatchResult<T>& result,
                 Hook&& hook = {}) {
    detail::check_adaptive<T>(f, t0, t1, x0.size(), options);
    if (how.lanes == 0) throw std::invalid_argument("solve_batch: there are 0 lanes; give at least 1, best a multiple of the vector width");
    if (how.steps == BatchSteps::common) return detail::solve_on_common_grid<T>(pair, f, t0, t1, x0, options, ws, result);
    detail::BatchRun<T, F>(pair, f, t0, t1, x0, options, how, ws, result)(hook);
}

/// The same with a workspace of its own.
template <OrderedScalar T, class F, class Hook = NoHook>
    requires VectorField<F, T>
BatchResult<T> solve_batch(const Tableau& tableau, F& f, const T& t0, const std::type_identity_t<T>& t1, View<T> x0,
                           const AdaptiveOptions<std::type_identity_t<T>>& options = {}, const BatchOptions& how = {}, Hook&& hook = {}) {
    BatchWorkspace<T> ws;
    BatchResult<T> result;
    solve_batch<T>(PairCoefficients<T>(tableau), f, t0, t1, x0, options, how, ws, result, std::forward<Hook>(hook));
    return result;
}

}  // namespace costate::ode
