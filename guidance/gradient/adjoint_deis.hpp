// AdjointDEIS-1: the continuous adjoint of the probability-flow equation by a first-order exponential integrator, ε̂ held over a step.
#pragma once

#include "guidance/paths/path.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/solve.hpp"
#include "ode/step_workspace.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace costate::guidance {

/// On t_0 < … < t_N, s = t_n, t = t_{n+1}, forwards DDIM, backwards with every state stored:
///   x_t = (α_t/α_s) x_s + (σ_t − σ_s α_t/α_s) ε̂(s, x_s)
///   λ_s = (α_t/α_s) λ_t + σ_s (e^h − 1) (α_t²/α_s²) λ_tᵀ∂ε̂/∂x(t, x_t),   g_s = g_t + σ_s (e^h − 1) (α_t/α_s) λ_tᵀ∂ε̂/∂θ(t, x_t),
/// e^h = α_s σ_t/(α_t σ_s), the step in log σ/α; formed as σ_s(e^h − 1) = α_s σ_t/α_t − σ_s, so that σ may be 0 at the end. In x/α over σ/α this is
/// explicit Euler backwards from the stored state, stored-states of the family of optimize-then-discretize; dto of the same steps has
/// ∂ε̂ at (s, x_s) instead. Order 1. (Blasingame and Liu 2024, AdjointDEIS, the solver of order one)
struct AdjointDeis1 {
    static constexpr std::string_view name = "adjoint-deis-1";
    static constexpr std::string_view meaning =
        "optimize-then-discretize by an exponential integrator of order 1 along stored DDIM states, equal steps in time; needs a path";
    static constexpr std::size_t order = 1;

    template <class F, Scalar T>
    struct Workspace {
        std::vector<T> states, lambda, nu, bar, noise, alpha, sigma;
        std::vector<typename ode::detail::FieldRecord<F, T>::type> record;

        [[nodiscard]] std::size_t bytes() const {
            std::size_t total = 0;
            for (const std::vector<T>* v : {&states, &lambda, &nu, &bar, &noise, &alpha, &sigma}) total += ode::detail::bytes_of(*v);
            for (const auto& r : record) total += ode::detail::record_bytes(r);
            return total;
        }
    };

    /// `noise` is ε̂ as a DifferentiableField (NoiseOf). Derivatives with respect to t₀ and t₁ are not formed (0). each_step() is called before
    /// every step, both ways. One evaluation and one vjp a step (of a field that records one evaluation more). Allocates nothing once warm.
    /// Throws std::domain_error where α = 0 or σ is irrational in an exact scalar, std::invalid_argument for steps = 0 or an x₀ that is not a whole
    /// number of samples.
    template <class F, class L, Scalar T, class Each>
        requires ode::DifferentiableField<F, T> && ode::TerminalLoss<L, T>
    void operator()(F& noise, const AnyPath& path, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps, ode::View<T> x0,
                    const ode::GradientOptions& options, Workspace<F, T>& ws, ode::GradientResult<T>& result, Each&& each_step) const {
        const ode::Grid<T> grid(t0, t1, steps);
        const std::size_t size = x0.size();
        ode::detail::check_state(noise, size);
        knots(path, grid, ws);
        for (std::vector<T>* v : {&ws.lambda, &ws.nu, &ws.bar, &ws.noise}) v->resize(size);
        ws.states.resize((steps + 1) * size);
        const std::span<T> states = ws.states;
        std::copy(x0.begin(), x0.end(), states.begin());
        for (std::size_t n = 0; n < steps; ++n) {
            each_step();
            const T ratio = ws.alpha[n + 1] / ws.alpha[n], on_noise = ws.sigma[n + 1] - ws.sigma[n] * ratio;
            const std::span<const T> x = states.subspan(n * size, size);
            noise(grid.at(n), x, std::span<T>(ws.noise));
            for (std::size_t i = 0; i < size; ++i) states[(n + 1) * size + i] = ratio * x[i] + on_noise * ws.noise[i];
        }
        start(noise, loss, states.last(size), options, ws, result);
        for (std::size_t n = steps; n-- > 0;) {
            each_step();
            back(noise, T(grid.at(n + 1)), n, states.subspan((n + 1) * size, size), ws, std::span<T>(result.theta_bar));
        }
        result.x_bar.assign(ws.lambda.begin(), ws.lambda.end());
        result.cost = {(ode::RecordingField<F, T> ? 2 : 1) * steps, steps, 0, ws.bytes()};
    }

    /// The same with a workspace of its own.
    template <class F, class L, Scalar T>
        requires ode::DifferentiableField<F, T> && ode::TerminalLoss<L, T>
    ode::GradientResult<T> operator()(F& noise, const AnyPath& path, const L& loss, const T& t0, const std::type_identity_t<T>& t1, std::size_t steps,
                                      ode::View<T> x0, const ode::GradientOptions& options = {}) const {
        Workspace<F, T> ws;
        ode::GradientResult<T> result;
        (*this)(noise, path, loss, t0, t1, steps, x0, options, ws, result, [] {});
        return result;
    }

private:
    template <class F, Scalar T>
    static void knots(const AnyPath& path, const ode::Grid<T>& grid, Workspace<F, T>& ws) {
        ws.alpha.resize(grid.steps + 1);
        ws.sigma.resize(grid.steps + 1);
        for (std::size_t n = 0; n <= grid.steps; ++n) {
            const PathPoint<T> p = at<T>(path, grid.at(n));
            if (!is_unit(p.alpha))
                throw std::domain_error("AdjointDEIS divides by alpha, which is 0" + place(path, grid.at(n)) + "; start above it (--t0)");
            ws.alpha[n] = p.alpha;
            ws.sigma[n] = p.sigma();
        }
    }

    template <class F, class L, Scalar T>
    static void start(F& noise, const L& loss, ode::View<T> x1, const ode::GradientOptions& options, Workspace<F, T>& ws,
                      ode::GradientResult<T>& result) {
        result.x1.assign(x1.begin(), x1.end());
        result.loss = loss(x1);
        loss.gradient(x1, std::span<T>(ws.lambda));
        result.theta_bar.assign(options.want_theta ? noise.parameter_count() : 0, T(0));
        result.t0_bar = result.t1_bar = T(0);
    }

    // ν = (σ_t − σ_s α_t/α_s) λ_t: θ̄ += νᵀ∂ε̂/∂θ, λ_s = (α_t/α_s)(λ_t + νᵀ∂ε̂/∂x)
    template <class F, Scalar T>
    static void back(F& noise, const T& t, std::size_t n, ode::View<T> x, Workspace<F, T>& ws, std::span<T> theta_bar) {
        const T ratio = ws.alpha[n + 1] / ws.alpha[n], on_noise = ws.sigma[n + 1] - ws.sigma[n] * ratio;
        for (std::size_t i = 0; i < x.size(); ++i) ws.nu[i] = on_noise * ws.lambda[i];
        std::fill(ws.bar.begin(), ws.bar.end(), T(0));
        const std::span<const T> nu = ws.nu;
        T t_bar(0);
        if constexpr (ode::RecordingField<F, T>) {
            if (ws.record.empty()) ws.record.push_back(noise.make_record());
            noise.forward(t, x, std::span<T>(ws.noise), ws.record.front());
            noise.pullback(ws.record.front(), nu, std::span<T>(ws.bar), theta_bar, t_bar);
        } else {
            noise.vjp(t, x, nu, std::span<T>(ws.bar), theta_bar, t_bar);
        }
        for (std::size_t i = 0; i < x.size(); ++i) ws.lambda[i] = ratio * (ws.lambda[i] + ws.bar[i]);
    }
};

}  // namespace costate::guidance
