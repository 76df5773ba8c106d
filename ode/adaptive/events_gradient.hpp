// Gradients through events: the saltation rule between the pieces of a solution, any gradient method on each of them.
#pragma once

#include "kernels/reduce.hpp"
#include "ode/adaptive/events_search.hpp"
#include "ode/gradient/result.hpp"
#include "ode/loss.hpp"
#include "ode/step.hpp"
#include "ode/vector_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace costate::ode {

/// ∂L of a loss L(x₁, t_1 … t_m, x⁻_1 … x⁻_m) of the end, of the times of the m events and of the states just before them; what is empty is 0.
/// States at save times have no part in it: one that a loss reads is an event of its own, of g = t − s without a jump, and is read as x⁻ there.
template <Scalar T>
struct EventSeeds {
    std::vector<T> x1_bar;       ///< ∂L/∂x₁, after the jump of an event that ended the solve
    std::vector<T> time_bars;    ///< ∂L/∂t_k, m of them
    std::vector<T> before_bars;  ///< ∂L/∂x⁻_k, one state after the other
};

template <Scalar T>
struct EventGradient {
    std::vector<T> x_bar, theta_bar;
    std::vector<T> event_bars;  ///< ∂L/∂η of event 0, event 1, …
    T t0_bar{}, t1_bar{};       ///< t1_bar is 0 where a terminal event ended the solve
    Cost cost;
};

/// A gradient method that goes back over steps of any lengths, as those between events are.
template <class M, class F, class T>
concept MethodOnGrids = requires(const M& method, F& f, const LinearFunctional<T>& loss, const TimeGrid<T>& grid, View<T> x0, const GradientOptions& options,
                                 typename M::template Workspace<F, T>& ws, GradientResult<T>& result) { method(f, loss, grid, x0, options, ws, result); };

namespace detail {

template <class M, class F, Scalar T>
class EventSweep {
public:
    EventSweep(const M& method, const Tableau& tableau, F& f, std::span<const Event<T>> events, const EventSolution<T>& solution,
               const EventSeeds<T>& seeds, const GradientOptions& options)
        : method_(method), coefficients_(tableau), f_(f), events_(events), solution_(solution), seeds_(seeds), options_(options), ws_(tableau),
          lambda_(seeds.x1_bar) {
        options_.want_time = true;
        lambda_.resize(solution.x1.size(), T(0));
        gradient_.theta_bar.assign(options_.want_theta ? f.parameter_count() : 0, T(0));
        for (const Event<T>& event : events) {
            offsets_.push_back(gradient_.event_bars.size());
            gradient_.event_bars.resize(gradient_.event_bars.size() + event.parameter_count, T(0));
        }
    }

    EventGradient<T> operator()() {
        for (std::size_t k = solution_.pieces.size(); k-- > 0;) {
            const EventPiece<T>& piece = solution_.pieces[k];
            if (piece.event) through_event(k, piece);
            else over_end(piece);
        }
        gradient_.x_bar = lambda_;
        gradient_.t0_bar = start_bar_;
        return gradient_;
    }

private:
    /// λ at the end of the piece becomes λ at its start.
    void over(const EventPiece<T>& piece) {
        if (piece.grid.steps() == 0) return;
        const LinearFunctional<T> loss(lambda_);
        method_(f_, loss, piece.grid, piece.x0, options_, ws_, part_);
        lambda_ = part_.x_bar;
        for (std::size_t i = 0; i < gradient_.theta_bar.size(); ++i) gradient_.theta_bar[i] += part_.theta_bar[i];
        gradient_.cost.evaluations += part_.cost.evaluations;
        gradient_.cost.vjps += part_.cost.vjps;
        gradient_.cost.jvps += part_.cost.jvps;
        gradient_.cost.peak_bytes = std::max(gradient_.cost.peak_bytes, part_.cost.peak_bytes);
    }

    /// The piece from the last event to t₁.
    void over_end(const EventPiece<T>& piece) {
        if (piece.grid.steps() > 0) {
            over(piece);
            start_bar_ = part_.t0_bar;
            gradient_.t1_bar = part_.t1_bar;
        } else {
            slope_at_end(piece, true);
            gradient_.t1_bar = kernels::dot<T>(lambda_, std::span<const T>(slope_));
            start_bar_ = -gradient_.t1_bar;
        }
    }

    /// ∂x⁻/∂t_e: of the step for the derivative of the discrete map, of the flow for the others.
    void slope_at_end(const EventPiece<T>& piece, bool flow) {
        const std::size_t n = piece.x1.size(), steps = piece.grid.steps();
        slope_.resize(n);
        scratch_.assign(n, T(0));
        if (flow || steps == 0) {
            f_(piece.end, std::span<const T>(piece.x1), std::span<T>(slope_));
            ++gradient_.cost.evaluations;
            return;
        }
        const TimeTangent<T> longer{T(0), T(1)};
        end_.resize(n);
        step_jvp<T>(coefficients_, f_, piece.grid.at(steps - 1), piece.grid.step(steps - 1), piece.last, &longer, scratch_, {}, end_, slope_, step_);
        gradient_.cost.jvps += coefficients_.stages;
    }

    void through_event(std::size_t k, const EventPiece<T>& piece) {
        const Event<T>& event = events_[*piece.event];
        const std::size_t n = piece.x1.size();
        const std::span<T> eta_bar = std::span<T>(gradient_.event_bars).subspan(offsets_[*piece.event], event.parameter_count);
        T time_bar = start_bar_ + (seeds_.time_bars.empty() ? T(0) : seeds_.time_bars[k]);
        if (event.jump) {
            const std::vector<T> after = lambda_;
            lambda_.assign(n, T(0));
            event.jump_vjp(piece.end, piece.x1, after, lambda_, eta_bar, time_bar);
        }
        for (std::size_t i = 0; !seeds_.before_bars.empty() && i < n; ++i) lambda_[i] += seeds_.before_bars[k * n + i];
        slope_at_end(piece, !M::discrete);
        const T rate = rate_of<T>(event, piece.end, piece.x1, slope_, scratch_);
        const T weight = -(kernels::dot<T>(lambda_, std::span<const T>(slope_)) + time_bar) / rate;
        event.g_vjp(piece.end, piece.x1, weight, lambda_, eta_bar, time_bar);
        over(piece);
        start_bar_ = time_bar + (piece.grid.steps() > 0 ? T(part_.t0_bar + part_.t1_bar) : T(0));
    }

    const M& method_;
    Coefficients<T> coefficients_;
    F& f_;
    std::span<const Event<T>> events_;
    const EventSolution<T>& solution_;
    const EventSeeds<T>& seeds_;
    GradientOptions options_;
    typename M::template Workspace<F, T> ws_;
    std::vector<T> lambda_, slope_, scratch_, end_;
    std::vector<std::size_t> offsets_;
    StepWorkspace<T> step_;
    GradientResult<T> part_;
    T start_bar_{};  // ∂L of the time at which the piece behind begins
    EventGradient<T> gradient_;
};

}  // namespace detail

/// With λ⁺ and τ⁺ the derivatives with respect to x⁺ and to the time t_e at which the next piece begins, at an event (saltation; Aizerman and
/// Gantmacher 1958; Hiskens and Pai, Trajectory sensitivity analysis of hybrid systems, 2000, transposed):
///   λ⁻ = (∂r/∂x)ᵀλ⁺ + ∂L/∂x⁻,  τ = τ⁺ + λ⁺ᵀ∂r/∂t + ∂L/∂t_e,  dt_e = −(∂g/∂x δx⁻ + ∂g/∂η δη)/ġ,  ġ = ∂g/∂x v + ∂g/∂t,
///   c = −(λ⁻ᵀv + τ)/ġ,   λ = λ⁻ + c (∂g/∂x)ᵀ,  η̄ += c ∂g/∂η + λ⁺ᵀ∂r/∂η,
/// and λ goes back over the piece by `method`, which takes its steps anew; τ⁺ of the event before is τ + c ∂g/∂t + Σ t̄_n of the steps.
/// A discrete method (dto::StoreAll, dto::Checkpointed, …): v = ∂Φ_h/∂h of the last step. Steps are frozen: on the way to an event all but the
/// last keep their lengths and it ends at the event; after the last event they keep their fractions of what is left to t₁, like those of a
/// TimeGrid. Then the gradient is exact for the map so computed. The others (otd::…): v = f(t_e, x⁻), the continuous rule.
/// States at save times have no seeds: an event with g = t − s brings x(s) as its x⁻.
/// Throws std::invalid_argument for a solution that is not a success, seeds of other sizes, or a method whose steps are equal (reversible ones, a
/// budget of memory).
template <class M, class F, OrderedScalar T>
    requires DifferentiableField<F, T>
EventGradient<T> event_gradient(const M& method, const Tableau& tableau, F& f, const std::vector<Event<std::type_identity_t<T>>>& events,
                                const EventSolution<T>& solution, const EventSeeds<std::type_identity_t<T>>& seeds, const GradientOptions& options = {}) {
    const std::size_t n = solution.x1.size(), m = solution.events();
    if constexpr (!MethodOnGrids<M, F, T>)
        throw std::invalid_argument("event_gradient: '" + std::string(method.name) +
                                    "' goes back over equal steps only, and those between events have lengths of "
                                    "their own; take dto::StoreAll, dto::Checkpointed or an otd:: method");
    if (!solution.status.ok())
        throw std::invalid_argument("event_gradient: the solve has failed (" + solution.status.sentence() + "); mend it first");
    const auto fits = [](const std::vector<T>& seed, std::size_t size) { return seed.empty() || seed.size() == size; };
    if (!fits(seeds.x1_bar, n) || !fits(seeds.time_bars, m) || !fits(seeds.before_bars, m * n))
        throw std::invalid_argument("event_gradient: the solution has " + std::to_string(m) + " events and a state of " + std::to_string(n) +
                                    " values, and the seeds another size; give x1_bar a state, time_bars a time and before_bars a state for each event");
    if constexpr (MethodOnGrids<M, F, T>) return detail::EventSweep<M, F, T>(method, tableau, f, events, solution, seeds, options)();
    else return {};
}

}  // namespace costate::ode
