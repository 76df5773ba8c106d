// Discretize-then-optimize at times between the steps: the exact gradient of what the pair's interpolant says there.
#pragma once

#include "ode/gradient/grid_bars.hpp"
#include "ode/gradient/saved_workspace.hpp"
#include "ode/loss.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode::dto {

namespace detail {

/// The reverse of steps with values between their ends:  u_j = x_n + h Σ_i w_i(τ_j) k_i,  τ_j = (s_j − t_n)/h.  For i = R … 1
///   ν_i = b_i λ₁ + Σ_j w_i(τ_j) ū_j + Σ_{m>i} a_mi ℓ_m,  μ_i = h ν_i,  ℓ_i = (∂f/∂x)ᵀμ_i;   λ₀ = λ₁ + Σ ū_j + Σ ℓ_i;
///   s̄_j = ū_j·Σ_i w_i'(τ_j) k_i,  and beside the h̄ and t̄ of step_vjp, in which ν_i is the one above,  h̄ −= τ_j s̄_j,  t̄ −= s̄_j.
/// k_1 of a step is k_S of the one before: their μ are added up and pulled back once, with the latter.
template <class F, class L, Scalar T>
class SavedSweep {
public:
    SavedSweep(F& f, std::span<const L> terms, std::span<const T> times, std::size_t size, bool want_time, SavedWorkspace<F, T>& ws, GradientResult<T>& result)
        : f_(f), terms_(terms), times_(times), n_(size), rows_(ws.columns.size()), wanted_(want_time), ws_(ws), result_(result) {
        for (std::vector<T>* v : {&ws.nu, &ws.mu, &ws.carry, &ws.y}) v->resize(size);
        ws.ell.resize(rows_ * size);
        ws.zeros.assign(size, T(0));
        ws.dual_weights.resize(rows_);
        ws.weights.resize(times.size() * rows_);
        ws.weight_dots.resize(rows_);
        ws.bars.resize(times.size() * size);
        ws.time_bars.resize(times.size());
        ws.pointers.reserve(rows_ + times.size() + 1);
    }

    /// Step n with the times [first, last) in it: λ_{n+1} → λ_n.
    void operator()(std::size_t n, const T& t, const T& h, std::size_t first, std::size_t last, TimeBars<T>& bars) {
        x_ = std::span<const T>(ws_.states).subspan(n * n_, n_);
        k_ = std::span<const T>(ws_.slopes).subspan(n * rows_ * n_, rows_ * n_);
        for (std::size_t j = first; j < last; ++j) meet(j, t, h, bars);
        std::fill(ws_.ell.begin(), ws_.ell.end(), T(0));
        step_ = n;
        for (std::size_t i = rows_; i-- > 0;) stage(i, t, h, first, last, bars);
        ws_.pointers.clear();
        for (std::size_t j = first; j < last; ++j) ws_.pointers.push_back(bar(j).data());
        for (std::size_t i = 0; i < rows_; ++i) ws_.pointers.push_back(ws_.ell.data() + i * n_);
        ws_.coefficients.assign(ws_.pointers.size(), T(1));
        kernels::rk_combine<T>(ws_.lambda, T(1), std::span<const T>(ws_.coefficients), ws_.pointers, ws_.lambda);
    }

private:
    [[nodiscard]] std::span<T> bar(std::size_t j) { return std::span<T>(ws_.bars).subspan(j * n_, n_); }
    std::span<const T* const> slopes() {
        ws_.pointers.clear();
        for (std::size_t i = 0; i < rows_; ++i) ws_.pointers.push_back(k_.data() + i * n_);
        return ws_.pointers;
    }

    /// u_j, its loss and ū_j, and s̄_j where times are wanted.
    void meet(std::size_t j, const T& t, const T& h, TimeBars<T>& bars) {
        const T tau = (times_[j] - t) / h;
        const std::span<T> w = std::span<T>(ws_.weights).subspan(j * rows_, rows_);
        ws_.forward.pair.interpolation_weights(tau, w);
        kernels::rk_combine<T>(x_, h, std::span<const T>(w), slopes(), ws_.y);
        result_.loss += terms_[j](std::span<const T>(ws_.y));
        terms_[j].gradient(std::span<const T>(ws_.y), bar(j));
        if (wanted_) move(j, tau, bars);
    }
    void move(std::size_t j, const T& tau, TimeBars<T>& bars) {
        ws_.moving.interpolation_weights(Dual<T>::variable(tau), ws_.dual_weights);
        for (std::size_t i = 0; i < rows_; ++i) ws_.weight_dots[i] = ws_.dual_weights[i].tangent;
        kernels::rk_combine<T>(ws_.zeros, T(1), std::span<const T>(ws_.weight_dots), slopes(), ws_.y);
        const T time_bar = ws_.time_bars[j] = kernels::dot<T>(bar(j), std::span<const T>(ws_.y));
        bars.t -= time_bar;
        bars.h -= tau * time_bar;
    }

    void stage(std::size_t i, const T& t, const T& h, std::size_t first, std::size_t last, TimeBars<T>& bars) {
        const Terms<T>& column = ws_.columns[i];
        ws_.pointers.clear();
        ws_.coefficients.assign(column.coefficient.begin(), column.coefficient.end());
        for (const std::size_t m : column.index) ws_.pointers.push_back(m == rows_ ? ws_.lambda.data() : ws_.ell.data() + m * n_);
        for (std::size_t j = first; j < last; ++j) {
            ws_.coefficients.push_back(ws_.weights[j * rows_ + i]);
            ws_.pointers.push_back(bar(j).data());
        }
        const bool with_next = carried_ && i + 1 == ws_.forward.pair.stages;
        const bool reached = first < last || with_next || std::find(column.index.begin(), column.index.end(), rows_) != column.index.end() || feeds(column);
        if (!reached) return;
        const bool with_previous = i == 0 && step_ > 0;
        const std::span<T> mu = with_previous ? ws_.carry : ws_.mu;
        if (wanted_) {
            kernels::rk_combine<T>(ws_.zeros, T(1), std::span<const T>(ws_.coefficients), ws_.pointers, ws_.nu);
            bars.h += kernels::dot<T>(ws_.nu, k_.subspan(i * n_, n_));
            kernels::scale<T>(h, ws_.nu, mu);
        } else {
            kernels::rk_combine<T>(ws_.zeros, h, std::span<const T>(ws_.coefficients), ws_.pointers, mu);
        }
        if (with_next) kernels::axpy<T>(T(1), ws_.carry, std::span<T>(ws_.mu));
        if (with_next || with_previous) carried_ = with_previous;
        if (!with_previous) pull(i, t, h, bars);
    }

    /// ℓ_i = (∂f/∂x)ᵀμ and what f gives to θ̄, t̄ and h̄.
    void pull(std::size_t i, const T& t, const T& h, TimeBars<T>& bars) {
        const T& c = ws_.forward.pair.c[i];
        T tau = T(0);
        const std::span<T> ell = std::span<T>(ws_.ell).subspan(i * n_, n_);
        if constexpr (RecordingField<F, T>) f_.pullback(ws_.records[step_ * (rows_ - 1) + i], ws_.mu, ell, result_.theta_bar, tau);
        else f_.vjp(t + c * h, state(i, h), std::span<const T>(ws_.mu), ell, std::span<T>(result_.theta_bar), tau);
        ++result_.cost.vjps;
        bars.t += tau;
        bars.h += c * tau;
    }
    /// Y_i.
    std::span<const T> state(std::size_t i, const T& h) {
        const Terms<T>& row = ws_.forward.pair.rows[i];
        ws_.pointers.clear();
        for (const std::size_t m : row.index) ws_.pointers.push_back(k_.data() + m * n_);
        kernels::rk_combine<T>(x_, h, std::span<const T>(row.coefficient), ws_.pointers, ws_.y);
        return ws_.y;
    }
    /// Whether a stage of the propagated step reads this one: in a step without times the others have no part.
    [[nodiscard]] bool feeds(const Terms<T>& column) const {
        return std::any_of(column.index.begin(), column.index.end(), [&](std::size_t m) { return m + 1 < ws_.forward.pair.stages; });
    }

    F& f_;
    std::span<const L> terms_;
    std::span<const T> times_;
    std::size_t n_, rows_, step_ = 0;
    bool wanted_, carried_ = false;  // ws.carry is the μ of k_1 of the step after
    SavedWorkspace<F, T>& ws_;
    GradientResult<T>& result_;
    std::span<const T> x_, k_;
};

}  // namespace detail

/// L = Σ_j ℓ_j(x̃(s_j)) for save times s_j that no step stops at, x̃ the pair's interpolant, and the exact gradient of that computed number, the
/// steps frozen. Steps are as long as the tolerance allows; between them the interpolant's order rules. The result's knot_bars are ∂L/∂s_j,
/// in their order; its x₁ is the end of the last step.
struct AdaptiveSaved {
    template <class F, Scalar T>
    using Workspace = SavedWorkspace<F, T>;

    /// To t₁, which the last save time may be. Allocates nothing once ws and result have met a call of this size and as many steps. Where the
    /// solve fails the status says so and result is no gradient.
    /// Throws std::invalid_argument for another number of losses than times, times out of order or outside of t₀ … t₁, and as solve_adaptive.
    template <class F, class L, OrderedScalar T>
        requires DifferentiableField<F, T> && TerminalLoss<L, T>
    const Status& operator()(F& f, const std::vector<L>& terms, const T& t0, const std::type_identity_t<T>& t1, View<T> times, View<T> x0,
                             const AdaptiveOptions<T>& steps, const GradientOptions& options, Workspace<F, T>& ws, GradientResult<T>& result) const {
        check<T>(terms.size(), t0, t1, times);
        ws.states.clear();
        ws.slopes.clear();
        detail::SavedRecorder<F, T> recorder(f, ws);
        ws.forward.follow(recorder, t0, View<T>(&t1, 1), x0, steps, [&](AcceptedStep<T>& step) {
            ws.states.insert(ws.states.end(), step.x.begin(), step.x.end());
            const std::span<const T> slopes = step.all_slopes();
            ws.slopes.insert(ws.slopes.end(), slopes.begin(), slopes.end());
            recorder.next();
        });
        if (ws.forward.status.ok()) reverse<F, L, T>(f, terms, times, x0.size(), options, ws, result);
        return ws.forward.status;
    }

private:
    template <class F, class L, Scalar T>
    static void reverse(F& f, std::span<const L> terms, View<T> times, std::size_t size, const GradientOptions& options, Workspace<F, T>& ws,
                        GradientResult<T>& result) {
        const TimeGrid<T>& grid = ws.forward.grid;
        result.x1.assign(ws.forward.x.begin(), ws.forward.x.end());
        result.loss = T(0);
        result.theta_bar.assign(options.want_theta ? f.parameter_count() : 0, T(0));
        result.t0_bar = result.t1_bar = T(0);
        result.cost = {ws.forward.counts.evaluations, 0, 0, 0};
        ws.lambda.assign(size, T(0));
        detail::GridBars<TimeGrid<T>, T> ends(grid, options, result);
        detail::SavedSweep<F, L, T> sweep(f, terms, times, size, options.want_time, ws, result);
        const bool ahead = grid.first() < grid.last();
        std::size_t last = times.size();
        for (std::size_t n = grid.steps(); n-- > 0;) {
            std::size_t first = last;
            while (first > 0 && (n == 0 || (ahead ? grid.at(n) < times[first - 1] : times[first - 1] < grid.at(n)))) --first;
            TimeBars<T> bars{T(0), T(0)};
            sweep(n, grid.at(n), grid.step(n), first, last, bars);
            ends.add(n, bars);
            last = first;
        }
        result.x_bar.assign(ws.lambda.begin(), ws.lambda.end());
        ends.finish();
        result.knot_bars.assign(ws.time_bars.begin(), options.want_time ? ws.time_bars.end() : ws.time_bars.begin());
        result.cost.peak_bytes = ws.bytes();
    }

    template <Scalar T>
    static void check(std::size_t terms, const T& t0, const T& t1, View<T> times) {
        bool ordered = true;
        for (std::size_t j = 0; j < times.size(); ++j) {
            const T& before = j == 0 ? t0 : times[j - 1];
            ordered = ordered && (t0 < t1 ? !(times[j] < before) && !(t1 < times[j]) : !(before < times[j]) && !(times[j] < t1));
        }
        if (terms != times.size() || terms == 0 || !ordered)
            throw std::invalid_argument("losses at save times: there are " + std::to_string(terms) + " losses and " + std::to_string(times.size()) +
                                        " times; give as many, the times in the order of the solve and within t0 to t1");
    }
};

}  // namespace costate::ode::dto
