// x(t₁) by N equal steps, forwards (t₁ > t₀) or backwards in time.
#pragma once

#include "ode/step.hpp"
#include "ode/tableau.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

/// t_n = t₀ + n h,  h = (t₁ − t₀)/N,  n = 0 … N.
template <Scalar T>
struct Grid {
    T t0, h;
    std::size_t steps;

    /// Throws std::invalid_argument for steps = 0 or beyond the range of int.
    Grid(const T& start, const T& end, std::size_t count) : t0(start), h(end - start), steps(count) {
        if (count == 0 || count > static_cast<std::size_t>(std::numeric_limits<int>::max()))
            throw std::invalid_argument("grid of " + std::to_string(count) + " steps: ask for at least 1 and at most " +
                                        std::to_string(std::numeric_limits<int>::max()));
        h = h / number(count);
    }

    [[nodiscard]] T at(std::size_t n) const { return t0 + number(n) * h; }
    [[nodiscard]] static T number(std::size_t n) { return T(static_cast<int>(n)); }
};

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
template <Scalar T, class F>
    requires VectorField<F, T>
void solve(const Coefficients<T>& method, F& f, const Grid<std::type_identity_t<T>>& grid, View<T> x0, MutableView<T> x1,
           StepWorkspace<T>& ws) {
    detail::check_state(f, x0.size());
    if (x1.size() != x0.size())
        throw std::invalid_argument("solve: x1 has " + std::to_string(x1.size()) + " values and x0 " + std::to_string(x0.size()) +
                                    "; give both the same size");
    if (x1.data() != x0.data()) std::copy(x0.begin(), x0.end(), x1.begin());
    for (std::size_t n = 0; n < grid.steps; ++n) step<T>(method, f, grid.at(n), grid.h, x1, x1, ws);
}

/// The states x_0 … x_N, one after the other: states.size() = (N + 1) · x₀.size(). The result is bitwise that of solve.
/// Throws std::invalid_argument when a size does not fit.
template <Scalar T, class F>
    requires VectorField<F, T>
void solve_states(const Coefficients<T>& method, F& f, const Grid<std::type_identity_t<T>>& grid, View<T> x0,
                  MutableView<T> states, StepWorkspace<T>& ws) {
    const std::size_t size = x0.size();
    detail::check_state(f, size);
    if (states.size() != (grid.steps + 1) * size)
        throw std::invalid_argument("solve_states: room for " + std::to_string(states.size()) + " values; " +
                                    std::to_string(grid.steps) + " steps need " + std::to_string((grid.steps + 1) * size));
    std::copy(x0.begin(), x0.end(), states.begin());
    for (std::size_t n = 0; n < grid.steps; ++n)
        step<T>(method, f, grid.at(n), grid.h, states.subspan(n * size, size), states.subspan((n + 1) * size, size), ws);
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
