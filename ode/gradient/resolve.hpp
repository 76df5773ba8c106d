// Optimize-then-discretize by segments: the forward solution is computed again between stored states, then used as stored.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/otd_sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace costate::ode::otd {

/// The gradient of StoredStates, bitwise, from K states stored at ⌊k N/K⌋, k = 0 … K−1, and those of one segment: the forward pass keeps the
/// last segment, every other one is solved again before the adjoint goes through it (the checkpointing of CVODES, Serban and Hindmarsh 2005).
/// Memory: K + ⌈N/K⌉ + 1 states, least for K = √N, which is meant where no K is given. Forward steps: 2N − the last segment's.
struct Resolve : CalledOnEqualSteps<Resolve> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view base = "resolve";
    static constexpr std::string_view meaning = "optimize-then-discretize on states solved again between K stored ones (√N where K is left out)";
    static constexpr std::array names = {MethodName{base, "K:THETA", meaning}};
    static constexpr bool discrete = false;  ///< the derivative of the discrete map, == in exact arithmetic

    Parameters parameters{};
    std::string name{full_name(base, parameters)};

    Resolve() = default;
    explicit Resolve(const Parameters& given) : parameters(given) {}

    /// Throws std::invalid_argument for parameters that are not a number of states and a way to ∇_θL.
    static std::optional<Resolve> named(std::string_view given, std::span<const std::string_view> words) {
        if (given != base) return std::nullopt;
        return Resolve(read_parameters(base, words, true));
    }

    template <class F, Scalar T>
    using Workspace = otd::Workspace<F, T>;

    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }
    /// That of ∇_θL: a cubic between the ends of a step has order 4.
    [[nodiscard]] std::size_t theta_order(const Tableau& tableau) const {
        return parameters.theta == ThetaBy::gauss ? std::min<std::size_t>(order(tableau), 4) : order(tableau);
    }

    /// K on a grid of N steps.
    [[nodiscard]] std::size_t states_of(std::size_t steps) const {
        const auto root = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(steps))));
        return std::clamp<std::size_t>(parameters.states.value_or(root), 1, steps);
    }

    /// On any grid, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    /// Throws std::domain_error for :gauss in an exact scalar where p ≥ 3.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        const std::size_t size = x0.size(), steps = step_count(grid), kept = states_of(steps), longest = (steps + kept - 1) / kept;
        ode::detail::check_state(f, size);
        ws.states.resize((kept + longest + 1) * size);
        const std::span<T> stored = std::span<T>(ws.states).first(kept * size), segment = std::span<T>(ws.states).subspan(kept * size);
        const auto first = [&](std::size_t k) { return k * steps / kept; };
        const auto solve_segment = [&](std::size_t k) {
            std::copy_n(stored.begin() + static_cast<std::ptrdiff_t>(k * size), size, segment.begin());
            for (std::size_t n = first(k), m = 0; n < first(k + 1); ++n, ++m)
                step<T>(ws.method, f, grid.at(n), grid.step(n), segment.subspan(m * size, size), segment.subspan((m + 1) * size, size), ws.step);
        };
        std::copy(x0.begin(), x0.end(), stored.begin());
        for (std::size_t k = 0; k < kept; ++k) {
            solve_segment(k);
            const std::span<const T> end = segment.subspan((first(k + 1) - first(k)) * size, size);
            if (k + 1 < kept) std::copy(end.begin(), end.end(), stored.subspan((k + 1) * size, size).begin());
        }
        detail::start<T>(f, loss, grid, segment.subspan((steps - first(kept - 1)) * size, size), options, ws, result, parameters.theta);
        detail::PairSweep<F, G, T> sweep(f, grid, size, parameters.theta, ws, result.theta_bar);
        std::size_t k = kept - 1;
        for (std::size_t n = steps; n-- > 0;) {
            sweep(n, [&](std::span<T> left) {
                if (n == first(k)) {
                    std::copy_n(stored.begin() + static_cast<std::ptrdiff_t>(k * size), size, left.begin());
                    if (k > 0) solve_segment(--k);
                    return;
                }
                std::copy_n(segment.begin() + static_cast<std::ptrdiff_t>((n - first(k)) * size), size, left.begin());
            });
            if (detail::meet<T>(f, loss, grid, n, options, ws, result)) sweep.jumped(n);
        }
        detail::finish<T>(f, loss, grid, x0, options, steps + first(kept - 1), ws, result);
    }
};

}  // namespace costate::ode::otd
