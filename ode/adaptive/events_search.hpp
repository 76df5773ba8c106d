// Where events take place within one accepted step: sign changes of g on the dense output, bracketed.
#pragma once

#include "ode/adaptive/accepted_step.hpp"
#include "ode/adaptive/events.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace costate::ode::detail {

template <OrderedScalar T>
T magnitude(const T& x) {
    return x < T(0) ? T(-x) : x;
}

/// dg/dt = ∂g/∂t + ∂g/∂x·ẋ.
template <Scalar T>
T rate_of(const Event<T>& event, const T& t, std::span<const T> x, std::span<const T> slope, std::vector<T>& scratch) {
    scratch.assign(x.size(), T(0));
    T rate(0);
    event.g_vjp(t, x, T(1), scratch, {}, rate);
    for (std::size_t i = 0; i < x.size(); ++i) rate += scratch[i] * slope[i];
    return rate;
}

/// At t + τh, from the side of sign `side`. A doubtful one comes within its tolerance of zero and turns back, or is not finite.
template <Scalar T>
struct Found {
    std::size_t event;
    T tau;
    int side;
    bool doubtful;
};

/// The sides on which all events are, kept from step to step.
template <OrderedScalar T>
class EventSearch {
public:
    EventSearch(std::span<const Event<T>> events, const EventOptions& options, const Tolerances<T>& tolerance, std::size_t dim)
        : events_(events), samples_(std::max<std::size_t>(options.samples, 2)), tolerance_(tolerance), dim_(dim), side_(events.size(), 0),
          scale_(events.size(), T(0)), left_(events.size(), false), known_(events.size(), false) {}

    /// A new piece begins; event `fired` has just taken place: what remains of its g up to rounding is 0.
    void restart(std::size_t fired) {
        known_.assign(events_.size(), false);
        left_[fired] = true;
    }

    /// What is found in the step, the first of every event, in order of time.
    std::span<const Found<T>> operator()(AcceptedStep<T>& step) {
        step_ = &step;
        const std::size_t n = step.x.size();
        states_.resize((samples_ + 1) * n);
        for (std::size_t i = 0; i <= samples_; ++i) step.at(i == samples_ ? step.t_next : time_at(tau(i)), std::span<T>(states_).subspan(i * n, n));
        found_.clear();
        for (std::size_t j = 0; j < events_.size(); ++j) look(j);
        left_.assign(events_.size(), false);
        std::stable_sort(found_.begin(), found_.end(), [](const Found<T>& a, const Found<T>& b) { return a.tau < b.tau; });
        return found_;
    }

private:
    [[nodiscard]] T tau(std::size_t i) const { return T(static_cast<int>(i)) / T(static_cast<int>(samples_)); }
    [[nodiscard]] T time_at(const T& tau) const { return step_->t + tau * step_->h; }
    [[nodiscard]] static int sign(const T& v) { return v > T(0) ? 1 : v < T(0) ? -1 : 0; }
    [[nodiscard]] bool counts(std::size_t j, int side) const {
        return events_[j].crossing == Crossing::either || (events_[j].crossing == Crossing::falling) == (side > 0);
    }
    T value(std::size_t j, const T& tau) {
        at_.resize(step_->x.size());
        step_->at(time_at(tau), at_);
        return events_[j].g(time_at(tau), at_);
    }
    /// The sign of dg in the direction of the solve, at the beginning or the end of the step.
    int trend(std::size_t j, bool end) {
        const std::size_t n = step_->x.size();
        return sign(T(step_->h * rate_of<T>(events_[j], end ? step_->t_next : step_->t, end ? step_->x_next : step_->x,
                                            end ? step_->k.last(n) : step_->k.first(n), scratch_)));
    }

    void look(std::size_t j) {
        const std::size_t n = step_->x.size();
        values_.resize(samples_ + 1);
        T largest(0);
        for (std::size_t i = 0; i <= samples_; ++i) {
            values_[i] = events_[j].g(i == samples_ ? step_->t_next : time_at(tau(i)), std::span<const T>(states_).subspan(i * n, n));
            if (values_[i] - values_[i] != T(0)) return found_.push_back({j, tau(i), side_[j], true});
            largest = std::max(largest, magnitude(values_[i]));
        }
        if (!known_[j]) begin(j);
        scale_[j] = largest;
        for (std::size_t i = 0; i < samples_; ++i)
            if (between(j, i)) return;
    }

    [[nodiscard]] T rounding(std::size_t j) const { return T(64) * std::numeric_limits<T>::epsilon() * scale_[j]; }

    /// On which side a piece begins. What is 0 there is where g goes next: that zero is behind, not ahead.
    void begin(std::size_t j) {
        const bool zero = values_[0] == T(0) || (left_[j] && magnitude(values_[0]) <= rounding(j));
        side_[j] = zero ? trend(j, false) : sign(values_[0]);
        known_[j] = true;
    }

    /// From sample i to the next; true where something is found.
    bool between(std::size_t j, std::size_t i) {
        int& side = side_[j];
        const int next = sign(values_[i + 1]);
        if (side == 0) return side = next, false;
        if (next == side) return dip(j, i);
        if (touches(j, i)) return found_.push_back({j, tau(i + 1), side, true}), true;
        const bool hit = counts(j, side);
        if (hit) found_.push_back({j, root(j, tau(i), tau(i + 1), side), side, false});
        side = next;
        return hit;
    }

    /// Zero to rounding at sample i + 1, and back on its side after it.
    bool touches(std::size_t j, std::size_t i) {
        if (magnitude(values_[i + 1]) > rounding(j)) return false;
        return i + 1 < samples_ ? sign(values_[i + 2]) == side_[j] : trend(j, true) != -side_[j];
    }

    /// g on one side at both samples, with its smallest |g| between them or at the second: crossed twice there, touched, or neither.
    bool dip(std::size_t j, std::size_t i) {
        const int side = side_[j];
        const T a = magnitude(values_[i]), b = magnitude(values_[i + 1]);
        const bool first = i == 0, last = i + 1 == samples_;
        const T& beyond = values_[last ? i - 1 : i + 2];
        const T change = std::max(magnitude(T(a - b)), magnitude(T(beyond - values_[last ? i : i + 1])));
        if (std::min(a, b) > change) return false;  // too far away for a parabola
        if (a <= b && first) return trend(j, false) == -side && lowest(j, tau(i), tau(i + 1), side);
        if (b > a) return false;
        if (last) return trend(j, true) != -side && lowest(j, tau(i), tau(i + 1), side);
        return sign(beyond) == side && magnitude(beyond) >= b && lowest(j, tau(i), tau(i + 2), side);
    }

    /// The smallest side·g between low and high by golden section.
    bool lowest(std::size_t j, const T& low, const T& high, int side) {
        const T ratio = T(0.6180339887498949), s = T(side);
        T a = low, b = high, p = b - ratio * (b - a), q = a + ratio * (b - a), at_p = s * value(j, p), at_q = s * value(j, q);
        for (int i = 0; i < 60 && at_p >= -rounding(j) && at_q >= -rounding(j) && p < q; ++i) {
            if (at_p < at_q) {
                b = q, q = p, at_q = at_p;
                p = b - ratio * (b - a), at_p = s * value(j, p);
            } else {
                a = p, p = q, at_p = at_q;
                q = a + ratio * (b - a), at_q = s * value(j, q);
            }
        }
        const T best = at_p < at_q ? p : q, least = std::min(at_p, at_q);
        if (least < -rounding(j)) return twice(j, low, best, high, side);
        value(j, best);  // for the state there
        if (least > tolerance_of(j, time_at(best))) return false;
        found_.push_back({j, best, side, true});
        return true;
    }

    bool twice(std::size_t j, const T& low, const T& best, const T& high, int side) {
        const bool hit = counts(j, side);
        const T tau = hit ? root(j, low, best, side) : root(j, best, high, -side);
        found_.push_back({j, tau, hit ? side : -side, false});
        return true;
    }

    /// Σ |∂g/∂x_i| (atol_i + rtol_i |x_i|) at the state at_.
    T tolerance_of(std::size_t j, const T& t) {
        scratch_.assign(at_.size(), T(0));
        T unused(0), sum(0);
        events_[j].g_vjp(t, at_, T(1), scratch_, {}, unused);
        for (std::size_t i = 0; i < at_.size(); ++i)
            sum += magnitude(scratch_[i]) * (tolerance_.absolute(i % dim_) + tolerance_.relative(i % dim_) * magnitude(at_[i]));
        return sum;
    }

    /// Illinois, every third time halved; the left end counts as on its side even where its value is 0 or rounding.
    T root(std::size_t j, T a, T b, int side) {
        const T s = T(side), eps = std::numeric_limits<T>::epsilon();
        T at_a = a == T(0) && left_[j] ? T(0) : s * value(j, a), at_b = s * value(j, b);
        for (int i = 0, kept = 0; i < 300 && b - a > T(2) * eps * b; ++i) {
            T c = i % 3 == 2 || !(at_a > T(0)) || !(at_b < T(0)) ? T((a + b) / T(2)) : T(b - at_b * (b - a) / (at_b - at_a));
            if (!(c > a && c < b)) c = (a + b) / T(2);
            const T at_c = s * value(j, c);
            if (at_c > T(0)) {
                a = c, at_a = at_c;
                if (kept++ > 0) at_b = at_b / T(2);
                else kept = 1;
            } else {
                b = c, at_b = at_c;
                if (kept-- < 0) at_a = at_a / T(2);
                else kept = -1;
            }
        }
        return b;
    }

    std::span<const Event<T>> events_;
    std::size_t samples_;
    const Tolerances<T>& tolerance_;
    std::size_t dim_;
    std::vector<int> side_;
    std::vector<T> scale_;  // the largest |g| of the last step
    std::vector<bool> left_, known_;
    AcceptedStep<T>* step_ = nullptr;
    std::vector<T> states_, values_, at_, scratch_;
    std::vector<Found<T>> found_;
};

}  // namespace costate::ode::detail
