// f(t₀, x_b) and the first step of every sample, in full calls before the first lane is filled.
#pragma once

#include "ode/adaptive/batch_lanes.hpp"
#include "ode/adaptive/initial_step.hpp"
#include "ode/adaptive/step_control.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode::detail {

/// Leaves slopes and lengths in the workspace; a sample that is not to be solved has its status, or the whole of its interval behind it.
template <OrderedScalar T, class F>
class BatchStart {
public:
    BatchStart(const T& t0, const T& t1, std::span<const T> x0, const AdaptiveOptions<T>& options, double order, BatchCalls<T, F> call, std::size_t dim,
               BatchWorkspace<T>& ws, BatchResult<T>& result)
        : t0_(t0), t1_(t1), start_(x0), options_(options), call_(call), dim_(dim), ws_(ws), result_(result), rule_{options.tolerance, dim, order} {}

    void operator()() {
        std::vector<std::size_t>& waiting = ws_.waiting;
        waiting.clear();
        for (std::size_t b = 0; b < result_.samples.size(); ++b)
            if (begin(b)) waiting.push_back(b);
        for (std::size_t at = 0; at < waiting.size(); at += call_.lanes)
            first_slopes(std::span<const std::size_t>(waiting).subspan(at, std::min(call_.lanes, waiting.size() - at)));
    }

private:
    [[nodiscard]] std::span<const T> start_of(std::size_t b) const { return start_.subspan(b * dim_, dim_); }
    std::span<T> row(std::vector<T>& v, std::size_t r) { return std::span<T>(v).subspan(r * dim_, dim_); }

    /// Whether sample b is to be solved at all.
    bool begin(std::size_t b) {
        AdaptiveResult<T>& r = result_.samples[b];
        const std::span<const T> x = start_of(b);
        r.status = {};
        r.counts = {};
        r.times.assign(1, t0_);
        r.saved.clear();
        r.x1.assign(x.begin(), x.end());
        r.status.t = ScalarTraits<T>::to_double(t0_);
        if (!all_finite<T>(x)) return fail(b, NonFinite::In::state, x);
        if (t0_ == t1_) return save_here<T>(options_, t0_, x, r), false;
        return options_.max_evaluations >= 2 || StepControl<T>{}.fail(r.status, Outcome::too_many_evaluations, options_.max_evaluations);
    }
    bool fail(std::size_t b, NonFinite::In in, std::span<const T> v) {
        Status& status = result_.samples[b].status;
        status.non_finite = NonFinite{in, 1, 1, ScalarTraits<T>::to_double(t0_), 0, b, first_bad<T>(v)};
        return StepControl<T>{}.fail(status, Outcome::non_finite, 0);
    }

    void first_slopes(std::span<const std::size_t> samples) {
        for (std::size_t r = 0; r < samples.size(); ++r) {
            ws_.times[r] = t0_;
            copy_row<T>(start_of(samples[r]), row(ws_.packed, r));
            ++result_.samples[samples[r]].counts.evaluations;
        }
        call_(std::span<const T>(ws_.times).first(samples.size()), ws_.packed, ws_.packed_slopes);
        std::vector<std::size_t>& going = ws_.going;
        going.clear();
        for (std::size_t r = 0; r < samples.size(); ++r) {
            const std::span<T> k = row(ws_.packed_slopes, r);
            copy_row<T>(k, row(ws_.slopes, samples[r]));
            if (!all_finite<T>(k)) fail(samples[r], NonFinite::In::slope, k);
            else if (options_.first_step > T(0)) ws_.first_steps[samples[r]] = options_.first_step;
            else going.push_back(samples[r]);
        }
        if (!going.empty()) first_lengths(going);
    }

    /// As AdaptiveRun::first_step.
    void first_lengths(std::span<const std::size_t> samples) {
        const T direction = t1_ < t0_ ? T(-1) : T(1), length = StepControl<T>::size_of(T(t1_ - t0_));
        for (std::size_t r = 0; r < samples.size(); ++r) {
            const std::span<const T> x = start_of(samples[r]), k = row(ws_.slopes, samples[r]);
            const T euler = direction * std::min(rule_.euler_step(x, k), length);
            ws_.first_steps[samples[r]] = euler;
            ws_.times[r] = t0_ + euler;
            copy_row<T>(x, row(ws_.packed, r));
            kernels::axpy<T>(euler, k, row(ws_.packed, r));
            ++result_.samples[samples[r]].counts.evaluations;
        }
        call_(std::span<const T>(ws_.times).first(samples.size()), ws_.packed, ws_.packed_slopes);
        for (std::size_t r = 0; r < samples.size(); ++r) {
            const std::span<T> change = row(ws_.packed_slopes, r);
            T& h = ws_.first_steps[samples[r]];
            kernels::sub<T>(change, row(ws_.slopes, samples[r]), change);
            h = std::min(rule_.from_change(start_of(samples[r]), row(ws_.slopes, samples[r]), change, StepControl<T>::size_of(h)), length);
        }
    }

    T t0_, t1_;
    std::span<const T> start_;
    const AdaptiveOptions<T>& options_;
    BatchCalls<T, F> call_;
    std::size_t dim_;
    BatchWorkspace<T>& ws_;
    BatchResult<T>& result_;
    FirstStep<T> rule_;
};

}  // namespace costate::ode::detail
