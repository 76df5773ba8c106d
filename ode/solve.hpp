// x(t₁) by N steps, equal or of a TimeGrid, forwards (t₁ > t₀) or backwards in time.
#pragma once

#include "ode/step.hpp"
#include "ode/tableau.hpp"
#include "ode/time_grid.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

/// t_n = t₀ + n h,  h = (t₁ − t₀)/N,  n = 0 … N.
template <Scalar T>
struct Grid {
    T t0, t1, h;
    std::size_t steps;

    /// Throws std::invalid_argument for steps = 0 or beyond the range of int.
    Grid(const T& start, const T& end, std::size_t count) : t0(start), t1(end), h(end - start), steps(count) {
        if (count == 0 || count > static_cast<std::size_t>(std::numeric_limits<int>::max()))
            throw std::invalid_argument("grid of " + std::to_string(count) + " steps: ask for at least 1 and at most " +
                                        std::to_string(std::numeric_limits<int>::max()));
        h = h / number(count);
    }

    [[nodiscard]] T at(std::size_t n) const { return t0 + number(n) * h; }
    [[nodiscard]] const T& step(std::size_t) const { return h; }
    [[nodiscard]] const T& first() const { return t0; }
    [[nodiscard]] const T& last() const { return t1; }
    [[nodiscard]] T whole() const { return number(steps); }
    [[nodiscard]] TimeTangent<T> moved(std::size_t n, const T& t0_dot, const T& rate) const { return {t0_dot + number(n) * rate, rate}; }
    [[nodiscard]] static std::size_t knots() { return 2; }
    [[nodiscard]] std::optional<std::size_t> knot_at(std::size_t n) const {
        return n == 0 ? std::optional<std::size_t>(0) : n == steps ? std::optional<std::size_t>(1) : std::nullopt;
    }
    [[nodiscard]] static T number(std::size_t n) { return T(static_cast<int>(n)); }
};

template <Scalar T>
std::size_t step_count(const Grid<T>& grid) {
    return grid.steps;
}

namespace detail {

template <class F>
void check_state(F& f, std::size_t size) {
    const std::size_t dim = f.dim();
    if (size == 0 || dim == 0 || size % dim != 0)
        throw std::invalid_argument("the state x0 has " + std::to_string(size) + " values and the field " + std::to_string(dim) +
                                    " a sample; give x0 a positive multiple of that");
}

}  // namespace detail

/// x₁ = the end of the grid. x₁ may be the same span as x₀. Allocates nothing once ws is warm.
/// Throws std::invalid_argument when x₀ is not a whole number of samples or x₁ differs in size.
template <Scalar T, class F, class G = Grid<T>>
    requires VectorField<F, T> && StepGrid<G, T>
void solve(const Coefficients<T>& method, F& f, const G& grid, View<T> x0, MutableView<T> x1,
           StepWorkspace<T>& ws) {
    detail::check_state(f, x0.size());
    if (x1.size() != x0.size())
        throw std::invalid_argument("solve: x1 has " + std::to_string(x1.size()) + " values and x0 " + std::to_string(x0.size()) +
                                    "; give both the same size");
    if (x1.data() != x0.data()) std::copy(x0.begin(), x0.end(), x1.begin());
    for (std::size_t n = 0; n < step_count(grid); ++n) step<T>(method, f, grid.at(n), grid.step(n), x1, x1, ws);
}

/// The states x_0 … x_N, one after the other: states.size() = (N + 1) · x₀.size(). The result is bitwise that of solve.
/// Throws std::invalid_argument when a size does not fit.
template <Scalar T, class F, class G = Grid<T>>
    requires VectorField<F, T> && StepGrid<G, T>
void solve_states(const Coefficients<T>& method, F& f, const G& grid, View<T> x0,
                  MutableView<T> states, StepWorkspace<T>& ws) {
    const std::size_t size = x0.size(), steps = step_count(grid);
    detail::check_state(f, size);
    if (states.size() != (steps + 1) * size)
        throw std::invalid_argument("solve_states: room for " + std::to_string(states.size()) + " values; " +
                                    std::to_string(steps) + " steps need " + std::to_string((steps + 1) * size));
    std::copy(x0.begin(), x0.end(), states.begin());
    for (std::size_t n = 0; n < steps; ++n)
        step<T>(method, f, grid.at(n), grid.step(n), states.subspan(n * size, size), states.subspan((n + 1) * size, size), ws);
}

/// solve(tableau, f, t₀, t₁, N, x₀) → x₁, with a workspace of its own.
template <Scalar T, class F>
    requires VectorField<F, T>
std::vector<T> solve(const Tableau& tableau, F& f, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, View<T> x0) {
    const Coefficients<T> method(tableau);
    StepWorkspace<T> ws;
    std::vector<T> x1(x0.begin(), x0.end());
    solve<T>(method, f, Grid<T>(t0, t1, steps), x1, x1, ws);
    return x1;
}

}  // namespace costate::ode
