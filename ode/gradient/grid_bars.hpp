// From t̄_n and h̄_n of the steps to the derivatives with respect to the times that a grid is made from.
#pragma once

#include "ode/gradient/result.hpp"
#include "ode/solve.hpp"

#include <cstddef>

namespace costate::ode::dto::detail {

/// Told of steps n = N−1 … 0.
template <class G, Scalar T>
class GridBars;

/// t_n = t₀ + n h and h = (t₁ − t₀)/N:  t̄₁ = (Σ h̄_n + n t̄_n)/N,  t̄₀ = Σ t̄_n − t̄₁.
template <Scalar T>
class GridBars<Grid<T>, T> {
public:
    GridBars(const Grid<T>& grid, const GradientOptions& options, GradientResult<T>& result)
        : steps_(grid.steps), wanted_(options.want_time), result_(result) {
        result.knot_bars.clear();
    }

    void add(std::size_t n, const TimeBars<T>& bars) {
        start_ += bars.t;
        length_ += bars.h + Grid<T>::number(n) * bars.t;
    }
    /// A part of the map before the first step depends on t₀.
    void add_start(const T& t0_bar) { start_ += t0_bar; }

    void finish() {
        if (!wanted_) return;
        result_.t1_bar = length_ / Grid<T>::number(steps_);
        result_.t0_bar = start_ - result_.t1_bar;
    }

private:
    std::size_t steps_;
    bool wanted_;
    GradientResult<T>& result_;
    T start_ = T(0), length_ = T(0);
};

/// Between knots s_k and s_{k+1}, h_n = φ_n (s_{k+1} − s_k) and t_n = s_k + τ_n (s_{k+1} − s_k):
///   s̄_{k+1} += φ_n h̄_n + τ_n t̄_n,  s̄_k += (1 − τ_n) t̄_n − φ_n h̄_n.
template <Scalar T>
class GridBars<TimeGrid<T>, T> {
public:
    GridBars(const TimeGrid<T>& grid, const GradientOptions& options, GradientResult<T>& result)
        : grid_(grid), wanted_(options.want_time), knot_(grid.knots() - 1), result_(result) {
        result.knot_bars.assign(wanted_ ? grid.knots() : 0, T(0));
    }

    void add(std::size_t n, const TimeBars<T>& bars) {
        if (!wanted_) return;
        while (grid_.knot(knot_) > n) --knot_;
        const T& left = grid_.at(grid_.knot(knot_));
        const T width = grid_.at(grid_.knot(knot_ + 1)) - left;
        const T end = (bars.h * grid_.step(n) + bars.t * (grid_.at(n) - left)) / width;
        result_.knot_bars[knot_ + 1] += end;
        result_.knot_bars[knot_] += bars.t - end;
    }

    void finish() {
        if (!wanted_) return;
        result_.t0_bar = result_.knot_bars.front();
        result_.t1_bar = result_.knot_bars.back();
    }

private:
    const TimeGrid<T>& grid_;
    bool wanted_;
    std::size_t knot_;
    GradientResult<T>& result_;
};

}  // namespace costate::ode::dto::detail
