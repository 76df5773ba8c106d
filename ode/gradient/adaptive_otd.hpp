// Optimize-then-discretize with steps of its own: the adjoint equation solved backwards under an error control of its own.
#pragma once

#include "ode/gradient/adaptive_forward.hpp"
#include "ode/gradient/otd_sweep.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace costate::ode::otd {

/// Where the adjoint solve has x from:
///   backsolved    x is solved backwards beside λ, and is the stored one again at each knot (Chen, Rubanova, Bettencourt, Duvenaud 2018)
///   stored        the same, and x is the stored one again at each node of the forward grid
///   interpolated  λ alone is solved; x is the forward pair's interpolant (Rackauckas et al. 2020)
enum class StateFrom { backsolved, stored, interpolated };

/// What the error control of the way back looks at: all of [x | λ | g]; without g = ∇_θL, which nothing depends on, so that an error of it is
/// not amplified (Kidger, Chen, Lyons, "Hey, that's not an ODE", 2021); λ alone. Without effect where the tolerances have weights.
enum class AdjointNorm { whole, pair, adjoint };

/// Serves one field. The ways there and back may have different pairs.
template <class F, Scalar T>
struct AdaptiveOtdWorkspace {
    AdaptiveForward<T> forward;
    PairCoefficients<T> pair;  ///< of the way back
    Workspace<F, T> back;
    AdaptiveWorkspace<T> solver;
    AdaptiveResult<T> part;
    AdaptiveOptions<T> options;
    std::vector<T> states, slopes, weights;  ///< x_n; all slopes of its step; the interpolant's w_i
    AdaptiveCounts counts;                   ///< of the way back
    Status status;

    AdaptiveOtdWorkspace(const Tableau& there, const Tableau& and_back) : forward(there), pair(and_back), back(and_back) {}
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = forward.bytes() + back.bytes() + solver.bytes();
        for (const std::vector<T>* v : {&states, &slopes, &weights, &part.x1, &part.times}) total += ode::detail::bytes_of(*v);
        return total;
    }
};

namespace detail {

/// [λ | g]' = −λᵀ(∂f/∂x, ∂f/∂θ) at the interpolated x(t).
template <class F, Scalar T>
class InterpolatedAdjoint {
public:
    InterpolatedAdjoint(F& f, std::size_t n, std::size_t parameters, AdaptiveOtdWorkspace<F, T>& ws)
        : f_(f), n_(n), parameters_(parameters), rows_(ws.forward.pair.stages + ws.forward.pair.extra), ws_(ws), step_(ws.forward.grid.steps() - 1) {
        ws.weights.resize(rows_);
        ws.back.stage.resize(n);
        ws.back.value.resize(n);
    }

    [[nodiscard]] std::size_t dim() const { return n_ + parameters_; }

    void operator()(const T& t, std::span<const T> state, std::span<T> slope) {
        find(t);
        std::fill(slope.begin(), slope.end(), T(0));
        pull<T>(f_, t, std::span<const T>(ws_.back.stage), state.first(n_), slope.first(n_), slope.subspan(n_), ws_.back.value, false, ws_.back);
        kernels::negate<T>(slope, slope);
    }

private:
    /// x(t) in ws.back.stage.
    void find(const T& t) {
        const TimeGrid<T>& grid = ws_.forward.grid;
        const bool forward = grid.first() < grid.last();
        const auto before = [&](std::size_t n) { return forward ? t < grid.at(n) : grid.at(n) < t; };
        while (step_ > 0 && before(step_)) --step_;
        while (step_ + 1 < grid.steps() && !before(step_ + 1)) ++step_;
        const T h = grid.step(step_);
        ws_.forward.pair.interpolation_weights((t - grid.at(step_)) / h, ws_.weights);
        std::vector<const T*>& rows = ws_.back.step.pointers;
        rows.clear();
        for (std::size_t i = 0; i < rows_; ++i) rows.push_back(ws_.slopes.data() + (step_ * rows_ + i) * n_);
        kernels::rk_combine<T>(std::span<const T>(ws_.states).subspan(step_ * n_, n_), h, std::span<const T>(ws_.weights), rows, ws_.back.stage);
    }

    F& f_;
    std::size_t n_, parameters_, rows_;
    AdaptiveOtdWorkspace<F, T>& ws_;
    std::size_t step_;
};

}  // namespace detail

/// (x, λ, g) from (x(t₁), ∇L, 0) at t₁ to t₀ by an adaptive solve with tolerances of its own, λ jumping by ∇ℓ_k at the knots; the gradient of
/// the differential equation, not of the computed solution: its error follows the tolerances of both ways.
/// ∂L/∂t₁ = λ₁ᵀf(t₁, x₁), ∂L/∂t₀ = −λ(t₀)ᵀf(t₀, x₀), ∂L/∂s_k = ∇ℓ_kᵀf(s_k, x(s_k)).
struct Adaptive {
    StateFrom state = StateFrom::stored;
    AdjointNorm norm = AdjointNorm::pair;

    template <class F, Scalar T>
    using Workspace = AdaptiveOtdWorkspace<F, T>;

    /// Steps of the way there and of the way back: `there` and `back`, whose save_at takes no part. Allocates nothing once ws and result have met a call of this size and
    /// as many steps. Where either solve fails the status says so and result is no gradient; ws.forward.status tells which.
    /// Throws std::invalid_argument as AdaptiveForward::follow and solve_adaptive.
    template <class F, class L, OrderedScalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    const Status& operator()(F& f, const L& loss, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& there, const AdaptiveOptions<T>& back,
                             const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) const {
        ws.status = forward(f, t0, knots, x0, there, ws);
        if (!ws.status.ok()) return ws.status;
        const TimeGrid<T>& grid = ws.forward.grid;
        detail::start<T>(f, loss, grid, ws.forward.x, options, ws.back, result);
        prepare(back, x0.size(), result.theta_bar.size(), ws);
        detail::InterpolatedAdjoint<F, T> along(f, x0.size(), result.theta_bar.size(), ws);
        for (std::size_t k = grid.knots(); k-- > 1;) {
            if (!interval(f, along, k - 1, x0.size(), options.want_theta, ws)) return ws.status;
            const std::size_t kept = state == StateFrom::backsolved ? k - 1 : grid.knot(k - 1);
            std::copy_n(ws.states.begin() + static_cast<std::ptrdiff_t>(kept * x0.size()), x0.size(), ws.back.augmented.begin());
            detail::meet<T>(f, loss, grid, grid.knot(k - 1), options, ws.back, result);
        }
        detail::finish<T>(f, loss, grid, x0, options, 0, ws.back, result);
        result.cost.evaluations += ws.forward.counts.evaluations;
        result.cost.peak_bytes = ws.bytes();
        return ws.status;
    }

private:
    /// Keeps x at t₀ and the knots, or at every node; and all slopes where they are interpolated.
    template <class F, Scalar T>
    const Status& forward(F& f, const T& t0, View<T> knots, View<T> x0, const AdaptiveOptions<T>& steps, Workspace<F, T>& ws) const {
        ws.states.clear();
        ws.slopes.clear();
        std::size_t kept = 0;
        return ws.forward.follow(f, t0, knots, x0, steps, [&](AcceptedStep<T>& step) {
            if (state != StateFrom::backsolved || kept == 0 || step.t == knots[kept - 1]) {
                ws.states.insert(ws.states.end(), step.x.begin(), step.x.end());
                ++kept;
            }
            if (state != StateFrom::interpolated) return;
            const std::span<const T> slopes = step.all_slopes();
            ws.slopes.insert(ws.slopes.end(), slopes.begin(), slopes.end());
        });
    }

    template <class F, Scalar T>
    void prepare(const AdaptiveOptions<T>& back, std::size_t n, std::size_t parameters, Workspace<F, T>& ws) const {
        ws.counts = {};
        ws.options = back;
        ws.options.save_at.clear();
        std::vector<T>& weights = ws.options.tolerance.weights;
        if (!weights.empty() || norm == AdjointNorm::whole) return;
        if (state != StateFrom::interpolated) weights.insert(weights.end(), n, norm == AdjointNorm::pair ? T(1) : T(0));
        weights.insert(weights.end(), n, T(1));
        weights.insert(weights.end(), parameters, T(0));
    }

    /// Back from knot k + 1 to knot k.
    template <class F, Scalar T>
    bool interval(F& f, detail::InterpolatedAdjoint<F, T>& along, std::size_t k, std::size_t n, bool want_theta, Workspace<F, T>& ws) const {
        const TimeGrid<T>& grid = ws.forward.grid;
        const std::span<T> augmented = ws.back.augmented;
        const std::size_t first = grid.knot(k), last = grid.knot(k + 1);
        if (state == StateFrom::interpolated) return solve(along, grid.at(last), grid.at(first), augmented.subspan(n), ws);
        AdjointField<F, T>& adjoint = ws.back.adjoint_of(f, n, want_theta);
        const std::size_t before = ws.counts.evaluations;
        bool good = true;
        if (state == StateFrom::backsolved) good = solve(adjoint, grid.at(last), grid.at(first), augmented, ws);
        for (std::size_t m = last; state == StateFrom::stored && good && m-- > first;) {
            if (m + 1 < last) std::copy_n(ws.states.begin() + static_cast<std::ptrdiff_t>((m + 1) * n), n, augmented.begin());
            ws.options.first_step = grid.step(m) < T(0) ? T(-grid.step(m)) : grid.step(m);
            good = solve(adjoint, grid.at(m + 1), grid.at(m), augmented, ws);
        }
        ws.back.calls.evaluations += ws.counts.evaluations - before;
        ws.back.calls.vjps += ws.counts.evaluations - before;
        return good;
    }

    template <class Field, class F, Scalar T>
    static bool solve(Field& field, const T& from, const T& to, std::span<T> y, Workspace<F, T>& ws) {
        solve_adaptive<T>(ws.pair, field, from, to, y, ws.options, ws.solver, ws.part);
        ws.counts.evaluations += ws.part.counts.evaluations;
        ws.counts.accepted += ws.part.counts.accepted;
        ws.counts.rejected += ws.part.counts.rejected;
        ws.status = ws.part.status;
        std::copy(ws.part.x1.begin(), ws.part.x1.end(), y.begin());
        return ws.status.ok();
    }
};

}  // namespace costate::ode::otd
