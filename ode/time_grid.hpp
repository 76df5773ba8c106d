// t_0 … t_N, unequally spaced: what a solve with steps of its own leaves behind.
#pragma once

#include "ode/step.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace costate::ode {

/// The times of N steps that are a function of the times they were made from: step n goes from at(n) to at(n) + step(n).
///   first(), last()                t_0 and t_N
///   whole(), moved(n, ṫ, rate)     the ṫ_n and ḣ_n of step n when t_0 moves by ṫ and t_N by ṫ + rate · whole()
///   knots(), knot_at(n)            the times that are given rather than found; both ends are
template <class G, class T>
concept StepGrid = Scalar<T> && requires(const G& grid, std::size_t n, const T& t) {
    { grid.at(n) } -> std::convertible_to<T>;
    { grid.step(n) } -> std::convertible_to<T>;
    { grid.first() } -> std::convertible_to<T>;
    { grid.last() } -> std::convertible_to<T>;
    { grid.whole() } -> std::convertible_to<T>;
    { grid.moved(n, t, t) } -> std::same_as<TimeTangent<T>>;
    { grid.knots() } -> std::convertible_to<std::size_t>;
    { grid.knot_at(n) } -> std::same_as<std::optional<std::size_t>>;
    { step_count(grid) } -> std::convertible_to<std::size_t>;
};

/// An accepted grid is data: times t_0 … t_N, ascending or descending, and the h_n that were stepped with, t_{n+1} − t_n as rounded
/// unless the solver says otherwise.
///
/// Knots are the nodes whose times somebody gave: t_0, t_N, and those marked (save times, stops). The others were found by a controller.
/// What a derivative with respect to time means here: the solution is a function of the times of the knots, and each step stays the
/// same fraction of the interval between its two knots,
///   h_n = φ_n (s_{k+1} − s_k),  t_n = s_k + τ_n (s_{k+1} − s_k),  φ_n and τ_n frozen,
/// which is the rule of equal steps, φ_n = 1/N. In relative time the ends are parameters of the field on a grid that does not move, so
/// those derivatives have the order of the method like all others. With respect to x₀ and θ the steps do not move at all. (Treatment (a) of
/// the step sizes: a controller's own derivative is left out; it does not vanish with the tolerance, Alexe and Sandu 2009.)
template <Scalar T>
class TimeGrid {
public:
    /// Without steps; begin() is due.
    TimeGrid() = default;
    /// h_n = t_{n+1} − t_n, the ends alone knots. Throws std::invalid_argument for fewer than two times, or times that turn back or stand still.
    explicit TimeGrid(const std::vector<T>& times) {
        if (times.size() < 2)
            throw std::invalid_argument("time grid of " + std::to_string(times.size()) + " times: give at least two, the ends of one step");
        begin(times.front());
        for (std::size_t n = 1; n < times.size(); ++n) push(times[n]);
    }

    /// Forgets all steps; from t_0. Keeps the room.
    void begin(const T& t0) {
        times_.assign(1, t0);
        lengths_.clear();
        knots_.assign(1, 0);
    }
    /// One more step, to t, taken with h. Throws std::invalid_argument for a step of length 0, or against the direction of the first.
    void push(const T& t, const T& h) {
        check(t);
        times_.push_back(t);
        lengths_.push_back(h);
    }
    void push(const T& t) { push(t, T(t - times_.back())); }
    /// The last time so far is a knot.
    void mark() {
        if (knots_.back() != steps()) knots_.push_back(steps());
    }

    [[nodiscard]] std::size_t steps() const { return lengths_.size(); }
    [[nodiscard]] const T& at(std::size_t n) const { return times_[n]; }
    [[nodiscard]] const T& step(std::size_t n) const { return lengths_[n]; }
    [[nodiscard]] const T& first() const { return times_.front(); }
    [[nodiscard]] const T& last() const { return times_.back(); }
    [[nodiscard]] const std::vector<T>& times() const { return times_; }

    /// How many knots, both ends among them; the node of knot k; the knot at node n, if it is one.
    [[nodiscard]] std::size_t knots() const { return knots_.size() + (knots_.back() == steps() ? 0 : 1); }
    [[nodiscard]] std::size_t knot(std::size_t k) const { return k < knots_.size() ? knots_[k] : steps(); }
    [[nodiscard]] std::optional<std::size_t> knot_at(std::size_t n) const {
        const auto found = std::lower_bound(knots_.begin(), knots_.end(), n);
        if (found != knots_.end() && *found == n) return static_cast<std::size_t>(found - knots_.begin());
        return n == steps() ? std::optional(knots_.size()) : std::nullopt;
    }

    [[nodiscard]] T whole() const { return last() - first(); }
    /// Knots between the ends stay the same fractions of the whole.
    [[nodiscard]] TimeTangent<T> moved(std::size_t n, const T& t0_dot, const T& rate) const {
        return {t0_dot + (at(n) - first()) * rate, step(n) * rate};
    }

    [[nodiscard]] std::size_t bytes() const { return detail::bytes_of(times_) + detail::bytes_of(lengths_) + detail::bytes_of(knots_); }

private:
    void check(const T& t) const {
        bool beyond = t != times_.back();
        if constexpr (OrderedScalar<T>) {
            const bool later = times_.back() < t, earlier = t < times_.back();
            beyond = steps() == 0 ? later || earlier : times_.front() < times_[1] ? later : earlier;
        }
        if (!beyond)
            throw std::invalid_argument("time grid: time " + std::to_string(times_.size()) +
                                        " does not lie beyond the one before it; give times that ascend or descend throughout");
    }

    std::vector<T> times_, lengths_;
    std::vector<std::size_t> knots_;  // 0 and the marked nodes
};

template <Scalar T>
std::size_t step_count(const TimeGrid<T>& grid) {
    return grid.steps();
}

}  // namespace costate::ode
