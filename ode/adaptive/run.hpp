// The loop of an adaptive solve: propose a step, try it, accept or reject it.
#pragma once

#include "kernels/elementwise.hpp"
#include "ode/adaptive/accepted_step.hpp"
#include "ode/adaptive/attempt.hpp"
#include "ode/adaptive/check.hpp"
#include "ode/adaptive/initial_step.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

namespace costate::ode::detail {

template <OrderedScalar T, class F>
class AdaptiveRun {
public:
    AdaptiveRun(const PairCoefficients<T>& pair, F& f, const T& t0, const T& t1, std::span<const T> x0, const AdaptiveOptions<T>& options,
                AdaptiveWorkspace<T>& ws, AdaptiveResult<T>& result)
        : pair_(pair), f_(f), t_(t0), t1_(t1), start_(x0), options_(options), ws_(ws), result_(result), n_(x0.size()), length_(size_of(T(t1 - t0))) {}

    template <class Hook>
    void operator()(Hook& hook) {
        begin();
        while (result_.status.ok() && !(t_ == t1_)) {
            if (!propose()) break;
            const double error = attempt();
            if (error <= 1 && end_slope()) accept(error, hook);
            else reject(error <= 1 ? NAN : error);
        }
        Status& status = result_.status;
        status.t = ScalarTraits<T>::to_double(t_);
        status.steps = result_.counts.accepted + result_.counts.rejected;
        result_.x1.assign(ws_.x.begin(), ws_.x.end());
    }

private:
    static T size_of(const T& x) { return x < T(0) ? T(-x) : x; }
    std::span<T> slope(std::size_t i) { return std::span<T>(ws_.k).subspan(i * n_, n_); }

    void evaluate(std::size_t i, std::span<const T> x) {
        ++result_.counts.evaluations;
        f_(t_ + pair_.c[i] * h_, x, slope(i));
        evaluated_ = i + 1;
    }
    void combine(const Terms<T>& terms, std::span<const T> base, std::span<T> out) {
        kernels::rk_combine<T>(base, h_, terms.coefficient, ws_.step.gather(terms.index, ws_.k, n_), out);
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
        result_.times.assign(1, t_);
        result_.saved.clear();
        h_ = T(0);
        if (!finite(ws_.x)) return fail_at_start(NonFinite::In::state, ws_.x);
        if (t_ == t1_) return save_here();
        if (options_.max_evaluations < 2) return fail(Outcome::too_many_evaluations, T(0), options_.max_evaluations);
        evaluate(0, ws_.x);
        if (!finite(slope(0))) return fail_at_start(NonFinite::In::slope, slope(0));
        const T direction = t1_ < t_ ? T(-1) : T(1);
        const T size = options_.first_step > T(0) ? options_.first_step : first_step(direction);
        h_ = direction * std::max(size, least_step());
        save_here();
    }

    T first_step(const T& direction) {
        const FirstStep<T> rule{options_.tolerance, f_.dim(), static_cast<double>(pair_.error_order)};
        const T euler = direction * std::min(rule.euler_step(ws_.x, slope(0)), length_);
        std::copy(ws_.x.begin(), ws_.x.end(), ws_.step.y.begin());
        kernels::axpy<T>(euler, slope(0), std::span<T>(ws_.step.y));
        ++result_.counts.evaluations;
        f_(t_ + euler, std::span<const T>(ws_.step.y), std::span<T>(ws_.x_next));
        kernels::sub<T>(ws_.x_next, slope(0), std::span<T>(ws_.e));
        return std::min(rule.from_change(ws_.x, slope(0), ws_.e, size_of(euler)), length_);
    }

    /// What t can resolve here: ten units of its last digit, and not nothing at t = 0.
    T least_step() const {
        const T eps = std::numeric_limits<T>::epsilon();
        return std::max({T(T(10) * eps * size_of(t_)), T(eps * eps * length_), options_.min_step});
    }

    /// h and t_next from the h wanted; false where a limit is reached.
    bool propose() {
        T size = size_of(h_);
        if (options_.max_step > T(0)) size = std::min(size, options_.max_step);
        const T rest = t1_ - t_;
        const bool last = size_of(rest) <= size * (T(101) / T(100));
        if (!last && !(size >= least_step())) return fail_small(), false;
        const std::size_t steps = result_.counts.accepted + result_.counts.rejected;
        if (steps >= options_.max_steps) return fail(Outcome::too_many_steps, h_, options_.max_steps), false;
        const std::size_t needed = pair_.stages + pair_.extra;
        if (result_.counts.evaluations + needed > options_.max_evaluations)
            return fail(Outcome::too_many_evaluations, h_, options_.max_evaluations), false;
        t_next_ = last ? t1_ : T(t_ + (rest < T(0) ? T(-size) : size));
        h_ = t_next_ - t_;
        return true;
    }

    /// The stages, x_next and ‖e‖.
    double attempt() {
        const Attempt<T> at{ws_.x, ws_.k, ws_.x_next, ws_.e, ws_.second, ws_.zeros};
        std::size_t made = 0;
        if constexpr (AttemptingField<F, T>) made = f_.attempt(pair_.fingerprint, t_, h_, at);
        if (made == 0) made = detail::attempt<T>(pair_, f_, t_, h_, at, ws_.step);
        result_.counts.evaluations += made;
        evaluated_ = made + 1;
        return error_norm<T>(options_.tolerance, f_.dim(), ws_.e, ws_.second, ws_.x, ws_.x_next);
    }

    /// f(t_next, x_next) where the estimate did not need it; false where it is not finite.
    bool end_slope() {
        const std::size_t last = pair_.stages - 1;
        if (pair_.late_end) evaluate(last, ws_.x_next);
        return finite(slope(last));
    }

    template <class Hook>
    void accept(double error, Hook& hook) {
        const T h = h_;
        const double factor = after_acceptance(options_.controller, error, order(), ScalarTraits<T>::to_double(size_of(h)), memory_);
        ++result_.counts.accepted;
        AcceptedStep<T> step(pair_, ws_, this, [](void* run) { static_cast<AdaptiveRun*>(run)->complete(); });
        step.n = result_.counts.accepted - 1;
        step.t = t_;
        step.h = h;
        step.t_next = t_next_;
        step.error = error;
        step.x = ws_.x;
        step.x_next = ws_.x_next;
        step.k = std::span<const T>(ws_.k).first(pair_.stages * n_);
        step.counts = result_.counts;
        save_within(step);
        const bool go_on = call(hook, step);
        result_.times.push_back(t_next_);
        advance();
        h_ = h * T(factor);
        first_bad_.reset();
        if (!go_on) fail(Outcome::stopped, h, 0);
    }

    /// The end becomes the beginning, and its slope the first stage; f(t_next, ·) is evaluated again where t + h rounds to another time.
    void advance() {
        const bool same_time = t_ + h_ == t_next_;
        t_ = t_next_;
        ws_.x.swap(ws_.x_next);
        const std::span<const T> end = slope(pair_.stages - 1);
        std::copy(end.begin(), end.end(), ws_.k.begin());
        if (same_time || t_ == t1_) return;
        h_ = T(0);
        evaluate(0, ws_.x);
    }

    void reject(double error) {
        ++result_.counts.rejected;
        last_bad_ = !(error < HUGE_VAL);
        if (last_bad_ && !first_bad_) first_bad_ = locate();
        h_ *= T(after_rejection(options_.controller, error, order(), memory_));
    }

    void complete() {
        for (std::size_t i = pair_.stages; i < pair_.stages + pair_.extra; ++i) stage(i);
    }

    template <class Hook>
    static bool call(Hook& hook, AcceptedStep<T>& step) {
        if constexpr (std::convertible_to<decltype(hook(step)), bool>) return hook(step);
        else return hook(step), true;
    }

    void save_here() {
        while (saved() < options_.save_at.size() && options_.save_at[saved()] == t_) result_.saved.insert(result_.saved.end(), ws_.x.begin(), ws_.x.end());
    }
    void save_within(AcceptedStep<T>& step) {
        const auto reached = [&](const T& time) { return step.h < T(0) ? time >= t_next_ : time <= t_next_; };
        while (saved() < options_.save_at.size() && reached(options_.save_at[saved()])) {
            const T& time = options_.save_at[saved()];
            result_.saved.resize(result_.saved.size() + n_);
            step.at(time, std::span<T>(result_.saved).last(n_));
        }
    }
    [[nodiscard]] std::size_t saved() const { return result_.saved.size() / n_; }

    [[nodiscard]] double order() const { return static_cast<double>(pair_.error_order); }
    static bool finite(std::span<const T> v) { return std::all_of(v.begin(), v.end(), [](const T& x) { return is_finite(x); }); }

    NonFinite place(NonFinite::In in, std::size_t stage, std::span<const T> v) {
        const auto at = static_cast<std::size_t>(std::find_if(v.begin(), v.end(), [](const T& x) { return !is_finite(x); }) - v.begin());
        const std::size_t dim = f_.dim(), steps = result_.counts.accepted + result_.counts.rejected;
        const T time = in == NonFinite::In::slope ? T(t_ + pair_.c[stage] * h_) : t_;
        return {in, stage + 1, std::max<std::size_t>(steps, 1), ScalarTraits<T>::to_double(time), ScalarTraits<T>::to_double(h_), at / dim, at % dim};
    }
    NonFinite locate() {
        for (std::size_t i = 0; i < evaluated_; ++i)
            if (!finite(slope(i))) return place(NonFinite::In::slope, i, slope(i));
        return place(NonFinite::In::sum, 0, finite(ws_.x_next) ? ws_.e : ws_.x_next);
    }

    void fail(Outcome outcome, const T& h, std::size_t limit) {
        result_.status.outcome = outcome;
        result_.status.h = ScalarTraits<T>::to_double(h);
        result_.status.limit = limit;
    }
    void fail_small() {
        fail(last_bad_ && first_bad_ ? Outcome::non_finite : Outcome::step_too_small, h_, 0);
        result_.status.non_finite = first_bad_;
    }
    void fail_at_start(NonFinite::In in, std::span<const T> v) {
        fail(Outcome::non_finite, h_, 0);
        result_.status.non_finite = place(in, 0, v);
    }

    const PairCoefficients<T>& pair_;
    F& f_;
    T t_, t1_, t_next_{}, h_{};
    std::span<const T> start_;
    const AdaptiveOptions<T>& options_;
    AdaptiveWorkspace<T>& ws_;
    AdaptiveResult<T>& result_;
    std::size_t n_, evaluated_ = 0;
    T length_;  ///< |t₁ − t₀|
    ControllerMemory memory_;
    std::optional<NonFinite> first_bad_;  ///< since the last accepted step
    bool last_bad_ = false;
};

}  // namespace costate::ode::detail
