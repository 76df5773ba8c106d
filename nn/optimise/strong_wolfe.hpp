// How far along a direction: a line search for the strong Wolfe conditions.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>

namespace costate::nn {

/// φ(α) = L(θ + α d) and φ'(α) = ∇Lᵀd.
template <std::floating_point T>
struct LinePoint {
    T at, value, slope;
};

template <std::floating_point T>
struct WolfeOptions {
    T descent = T(1e-4);   ///< c₁
    T curvature = T(0.9);  ///< c₂, c₁ < c₂ < 1; a small one searches for the minimum along the line
    std::size_t evaluations = 40;
};

/// φ(α) ≤ φ(0) + c₁ α φ'(0) and |φ'(α)| ≤ c₂ |φ'(0)|.
template <class T>
bool meets_wolfe(const LinePoint<T>& start, const LinePoint<T>& point, const WolfeOptions<T>& options) {
    return point.value <= start.value + options.descent * point.at * start.slope && std::abs(point.slope) <= -options.curvature * start.slope;
}

/// α > 0 that meets both conditions: Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, trials by the cubic through
/// values and slopes (3.59). A trial that is not finite counts as +∞: too far. T phi(α) → LinePoint; it is called last with the α that is found.
template <std::floating_point T, class Phi>
class StrongWolfe {
public:
    StrongWolfe(Phi& phi, const WolfeOptions<T>& options) : phi_(phi), options_(options) {}

    /// From φ(0) with φ'(0) < 0, first trial `first`. Says whether α was found within options.evaluations: point().
    bool operator()(T value, T slope, T first) {
        start_ = {T(0), value, slope};
        calls_ = 0;
        LinePoint<T> before = start_;
        for (T at = first; calls_ < options_.evaluations && std::isfinite(at);) {
            const LinePoint<T> now = evaluate(at);
            if (meets_wolfe(start_, now, options_)) return found(now);
            if (!descends(now) || (calls_ > 1 && now.value >= before.value)) return narrow(before, now);
            if (now.slope >= T(0)) return narrow(now, before);
            at = beyond(before, now);
            before = now;
        }
        return false;
    }

    [[nodiscard]] const LinePoint<T>& point() const { return point_; }

private:
    LinePoint<T> evaluate(T at) {
        ++calls_;
        LinePoint<T> point = phi_(at);
        if (!std::isfinite(point.value) || !std::isfinite(point.slope)) point = {at, std::numeric_limits<T>::infinity(), T(0)};
        return point;
    }
    bool descends(const LinePoint<T>& point) const { return point.value <= start_.value + options_.descent * point.at * start_.slope; }
    bool found(const LinePoint<T>& point) {
        point_ = point;
        return true;
    }

    /// Where the slope would vanish, were it linear, between 2 and 10 times as far.
    static T beyond(const LinePoint<T>& before, const LinePoint<T>& now) {
        const T secant = now.at - now.slope * (now.at - before.at) / (now.slope - before.slope);
        return secant >= T(2) * now.at ? std::min(secant, T(10) * now.at) : T(2) * now.at;  // NaN: twice
    }

    /// Between the ends of an interval that holds such α, `low` its lowest point so far that descends (algorithm 3.6).
    bool narrow(LinePoint<T> low, LinePoint<T> high) {
        T width = std::numeric_limits<T>::infinity();
        while (calls_ < options_.evaluations) {
            const T now_wide = std::abs(high.at - low.at), at = trial(low, high, now_wide > width / T(2));
            width = now_wide;
            if (at == low.at || at == high.at) return false;
            const LinePoint<T> now = evaluate(at);
            if (meets_wolfe(start_, now, options_)) return found(now);
            if (!descends(now) || now.value > low.value) {  // as low, to rounding: the slopes decide
                high = now;
                continue;
            }
            if (now.slope * (high.at - low.at) >= T(0)) high = low;
            low = now;
        }
        return false;
    }

    /// The minimum of the cubic, or the middle: where there is none inside, and where the last round did not halve the interval.
    static T trial(const LinePoint<T>& low, const LinePoint<T>& high, bool middle) {
        const T wide = high.at - low.at, half = low.at + wide / T(2);
        if (middle) return half;
        const T d1 = low.slope + high.slope - T(3) * (low.value - high.value) / (low.at - high.at);
        const T d2 = std::copysign(std::sqrt(d1 * d1 - low.slope * high.slope), wide);
        const T at = high.at - wide * (high.slope + d2 - d1) / (high.slope - low.slope + T(2) * d2);
        return (at - low.at) * (at - high.at) < T(0) ? at : half;
    }

    Phi& phi_;
    WolfeOptions<T> options_;
    LinePoint<T> start_{}, point_{};
    std::size_t calls_ = 0;
};

}  // namespace costate::nn
