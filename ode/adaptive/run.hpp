// The loop of an adaptive solve: propose a step, try it, accept or reject it.
#pragma once

#include "kernels/elementwise.hpp"
#include "ode/adaptive/accepted_step.hpp"
#include "ode/adaptive/attempt.hpp"
#include "ode/adaptive/initial_step.hpp"
#include "ode/adaptive/step_control.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace costate::ode::detail {

template <OrderedScalar T, class F>
class AdaptiveRun {
public:
    AdaptiveRun(const PairCoefficients<T>& pair, F& f, const T& t0, const T& t1, std::span<const T> x0, const AdaptiveOptions<T>& options,
                AdaptiveWorkspace<T>& ws, AdaptiveResult<T>& result)
        : pair_(pair), f_(f), start_(x0), options_(options), ws_(ws), result_(result), n_(x0.size()),
          at_{.t = t0, .t1 = t1, .length = size_of(T(t1 - t0)), .needed = pair.stages + pair.extra, .order = static_cast<double>(pair.error_order)} {}

    template <class Hook>
    void operator()(Hook& hook) {
        begin();
        while (result_.status.ok() && !at_.arrived()) {
            if (!at_.propose(options_, result_.counts, result_.status)) break;
            const double error = attempt();
            if (error <= 1 && end_slope()) accept(error, hook);
            else reject(error <= 1 ? NAN : error);
        }
        Status& status = result_.status;
        status.t = ScalarTraits<T>::to_double(at_.t);
        status.steps = result_.counts.accepted + result_.counts.rejected;
        result_.x1.assign(ws_.x.begin(), ws_.x.end());
    }

private:
    static T size_of(const T& x) { return StepControl<T>::size_of(x); }
    std::span<T> slope(std::size_t i) { return std::span<T>(ws_.k).subspan(i * n_, n_); }

    void evaluate(std::size_t i, std::span<const T> x) {
        ++result_.counts.evaluations;
        f_(at_.t + pair_.c[i] * at_.h, x, slope(i));
        evaluated_ = i + 1;
    }
    void combine(const Terms<T>& terms, std::span<const T> base, std::span<T> out) {
        kernels::rk_combine<T>(base, at_.h, terms.coefficient, ws_.step.gather(terms.index, ws_.k, n_), out);
    }
    /// x + h Σ a_ij k_j and the slope there.
    void stage(std::size_t i) {
        combine(pair_.rows[i], ws_.x, ws_.step.y);
        evaluate(i, ws_.step.y);
    }

    void begin() {
        ws_.prepare(pair_.stages, pair_.extra, n_, !pair_.second.empty());
        std::copy(start_.begin(), start_.end(), ws_.x.begin());
        result_.status = {};
        result_.counts = {};
        result_.times.assign(1, at_.t);
        result_.saved.clear();
        if (!all_finite<T>(ws_.x)) return fail_at_start(NonFinite::In::state, ws_.x);
        if (at_.arrived()) return save_here();
        if (options_.max_evaluations < 2) return (void)at_.fail(result_.status, Outcome::too_many_evaluations, options_.max_evaluations);
        evaluate(0, ws_.x);
        if (!all_finite<T>(slope(0))) return fail_at_start(NonFinite::In::slope, slope(0));
        const T direction = at_.direction();
        const T size = options_.first_step > T(0) ? options_.first_step : first_step(direction);
        at_.h = direction * std::max(size, at_.least_step(options_));
        save_here();
    }

    T first_step(const T& direction) {
        const FirstStep<T> rule{options_.tolerance, f_.dim(), at_.order};
        const T euler = direction * std::min(rule.euler_step(ws_.x, slope(0)), at_.length);
        std::copy(ws_.x.begin(), ws_.x.end(), ws_.step.y.begin());
        kernels::axpy<T>(euler, slope(0), std::span<T>(ws_.step.y));
        ++result_.counts.evaluations;
        f_(at_.t + euler, std::span<const T>(ws_.step.y), std::span<T>(ws_.x_next));
        kernels::sub<T>(ws_.x_next, slope(0), std::span<T>(ws_.e));
        return std::min(rule.from_change(ws_.x, slope(0), ws_.e, size_of(euler)), at_.length);
    }

    /// The stages, x_next and ‖e‖.
    double attempt() {
        const Attempt<T> place{ws_.x, ws_.k, ws_.x_next, ws_.e, ws_.second, ws_.zeros};
        std::size_t made = 0;
        if constexpr (AttemptingField<F, T>) made = f_.attempt(pair_.fingerprint, at_.t, at_.h, place);
        if (made == 0) made = detail::attempt<T>(pair_, f_, at_.t, at_.h, place, ws_.step);
        result_.counts.evaluations += made;
        evaluated_ = made + 1;
        return error_norm<T>(options_.tolerance, f_.dim(), ws_.e, ws_.second, ws_.x, ws_.x_next);
    }

    /// f(t_next, x_next) where the estimate did not need it; false where it is not finite.
    bool end_slope() {
        const std::size_t last = pair_.stages - 1;
        if (pair_.late_end) evaluate(last, ws_.x_next);
        return all_finite<T>(slope(last));
    }

    template <class Hook>
    void accept(double error, Hook& hook) {
        const T h = at_.h, next = at_.after(error, options_.controller);
        ++result_.counts.accepted;
        AcceptedStep<T> step(pair_, ws_, this, [](void* run) { static_cast<AdaptiveRun*>(run)->complete(); });
        step.n = result_.counts.accepted - 1;
        step.t = at_.t;
        step.h = h;
        step.t_next = at_.t_next;
        step.error = error;
        step.x = ws_.x;
        step.x_next = ws_.x_next;
        step.k = std::span<const T>(ws_.k).first(pair_.stages * n_);
        step.counts = result_.counts;
        save_within(step);
        const bool go_on = call_hook(hook, step);
        result_.times.push_back(at_.t_next);
        advance();
        at_.h = h;
        if (!go_on) at_.fail(result_.status, Outcome::stopped, 0);
        at_.h = next;
        at_.bad.reset();
    }

    /// The end becomes the beginning, and its slope the first stage; f(t_next, ·) is evaluated again where t + h rounds to another time.
    void advance() {
        const bool same_time = at_.t + at_.h == at_.t_next;
        at_.t = at_.t_next;
        ws_.x.swap(ws_.x_next);
        const std::span<const T> end = slope(pair_.stages - 1);
        std::copy(end.begin(), end.end(), ws_.k.begin());
        if (same_time || at_.arrived()) return;
        at_.h = T(0);
        evaluate(0, ws_.x);
    }

    void reject(double error) {
        ++result_.counts.rejected;
        at_.last_bad = !(error < HUGE_VAL);
        if (at_.last_bad && !at_.bad) at_.bad = locate();
        at_.reject(error, options_.controller);
    }

    void complete() {
        for (std::size_t i = pair_.stages; i < pair_.stages + pair_.extra; ++i) stage(i);
    }

    void save_here() {
        while (saved() < options_.save_at.size() && options_.save_at[saved()] == at_.t) result_.saved.insert(result_.saved.end(), ws_.x.begin(), ws_.x.end());
    }
    void save_within(AcceptedStep<T>& step) {
        const auto reached = [&](const T& time) { return step.h < T(0) ? time >= at_.t_next : time <= at_.t_next; };
        while (saved() < options_.save_at.size() && reached(options_.save_at[saved()])) {
            const T& time = options_.save_at[saved()];
            result_.saved.resize(result_.saved.size() + n_);
            step.at(time, std::span<T>(result_.saved).last(n_));
        }
    }
    [[nodiscard]] std::size_t saved() const { return result_.saved.size() / n_; }

    NonFinite place(NonFinite::In in, std::size_t stage, std::span<const T> v) {
        const std::size_t at = first_bad<T>(v), dim = f_.dim(), steps = result_.counts.accepted + result_.counts.rejected;
        const T time = in == NonFinite::In::slope ? T(at_.t + pair_.c[stage] * at_.h) : at_.t;
        return {in, stage + 1, std::max<std::size_t>(steps, 1), ScalarTraits<T>::to_double(time), ScalarTraits<T>::to_double(at_.h), at / dim, at % dim};
    }
    NonFinite locate() {
        for (std::size_t i = 0; i < evaluated_; ++i)
            if (!all_finite<T>(slope(i))) return place(NonFinite::In::slope, i, slope(i));
        return place(NonFinite::In::sum, 0, all_finite<T>(ws_.x_next) ? ws_.e : ws_.x_next);
    }
    void fail_at_start(NonFinite::In in, std::span<const T> v) {
        at_.fail(result_.status, Outcome::non_finite, 0);
        result_.status.non_finite = place(in, 0, v);
    }

    const PairCoefficients<T>& pair_;
    F& f_;
    std::span<const T> start_;
    const AdaptiveOptions<T>& options_;
    AdaptiveWorkspace<T>& ws_;
    AdaptiveResult<T>& result_;
    std::size_t n_, evaluated_ = 0;
    StepControl<T> at_;
};

}  // namespace costate::ode::detail
