// ∇L·d for chosen directions d = (ẋ₀, θ̇): tangents of the solve, no reverse sweep, no gradient.
#pragma once

#include "ode/gradient/discrete.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

/// Scratch of directional_derivatives. Serves one field.
template <Scalar T>
struct DirectionalWorkspace {
    Coefficients<T> method;
    StepWorkspace<T> step;
    std::vector<T> x, x_dot, lambda;

    explicit DirectionalWorkspace(const Tableau& tableau) : method(tableau) {}
    [[nodiscard]] std::size_t bytes() const {
        return step.bytes() + detail::bytes_of(x) + detail::bytes_of(x_dot) + detail::bytes_of(lambda);
    }
};

/// L(x₁), and of each direction ⟨∇L, d⟩ and the tangent ẋ₁ = D_{x₀}Φ ẋ₀ + D_θΦ θ̇ of the discrete solution (rows of x₀.size() values).
template <Scalar T>
struct DirectionalResult {
    T loss{};
    std::vector<T> derivatives, x1, x1_dot;
    Cost cost;
};

namespace detail {

/// How many directions: rows of x, rows of θ, either of which may be left out.
inline std::size_t direction_count(std::size_t of_x, std::size_t size, std::size_t of_theta, std::size_t parameters) {
    const auto rows = [](std::size_t values, std::size_t row, const char* which) {
        if (values == 0) return std::size_t{0};
        if (row == 0 || values % row != 0)
            throw std::invalid_argument(std::string("directional derivatives: the directions of ") + which + " have " + std::to_string(values) +
                                        " values and a direction " + std::to_string(row) + "; give a whole number of them");
        return values / row;
    };
    const std::size_t x_rows = rows(of_x, size, "x"), theta_rows = rows(of_theta, parameters, "theta");
    if (x_rows != 0 && theta_rows != 0 && x_rows != theta_rows)
        throw std::invalid_argument("directional derivatives: there are " + std::to_string(x_rows) + " directions of x and " +
                                    std::to_string(theta_rows) + " of theta; give as many, or leave one of them out");
    return std::max(x_rows, theta_rows);
}

}  // namespace detail

/// ⟨∇ₓL, ẋ⟩ + ⟨∇_θL, θ̇⟩ of the discrete solution for m directions, row by row of directions_x (m · x₀.size() values) and of directions_theta
/// (m · parameter_count values); what is left out (empty) is 0. Equal to the products with the gradient of dto::StoreAll in exact arithmetic.
/// Cost: N · s evaluations, m N · s jvps; memory independent of N. Allocates nothing once ws and result have met a call of this size.
/// Throws std::invalid_argument for sizes that do not fit, steps = 0, or an x₀ that is not a whole number of samples.
template <class F, class L, Scalar T>
    requires DifferentiableField<F, T> && TerminalLoss<L, T>
void directional_derivatives(F& f, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, View<T> x0,
                             View<T> directions_x, View<T> directions_theta, DirectionalWorkspace<T>& ws, DirectionalResult<T>& result) {
    const Grid<T> grid(t0, t1, steps);
    const std::size_t size = x0.size(), parameters = f.parameter_count();
    detail::check_state(f, size);
    const std::size_t m = detail::direction_count(directions_x.size(), size, directions_theta.size(), parameters);
    result.x1.resize(size);
    solve<T>(ws.method, f, grid, x0, result.x1, ws.step);
    result.loss = loss(std::span<const T>(result.x1));
    ws.lambda.resize(size);
    loss.gradient(std::span<const T>(result.x1), std::span<T>(ws.lambda));
    result.derivatives.resize(m);
    result.x1_dot.assign(m * size, T(0));
    std::copy(directions_x.begin(), directions_x.end(), result.x1_dot.begin());
    ws.x.resize(size);
    for (std::size_t k = 0; k < m; ++k) {
        const std::span<T> dot = std::span<T>(result.x1_dot).subspan(k * size, size);
        const View<T> theta_dot = directions_theta.empty() ? View<T>() : directions_theta.subspan(k * parameters, parameters);
        std::copy(x0.begin(), x0.end(), ws.x.begin());
        for (std::size_t n = 0; n < steps; ++n)
            step_jvp<T>(ws.method, f, grid.at(n), grid.h, ws.x, nullptr, dot, theta_dot, ws.x, dot, ws.step);
        result.derivatives[k] = kernels::dot<T>(std::span<const T>(ws.lambda), std::span<const T>(dot));
    }
    const std::size_t stages = steps * ws.method.stages;
    result.cost = {stages, 0, m * stages, ws.bytes()};
}

/// The same with a workspace of its own. Throws std::invalid_argument for an implicit tableau as well.
template <class F, class L, Scalar T>
    requires DifferentiableField<F, T> && TerminalLoss<L, T>
DirectionalResult<T> directional_derivatives(F& f, const L& loss, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1,
                                             std::size_t steps, View<T> x0, View<T> directions_x, View<T> directions_theta = {}) {
    DirectionalWorkspace<T> ws(tableau);
    DirectionalResult<T> result;
    directional_derivatives(f, loss, t0, t1, steps, x0, directions_x, directions_theta, ws, result);
    return result;
}

}  // namespace costate::ode
