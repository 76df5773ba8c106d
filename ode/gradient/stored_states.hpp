// Optimize-then-discretize on stored states: each step of the augmented field starts from the forward solution's own right end.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/otd_sweep.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::ode::otd {

/// For n = N−1 … 0: one step of −h of [x | λ | g] from (x_{n+1} stored, λ, g) at t_{n+1}; its x is dropped. No interpolation.
/// One step's gap to DTO is O(h^(p+1)) or smaller, 0 for linear autonomous fields. Memory: N + 1 states.
/// ∂L/∂t₁ = λ₁ᵀf(t₁, x₁) and ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀).
struct StoredStates : CalledOnEqualSteps<StoredStates> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view base = "stored-states";
    static constexpr std::string_view meaning = "optimize-then-discretize: each step backwards from the stored state at its end";
    static constexpr std::array names = {MethodName{base, "THETA", meaning}};
    static constexpr bool discrete = false;  ///< the derivative of the discrete map, == in exact arithmetic

    Parameters parameters{};
    std::string name{full_name(base, parameters)};

    StoredStates() = default;
    explicit StoredStates(const Parameters& given) : parameters(given) {}

    /// Throws std::invalid_argument for a parameter that is no way to ∇_θL.
    static std::optional<StoredStates> named(std::string_view given, std::span<const std::string_view> words) {
        if (given != base) return std::nullopt;
        return StoredStates(read_parameters(base, words, false));
    }

    template <class F, Scalar T>
    using Workspace = otd::Workspace<F, T>;

    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }
    /// That of ∇_θL: a cubic between the ends of a step has order 4.
    [[nodiscard]] std::size_t theta_order(const Tableau& tableau) const {
        return parameters.theta == ThetaBy::gauss ? std::min<std::size_t>(order(tableau), 4) : order(tableau);
    }

    /// On any grid, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    /// Throws std::domain_error for :gauss in an exact scalar where p ≥ 3.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        const std::size_t size = x0.size(), steps = step_count(grid);
        ws.states.resize((steps + 1) * size);
        solve_states<T>(ws.method, f, grid, x0, ws.states, ws.step);
        const std::span<const T> states = ws.states;
        detail::start<T>(f, loss, grid, states.last(size), options, ws, result, parameters.theta);
        detail::PairSweep<F, G, T> sweep(f, grid, size, parameters.theta, ws, result.theta_bar);
        for (std::size_t n = steps; n-- > 0;) {
            sweep(n, [&](std::span<T> left) {
                const std::span<const T> stored = states.subspan(n * size, size);
                std::copy(stored.begin(), stored.end(), left.begin());
            });
            if (detail::meet<T>(f, loss, grid, n, options, ws, result)) sweep.jumped(n);
        }
        detail::finish<T>(f, loss, grid, x0, options, steps, ws, result);
    }
};

}  // namespace costate::ode::otd
