// The tangent equations, one direction an input: the transpose of DTO, without a reverse sweep.
#pragma once

#include "ode/gradient/calling_forms.hpp"
#include "ode/gradient/discrete.hpp"
#include "ode/rooted_trees.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace costate::ode {

/// x̄_bj = λ₁ᵀ ∂x₁/∂x₀ e_j for each of the dim directions (all samples of the batch at once: a row of f depends on its own row of
/// x only), θ̄_p and t̄ likewise, one solve of step_jvp a direction. Equal to DTO in exact arithmetic. Memory independent of N.
/// Cost: N · s evaluations and (dim + [P] + [2]) N · s jvps, so for few inputs.
struct ForwardSensitivities : CalledOnEqualSteps<ForwardSensitivities> {
    using CalledOnEqualSteps::operator();

    static constexpr std::string_view name = "forward";
    static constexpr std::string_view meaning = "forward sensitivities: one tangent solve an input";
    static constexpr bool discrete = true;  ///< the derivative of the discrete map, == in exact arithmetic

    template <class F, Scalar T>
    struct Workspace {
        Coefficients<T> method;
        StepWorkspace<T> step;
        std::vector<T> x, x_dot, theta_dot, lambda;

        explicit Workspace(const Tableau& tableau) : method(tableau) {}

        [[nodiscard]] std::size_t bytes() const {
            std::size_t total = step.bytes();
            for (const std::vector<T>* v : {&x, &x_dot, &theta_dot, &lambda}) total += detail::bytes_of(*v);
            return total;
        }
    };

    static std::size_t predicted_order(const Tableau& tableau) { return order(tableau); }

    /// On any grid, its end alone in the loss, equal steps or not. Allocates nothing once ws and result have met a call of this size.
    template <class F, class L, Scalar T, class G>
        requires DifferentiableField<F, T> && TerminalLoss<L, T> && StepGrid<G, T>
    void operator()(F& f, const L& loss, const G& grid, View<T> x0, const GradientOptions& options, Workspace<F, T>& ws,
                    GradientResult<T>& result) const {
        static_assert(!PathLoss<L, T>, "forward sensitivities: a loss along the way needs a reverse sweep");
        const std::size_t size = x0.size();
        result.knot_bars.clear();
        ws.x.resize(size);
        solve<T>(ws.method, f, grid, x0, ws.x, ws.step);
        dto::detail::start_reverse<T>(f, loss, ws.x, options, ws.lambda, result);
        ws.theta_dot.assign(f.parameter_count(), T(0));
        state_directions<T>(f, grid, x0, ws, result);
        if (options.want_theta) parameter_directions<T>(f, grid, x0, ws, result);
        if (options.want_time) {
            const T part = T(1) / grid.whole();
            result.t1_bar = time_direction<T>(f, grid, x0, T(0), part, ws);
            result.t0_bar = time_direction<T>(f, grid, x0, T(1), -part, ws);
        }
        const std::size_t stages = step_count(grid) * ws.method.stages;
        const std::size_t directions = f.dim() + result.theta_bar.size() + (options.want_time ? 2 : 0);
        result.cost = {stages, 0, directions * stages, ws.bytes()};
    }

private:
    // ẋ₁ in ws.x_dot, from the ẋ₀ there, the θ̇ in ws.theta_dot, and the ṫ_n and ḣ_n of a grid that moves where moving is set.
    template <Scalar T, class F, class G>
    static void tangent(F& f, const G& grid, View<T> x0, bool moving, const T& t0_dot, const T& rate,
                        std::span<const T> theta_dot, Workspace<F, T>& ws) {
        std::copy(x0.begin(), x0.end(), ws.x.begin());
        for (std::size_t n = 0; n < step_count(grid); ++n) {
            const TimeTangent<T> time = grid.moved(n, t0_dot, rate);
            step_jvp<T>(ws.method, f, grid.at(n), grid.step(n), ws.x, moving ? &time : nullptr, ws.x_dot, theta_dot, ws.x, ws.x_dot,
                        ws.step);
        }
    }

    template <Scalar T, class F, class G>
    static void state_directions(F& f, const G& grid, View<T> x0, Workspace<F, T>& ws, GradientResult<T>& result) {
        const std::size_t size = x0.size(), dim = f.dim();
        result.x_bar.resize(size);
        for (std::size_t j = 0; j < dim; ++j) {
            ws.x_dot.assign(size, T(0));
            for (std::size_t row = 0; row < size; row += dim) ws.x_dot[row + j] = T(1);
            tangent<T>(f, grid, x0, false, T(0), T(0), {}, ws);
            for (std::size_t row = 0; row < size; row += dim)
                result.x_bar[row + j] = kernels::dot<T>(std::span<const T>(ws.lambda).subspan(row, dim),
                                                        std::span<const T>(ws.x_dot).subspan(row, dim));
        }
    }

    template <Scalar T, class F, class G>
    static void parameter_directions(F& f, const G& grid, View<T> x0, Workspace<F, T>& ws, GradientResult<T>& result) {
        for (std::size_t p = 0; p < ws.theta_dot.size(); ++p) {
            ws.x_dot.assign(x0.size(), T(0));
            ws.theta_dot[p] = T(1);
            tangent<T>(f, grid, x0, false, T(0), T(0), ws.theta_dot, ws);
            ws.theta_dot[p] = T(0);
            result.theta_bar[p] = kernels::dot<T>(ws.lambda, ws.x_dot);
        }
    }

    template <Scalar T, class F, class G>
    static T time_direction(F& f, const G& grid, View<T> x0, const T& t0_dot, const T& rate, Workspace<F, T>& ws) {
        ws.x_dot.assign(x0.size(), T(0));
        tangent<T>(f, grid, x0, true, t0_dot, rate, {}, ws);
        return kernels::dot<T>(ws.lambda, ws.x_dot);
    }
};

}  // namespace costate::ode
