// Optimize-then-discretize on a dense output: λ alone is integrated backwards, x(t) is the cubic through stored states and slopes.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/otd_interpolated.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::ode::otd {

/// λ' = −λᵀ∂f/∂x(t, x̃(t)), g' = −λᵀ∂f/∂θ(t, x̃(t)) from (∇L(x₁), 0) at t₁ to t₀ on the forward grid, x̃ the cubic Hermite interpolant of
/// (x_n, f(t_n, x_n)) (the dense output of ode solvers; InterpolatingAdjoint of Rackauckas et al. 2020).
/// x̃ − x = −h⁴ τ²(1−τ)² x⁗/24 + O(h⁵) in a step, so λ has order min(p, 4), also with tableaus of higher order.
/// Memory: 2 (N + 1) states. The slopes are the steps' first stages: one evaluation more than the solve; on the way back none of a field
/// that does not record.
/// ∂L/∂t₁ = λ₁ᵀf(t₁, x₁) and ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀).
struct Interpolating : CalledOnEqualSteps<Interpolating> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view base = "interpolating";
    static constexpr std::string_view meaning = "optimize-then-discretize: the adjoint alone backwards, the state by cubic interpolation of the forward pass";
    static constexpr std::array names = {MethodName{base, "THETA", meaning}};
    static constexpr bool discrete = false;  ///< the derivative of the discrete map, == in exact arithmetic

    Parameters parameters{};
    std::string name{full_name(base, parameters)};

    Interpolating() = default;
    explicit Interpolating(const Parameters& given) : parameters(given) {}

    /// Throws std::invalid_argument for a parameter that is no way to ∇_θL.
    static std::optional<Interpolating> named(std::string_view given, std::span<const std::string_view> words) {
        if (given != base) return std::nullopt;
        return Interpolating(read_parameters(base, words, false));
    }

    template <class F, Scalar T>
    using Workspace = otd::Workspace<F, T>;

    static std::size_t predicted_order(const Tableau& tableau) { return std::min<std::size_t>(order(tableau), 4); }
    static std::size_t theta_order(const Tableau& tableau) { return predicted_order(tableau); }

    /// On any grid, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    /// Throws std::domain_error for :gauss in an exact scalar where p ≥ 3.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        const std::size_t size = x0.size(), steps = step_count(grid);
        ode::detail::check_state(f, size);
        ws.states.resize((steps + 1) * size);
        detail::solve_with_slopes<T>(f, grid, x0, ws);
        detail::start<T>(f, loss, grid, std::span<const T>(ws.states).last(size), options, ws, result, parameters.theta);
        ++ws.calls.evaluations;
        detail::InterpolatedSweep<F, G, T> sweep(f, grid, size, parameters.theta, ws, result.theta_bar);
        for (std::size_t n = steps; n-- > 0;) {
            sweep(n);
            if constexpr (PathLoss<L, T>) std::copy_n(ws.states.begin() + static_cast<std::ptrdiff_t>(n * size), size, ws.augmented.begin());
            if (detail::meet<T>(f, loss, grid, n, options, ws, result)) sweep.jumped(n);
        }
        detail::finish<T>(f, loss, grid, x0, options, steps, ws, result);
    }
};

}  // namespace costate::ode::otd
