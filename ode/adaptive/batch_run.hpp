// The loop of a batch whose samples step by themselves: all lanes try a step at once, each is judged alone.
#pragma once

#include "ode/adaptive/batch_start.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode {

namespace detail {

template <OrderedScalar T, class F>
class BatchRun {
public:
    BatchRun(const PairCoefficients<T>& pair, F& f, const T& t0, const T& t1, std::span<const T> x0, const AdaptiveOptions<T>& options,
             const BatchOptions& how, BatchWorkspace<T>& ws, BatchResult<T>& result)
        : pair_(pair), t0_(t0), t1_(t1), start_(x0), options_(options), ws_(ws), result_(result), dim_(f.dim()), batch_(x0.size() / dim_),
          lanes_(std::min(how.lanes, batch_)), block_(lanes_ * dim_), call_{f, lanes_, result.counts} {}

    template <class Hook>
    void operator()(Hook& hook) {
        ws_.prepare(pair_.stages, pair_.extra, lanes_, dim_, batch_, !pair_.second.empty());
        result_.samples.resize(batch_);
        result_.counts = {};
        BatchStart<T, F>(t0_, t1_, start_, options_, static_cast<double>(pair_.error_order), call_, dim_, ws_, result_)();
        for (fill(); !active_.empty(); fill()) {
            attempt();
            judge(hook);
        }
    }

private:
    struct Lane {
        std::size_t sample = 0;
        StepControl<T> control = {};
        double error = 0;
        bool accepted = false, again = false;  ///< again: f at the new t is not the last slope
    };

    std::span<T> row(std::vector<T>& v, std::size_t lane) { return std::span<T>(v).subspan(lane * dim_, dim_); }
    std::span<T> slope(std::size_t i, std::size_t lane) { return std::span<T>(ws_.k).subspan(i * block_ + lane * dim_, dim_); }
    std::span<T> rows(std::vector<T>& v) { return std::span<T>(v).first(active_.size() * dim_); }
    AdaptiveResult<T>& result_of(std::size_t lane) { return result_.samples[active_[lane].sample]; }

    T stage_time(std::size_t i, std::size_t lane) {
        ++result_of(lane).counts.evaluations;
        return active_[lane].control.t + pair_.c[i] * active_[lane].control.h;
    }
    /// The slope of stage i of all lanes, at x.
    void evaluate_all(std::size_t i, std::span<const T> x) {
        for (std::size_t l = 0; l < active_.size(); ++l) ws_.times[l] = stage_time(i, l);
        call_(std::span<const T>(ws_.times).first(active_.size()), x, std::span<T>(ws_.k).subspan(i * block_, block_));
        evaluated_ = i + 1;
    }
    /// The same of the lanes chosen, packed, at their rows of x.
    template <class Wanted>
    void evaluate_some(std::size_t i, std::vector<T>& x, Wanted&& wanted) {
        std::vector<std::size_t>& some = ws_.going;
        some.clear();
        for (std::size_t l = 0; l < active_.size(); ++l) {
            if (!wanted(active_[l])) continue;
            ws_.times[some.size()] = stage_time(i, l);
            copy_row<T>(row(x, l), row(ws_.packed, some.size()));
            some.push_back(l);
        }
        if (some.empty()) return;
        call_(std::span<const T>(ws_.times).first(some.size()), ws_.packed, ws_.packed_slopes);
        for (std::size_t r = 0; r < some.size(); ++r) copy_row<T>(row(ws_.packed_slopes, r), slope(i, some[r]));
    }
    /// x + h Σ terms of all lanes.
    void combine(const Terms<T>& terms, std::vector<T>& out) {
        if (terms.empty()) return copy_row<T>(rows(ws_.x), rows(out));
        sum_rows<T>(ws_.none, terms, ws_.k, block_, ws_.pointers, rows(ws_.sum));
        add_scaled<T>(rows(ws_.x), ws_.h, rows(ws_.sum), rows(out));
    }
    void estimate(const Terms<T>& terms, std::vector<T>& out) {
        sum_rows<T>(ws_.none, terms, ws_.k, block_, ws_.pointers, rows(out));
        kernels::mul<T>(rows(ws_.h), rows(out), rows(out));
    }

    // ---- lanes
    /// Every lane with a step to try: samples that arrived or failed give theirs away, to the next sample or to the last lane.
    void fill() {
        while (active_.size() < lanes_ && load(active_.size())) {}
        for (std::size_t l = 0; l < active_.size();) {
            AdaptiveResult<T>& r = result_of(l);
            StepControl<T>& control = active_[l].control;
            if (r.status.ok() && !control.arrived() && control.propose(options_, r.counts, r.status)) {
                std::fill_n(row(ws_.h, l).begin(), dim_, control.h);
                ++l;
                continue;
            }
            r.status.t = ScalarTraits<T>::to_double(control.t);
            r.status.steps = r.counts.accepted + r.counts.rejected;
            r.x1.assign(row(ws_.x, l).begin(), row(ws_.x, l).end());
            if (!load(l)) drop(l);
        }
    }
    /// The next sample that needs steps, into a lane, which may be one more; false if there is none.
    bool load(std::size_t l) {
        while (next_ < batch_ && (!result_.samples[next_].status.ok() || t0_ == t1_)) ++next_;
        if (next_ == batch_) return false;
        if (l == active_.size()) active_.emplace_back();
        Lane& lane = active_[l] = Lane{};
        lane.sample = next_++;
        StepControl<T>& c = lane.control;
        c.t = t0_, c.t1 = t1_, c.length = StepControl<T>::size_of(T(t1_ - t0_));
        c.needed = pair_.stages + pair_.extra, c.order = static_cast<double>(pair_.error_order);
        c.h = (t1_ < t0_ ? T(-1) : T(1)) * std::max(ws_.first_steps[lane.sample], c.least_step(options_));
        const std::span<const T> x = start_.subspan(lane.sample * dim_, dim_);
        copy_row<T>(x, row(ws_.x, l));
        copy_row<T>(row(ws_.slopes, lane.sample), slope(0, l));
        save_here<T>(options_, t0_, x, result_of(l));
        return true;
    }
    void drop(std::size_t l) {
        const std::size_t last = active_.size() - 1;
        if (l != last) {
            active_[l] = active_[last];
            copy_row<T>(row(ws_.x, last), row(ws_.x, l));
            copy_row<T>(slope(0, last), slope(0, l));
        }
        active_.pop_back();
    }

    // ---- a step
    void attempt() {
        const std::size_t last = pair_.stages - 1;
        evaluated_ = 1;
        for (std::size_t i = 1; i < last; ++i) {
            combine(pair_.rows[i], ws_.y);
            evaluate_all(i, ws_.y);
        }
        combine(pair_.weights, ws_.x_next);
        if (!pair_.late_end) evaluate_all(last, ws_.x_next);
        estimate(pair_.error, ws_.e);
        if (!pair_.second.empty()) estimate(pair_.second, ws_.second);
        for (std::size_t l = 0; l < active_.size(); ++l) {
            Lane& lane = active_[l];
            const std::span<const T> second = pair_.second.empty() ? std::span<const T>{} : row(ws_.second, l);
            lane.error = error_norm<T>(options_.tolerance, dim_, row(ws_.e, l), second, row(ws_.x, l), row(ws_.x_next, l));
            lane.accepted = lane.error <= 1;
            lane.again = false;
        }
    }

    template <class Hook>
    void judge(Hook& hook) {
        const std::size_t last = pair_.stages - 1;
        if (pair_.late_end) evaluate_some(last, ws_.x_next, [](const Lane& lane) { return lane.accepted; });
        for (std::size_t l = 0; l < active_.size(); ++l) {
            Lane& lane = active_[l];
            const std::size_t seen = lane.accepted ? last + 1 : evaluated_;
            if (lane.accepted && !all_finite<T>(slope(last, l))) lane.accepted = false, lane.error = NAN;
            if (!lane.accepted) reject(l, seen);
        }
        for (std::size_t i = pair_.stages; i < pair_.stages + pair_.extra && !options_.save_at.empty(); ++i) {
            combine(pair_.rows[i], ws_.y);
            evaluate_some(i, ws_.y, [this](const Lane& lane) { return lane.accepted && saves_within(lane); });
        }
        for (std::size_t l = 0; l < active_.size(); ++l)
            if (active_[l].accepted) accept(l, hook);
        evaluate_some(0, ws_.x, [](const Lane& lane) { return lane.again; });
    }

    void reject(std::size_t l, std::size_t seen) {
        StepControl<T>& control = active_[l].control;
        ++result_of(l).counts.rejected;
        control.last_bad = !(active_[l].error < HUGE_VAL);
        if (control.last_bad && !control.bad) control.bad = locate(l, seen);
        control.reject(active_[l].error, options_.controller);
    }
    NonFinite locate(std::size_t l, std::size_t seen) {
        const StepControl<T>& c = active_[l].control;
        const auto place = [&](NonFinite::In in, std::size_t stage, const T& time, std::span<const T> v) {
            const AdaptiveCounts& counts = result_of(l).counts;
            return NonFinite{in, stage + 1, counts.accepted + counts.rejected, ScalarTraits<T>::to_double(time), ScalarTraits<T>::to_double(c.h),
                             active_[l].sample, first_bad<T>(v)};
        };
        for (std::size_t i = 0; i < seen; ++i)
            if (!all_finite<T>(slope(i, l))) return place(NonFinite::In::slope, i, T(c.t + pair_.c[i] * c.h), slope(i, l));
        return place(NonFinite::In::sum, 0, c.t, all_finite<T>(row(ws_.x_next, l)) ? row(ws_.e, l) : row(ws_.x_next, l));
    }

    template <class Hook>
    void accept(std::size_t l, Hook& hook) {
        Lane& lane = active_[l];
        StepControl<T>& c = lane.control;
        AdaptiveResult<T>& r = result_of(l);
        const T h = c.h, next = c.after(lane.error, options_.controller);
        save_within(l);
        const LaneStep<T> step{lane.sample, r.counts.accepted++, c.t, h, c.t_next, lane.error, row(ws_.x, l), row(ws_.x_next, l), slope(0, l).data(), block_};
        const bool go_on = call_hook(hook, step);
        r.times.push_back(c.t_next);
        lane.again = !(c.t + h == c.t_next) && !(c.t_next == t1_);
        c.t = c.t_next;
        c.h = next;
        c.bad.reset();
        copy_row<T>(row(ws_.x_next, l), row(ws_.x, l));
        copy_row<T>(slope(pair_.stages - 1, l), slope(0, l));
        if (!go_on) r.status.outcome = Outcome::stopped, r.status.h = ScalarTraits<T>::to_double(h);
    }

    // ---- values between
    [[nodiscard]] bool reaches(const StepControl<T>& c, std::size_t j) const {
        const std::vector<T>& times = options_.save_at;
        return j < times.size() && (c.h < T(0) ? times[j] >= c.t_next : times[j] <= c.t_next);
    }
    /// Whether the interpolant is needed.
    [[nodiscard]] bool saves_within(const Lane& lane) const {
        std::size_t j = result_.samples[lane.sample].saved.size() / dim_;
        for (; reaches(lane.control, j); ++j)
            if (!(options_.save_at[j] == lane.control.t_next)) return true;
        return false;
    }
    void save_within(std::size_t l) {
        const StepControl<T>& c = active_[l].control;
        std::vector<T>& saved = result_of(l).saved;
        for (std::size_t j = saved.size() / dim_; reaches(c, j); ++j) {
            saved.resize(saved.size() + dim_);
            const std::span<T> out = std::span<T>(saved).last(dim_);
            if (options_.save_at[j] == c.t_next) {
                copy_row<T>(row(ws_.x_next, l), out);
                continue;
            }
            pair_.interpolation_weights((options_.save_at[j] - c.t) / c.h, ws_.weights);
            ws_.pointers.clear();
            for (std::size_t i = 0; i < ws_.weights.size(); ++i) ws_.pointers.push_back(slope(i, l).data());
            kernels::rk_combine<T>(row(ws_.x, l), c.h, std::span<const T>(ws_.weights), ws_.pointers, out);
        }
    }

    const PairCoefficients<T>& pair_;
    T t0_, t1_;
    std::span<const T> start_;
    const AdaptiveOptions<T>& options_;
    BatchWorkspace<T>& ws_;
    BatchResult<T>& result_;
    std::size_t dim_, batch_, lanes_, block_;
    BatchCalls<T, F> call_;
    std::vector<Lane> active_;
    std::size_t next_ = 0, evaluated_ = 0;
};

}  // namespace detail
}  // namespace costate::ode
