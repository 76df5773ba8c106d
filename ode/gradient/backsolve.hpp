// Optimize-then-discretize with little memory: x, λ and ∇_θ integrated backwards together from t₁, x corrected where it is stored.
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

/// [x | λ | g] from (x₁, ∇L(x₁), 0) at t₁ to t₀ on the forward grid, x re-integrated backwards (Chen, Rubanova, Bettencourt,
/// Duvenaud 2018, Alg. 1). Without stored states memory is independent of N, and the x that it meets is not the forward one: it returns
/// to x₀ only up to O(h^p), and not at all where f contracts fast. With K of them, equally spaced between the ends, x is replaced by the
/// stored one there, so that its error starts again at 0 (a BacksolveAdjoint with checkpointing); N − 1 of them make it StoredStates.
/// ∂L/∂t₁ = λ₁ᵀf(t₁, x₁) and ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀).
struct Backsolve : CalledOnEqualSteps<Backsolve> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view base = "backsolve";
    static constexpr std::string_view meaning =
        "optimize-then-discretize: state and adjoint integrated backwards from the end, the state corrected at K stored ones";
    static constexpr std::array names = {MethodName{base, "K:THETA", meaning}};
    static constexpr bool discrete = false;  ///< the derivative of the discrete map, == in exact arithmetic

    Parameters parameters{};
    std::string name{full_name(base, parameters)};

    Backsolve() = default;
    explicit Backsolve(const Parameters& given) : parameters(given) {}

    /// Throws std::invalid_argument for parameters that are not a number of states and a way to ∇_θL.
    static std::optional<Backsolve> named(std::string_view given, std::span<const std::string_view> words) {
        if (given != base) return std::nullopt;
        return Backsolve(read_parameters(base, words, true));
    }

    template <class F, Scalar T>
    using Workspace = otd::Workspace<F, T>;

    /// Both the forward solution and the augmented one have the order p of the tableau.
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
        const std::size_t size = x0.size(), steps = step_count(grid), kept = std::min(parameters.states.value_or(0), steps - 1);
        ode::detail::check_state(f, size);
        ws.states.resize((kept + 1) * size);
        const std::span<T> states = ws.states, x = states.last(size);
        std::copy(x0.begin(), x0.end(), x.begin());
        // after step n the state k is at n = ⌊k N/(K+1)⌋, k = 1 … K
        for (std::size_t n = 0, k = 1; n < steps; ++n) {
            step<T>(ws.method, f, grid.at(n), grid.step(n), x, x, ws.step);
            if (k <= kept && n + 1 == k * steps / (kept + 1)) std::copy(x.begin(), x.end(), states.subspan((k++ - 1) * size, size).begin());
        }
        detail::start<T>(f, loss, grid, x, options, ws, result, parameters.theta);
        detail::PairSweep<F, G, T> sweep(f, grid, size, parameters.theta, ws, result.theta_bar);
        for (std::size_t n = steps, k = kept; n-- > 0;) {
            sweep(n, [&](std::span<T> left) {
                if (n != k * steps / (kept + 1)) return;
                const std::span<const T> stored = k == 0 ? std::span<const T>(x0) : states.subspan((k - 1) * size, size);
                std::copy(stored.begin(), stored.end(), left.begin());
                if (k > 0) --k;
            });
            if (detail::meet<T>(f, loss, grid, n, options, ws, result)) sweep.jumped(n);
        }
        detail::finish<T>(f, loss, grid, x0, options, steps, ws, result);
    }
};

}  // namespace costate::ode::otd
