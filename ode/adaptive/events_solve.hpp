// An adaptive solve through events: each is met by a step that ends at it, and the solve goes on from the state after its jump.
#pragma once

#include "ode/adaptive/events_search.hpp"
#include "ode/adaptive/solve.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

namespace detail {

template <OrderedScalar T>
void check_events(std::span<const Event<T>> events) {
    for (std::size_t j = 0; j < events.size(); ++j)
        if (!events[j].g || !events[j].g_vjp || !events[j].jump != !events[j].jump_vjp)
            throw std::invalid_argument("solve_events: event " + std::to_string(j) +
                                        " lacks g, g_vjp, or one of jump and jump_vjp; give a function and its derivative");
}

template <OrderedScalar T, class F>
class EventRun {
public:
    EventRun(const Tableau& tableau, F& f, std::span<const Event<T>> events, const T& t0, const T& t1, std::span<const T> x0,
             const AdaptiveOptions<T>& options, const EventOptions& limits, EventSolution<T>& result)
        : pair_(tableau), method_(tableau), f_(f), events_(events), t_(t0), t1_(t1), x_(x0.begin(), x0.end()), options_(options), limits_(limits),
          search_(events, limits, options_.tolerance, f.dim()), result_(result), latest_(events.size()) {}

    void operator()() {
        result_ = {};
        do {
            result_.pieces.emplace_back(t_, x_);
            if (!follow()) break;
            for (std::size_t next = 0; next < due_.size() && result_.status.ok() && !result_.terminal; ++next) take_place(due_[next], next > 0);
        } while (result_.status.ok() && !result_.terminal && t_ != t1_);
        const bool jumped_at_end = !result_.terminal && result_.pieces.back().event && result_.status.ok();
        if (jumped_at_end) result_.pieces.emplace_back(t_, x_);
        result_.x1 = x_;
        result_.t1 = t_;
        result_.status.t = ScalarTraits<T>::to_double(t_);
        result_.status.steps = result_.counts.accepted + result_.counts.rejected;
        save_end();
    }

private:
    /// Until t₁ or an event, which then is in due_ with those that coincide with it; true if there is one.
    bool follow() {
        due_.clear();
        EventPiece<T>& piece = result_.pieces.back();
        solve_adaptive<T>(pair_, f_, t_, t1_, x_, options_, ws_, part_, [&](AcceptedStep<T>& step) {
            options_.first_step = std::max(options_.first_step, magnitude(step.h));
            const std::span<const Found<T>> found = search_(step);
            if (!found.empty()) return meet(found, step, piece), false;
            piece.grid.push(step.t_next, step.h);
            piece.last.assign(step.x.begin(), step.x.end());
            return true;
        });
        account();
        piece.end = t_ = due_.empty() ? part_.times.back() : t_event_;
        if (due_.empty()) x_ = part_.x1;
        else x_ = x_event_;
        piece.x1 = x_;
        keep_saved();
        if (part_.status.outcome != Outcome::stopped) result_.status = part_.status;
        return !due_.empty();
    }

    /// The step ends at the first event found, and is taken anew.
    void meet(std::span<const Found<T>> found, const AcceptedStep<T>& step, EventPiece<T>& piece) {
        const Found<T> first = found.front();
        T h = first.tau * step.h;
        x_event_.assign(step.x.begin(), step.x.end());
        t_event_ = step.t;
        if (first.doubtful || !polish(first, step, h)) {
            t_event_ = step.t;
            x_event_.assign(step.x.begin(), step.x.end());
            return fail(Outcome::event_not_bracketed, first.event, 0), due_.push_back(first.event);
        }
        if (t_event_ == step.t) {
            x_event_.assign(step.x.begin(), step.x.end());
        } else {
            piece.grid.push(t_event_, h);
            piece.last.assign(step.x.begin(), step.x.end());
        }
        due_.push_back(first.event);
        for (const Found<T>& other : found.subspan(1)) {  // those that this state has reached as well
            const bool reached = !other.doubtful && !(T(other.side) * events_[other.event].g(t_event_, x_event_) > T(0));
            if (reached && other.event != first.event) due_.push_back(other.event);
        }
    }

    /// h ← h − g/ġ until g(t + h, Φ_h(x)) = 0 to rounding, ġ with f for ∂Φ_h/∂h: the two differ by the error of the step.
    bool polish(const Found<T>& first, const AcceptedStep<T>& step, T& h) {
        const Event<T>& event = events_[first.event];
        const T eps = std::numeric_limits<T>::epsilon(), direction = step.h < T(0) ? T(-1) : T(1);
        T before = magnitude(step.h), change = before;
        slope_.resize(x_.size());
        for (int i = 0; i < 20; ++i) {
            const T end = step.t + h;
            ode::step<T>(method_, f_, step.t, h, step.x, x_event_, scratch_);
            f_(end, std::span<const T>(x_event_), std::span<T>(slope_));
            result_.counts.evaluations += method_.stages + 1;
            const T rate = rate_of<T>(event, end, x_event_, slope_, bars_);
            if (!(T(first.side) * direction * rate < T(0))) return false;
            t_event_ = end;
            const bool settled = change <= eps * (magnitude(end) + magnitude(h)) / T(4), stalled = i > 2 && change >= before / T(2);
            if (settled || stalled) break;
            before = change;
            const T next = within(T(h - event.g(end, x_event_) / rate), direction, step);
            change = magnitude(T(next - h));
            h = next;
        }
        return change * change <= eps * step.h * step.h;
    }

    /// Between the beginning of the step and t₁.
    [[nodiscard]] T within(const T& h, const T& direction, const AcceptedStep<T>& step) const {
        const T rest = t1_ - step.t;
        return h * direction < T(0) ? T(0) : (rest - h) * direction < T(0) ? rest : h;
    }

    /// Event j at t_, and its jump. The later ones of several at one time each end a piece without steps, if the jumps have left their g alone.
    void take_place(std::size_t j, bool later) {
        if (!result_.status.ok()) return;
        if (later) {
            if (events_[j].g(t_, x_) != events_[j].g(t_, x_event_)) return;
            result_.pieces.emplace_back(t_, x_);
        }
        const T resolved = T(16) * std::numeric_limits<T>::epsilon() * magnitude(t_);
        if (latest_[j] && magnitude(T(t_ - *latest_[j])) <= resolved) return fail(Outcome::too_many_events, j, 0);
        if (count_ == limits_.max_events) return fail(Outcome::too_many_events, j, limits_.max_events);
        ++count_;
        latest_[j] = t_;
        result_.pieces.back().event = j;
        if (events_[j].jump) {
            const std::vector<T> before = x_;
            events_[j].jump(t_, before, x_);
        }
        search_.restart(j);
        if (events_[j].terminal) result_.terminal = j;
    }

    void fail(Outcome outcome, std::size_t event, std::size_t limit) {
        result_.status.outcome = outcome;
        result_.status.event = event;
        result_.status.limit = limit;
    }
    void account() {
        AdaptiveCounts& counts = result_.counts;
        counts.evaluations += part_.counts.evaluations;
        counts.accepted += part_.counts.accepted;
        counts.rejected += part_.counts.rejected;
        options_.max_steps -= std::min(options_.max_steps, part_.counts.accepted + part_.counts.rejected);
        options_.max_evaluations -= std::min(options_.max_evaluations, part_.counts.evaluations);
    }

    /// Those save times before the event are done; the others wait for what comes after it.
    void keep_saved() {
        std::vector<T>& times = options_.save_at;
        const std::size_t n = x_.size(), reached = part_.saved.size() / n;
        const auto past = [&](const T& time) { return due_.empty() || (t1_ < result_.pieces.back().grid.first() ? time > t_ : time < t_); };
        const auto done = std::find_if_not(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(reached), past) - times.begin();
        result_.saved.insert(result_.saved.end(), part_.saved.begin(), part_.saved.begin() + done * static_cast<std::ptrdiff_t>(n));
        times.erase(times.begin(), times.begin() + done);
    }
    void save_end() {
        for (const T& time : options_.save_at)
            if (time == t_ && result_.status.ok()) result_.saved.insert(result_.saved.end(), x_.begin(), x_.end());
    }

    PairCoefficients<T> pair_;
    Coefficients<T> method_;
    F& f_;
    std::span<const Event<T>> events_;
    T t_, t1_, t_event_{};
    std::vector<T> x_, x_event_, slope_, bars_;
    AdaptiveOptions<T> options_;
    EventOptions limits_;
    EventSearch<T> search_;
    EventSolution<T>& result_;
    std::vector<std::optional<T>> latest_;  // when each took place last
    std::vector<std::size_t> due_;
    std::size_t count_ = 0;
    AdaptiveWorkspace<T> ws_;
    AdaptiveResult<T> part_;
    StepWorkspace<T> scratch_;
};

}  // namespace detail

/// x(t₁), or x at a terminal event before. An event lies in an accepted step where the interpolant's g changes sign; its time t_e = t_n + h is
/// then the root of g(t_n + h, Φ_h(x_n)) = 0, Φ the step of the tableau, to rounding: the last step ends at the event, and nothing that is
/// returned hangs on the interpolant. From x⁺ = r(t_e, x⁻) the solve goes on with the longest step so far.
///   several at one time   take place in the order of the list, each if its g is what it was before the others' jumps
///   g = 0 at t₀           is behind and not an event, like the zero that a jump leaves: the side is that to which g goes next
///   g = 0 at t₁           is an event as computed; its jump is in x₁
/// Not bracketed (a status): g within Σ|∂g/∂x_i|(atol_i + rtol_i|x_i|) of zero that turns back, g that is not finite, dg/dt that does not cross.
/// Too many (a status): more than max_events, or one event twice within 16 units of the last digit of t (Zeno).
/// Throws std::invalid_argument as solve_adaptive, and for an event that lacks a function.
template <OrderedScalar T, class F>
    requires VectorField<F, T>
EventSolution<T> solve_events(const Tableau& tableau, F& f, const std::vector<Event<std::type_identity_t<T>>>& events, const T& t0,
                              const std::type_identity_t<T>& t1, View<T> x0, const AdaptiveOptions<std::type_identity_t<T>>& options = {},
                              const EventOptions& limits = {}) {
    detail::check_events<T>(events);
    EventSolution<T> result;
    detail::EventRun<T, F>(tableau, f, events, t0, t1, x0, options, limits, result)();
    return result;
}

}  // namespace costate::ode
