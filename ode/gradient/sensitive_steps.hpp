// Steps that suit the derivatives too: error control on state and sensitivities together, and a warning where control on the state alone is blind.
#pragma once

#include "kernels/elementwise.hpp"
#include "ode/adaptive/tolerance.hpp"
#include "ode/gradient/adaptive_forward.hpp"
#include "ode/tangent_field.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace costate::ode {

/// Finds in forward.grid the steps of an error control on [x | ẋ_1 … ẋ_m], m directions, through the knots: treatment (c) of the step sizes.
/// Discretize-then-optimize on that grid then is as near to the truth in those directions as the state is, and the steps are frozen as ever.
/// forward.x and what is saved are [x | ẋ]. Where a loss does not want each derivative by itself, one direction is enough. Costs m jvps a stage.
/// Throws std::invalid_argument as TangentField and AdaptiveForward::follow; tolerances that are given for each component are for all (1 + m) n.
template <class F, OrderedScalar T>
    requires DifferentiableField<F, T>
const Status& follow_sensitivities(F& f, const T& t0, View<T> knots, View<T> x0, const Directions<std::type_identity_t<T>>& directions,
                                   const AdaptiveOptions<std::type_identity_t<T>>& options, AdaptiveForward<T>& forward) {
    TangentField<F, T> field(f, x0.size(), directions);
    std::vector<T> start;
    field.start(x0, start);
    return forward.follow(field, t0, knots, start, options);
}

/// The largest error estimates over the steps of a grid on the scale of the tolerance (1: as large as the control allows): of the state, and of
/// its derivative in the direction where it is largest. Each is a norm of its own: control of 1 + m parts together keeps each below √(1 + m).
struct Watch {
    double state = 0, sensitivity = 0;

    /// A derivative's estimate is ten times what the tolerance allows, and far above what the control has seen in the state.
    [[nodiscard]] bool blind() const { return sensitivity > 10 && sensitivity > 100 * state; }
    /// Empty unless blind().
    [[nodiscard]] std::string warning() const;
};

namespace detail {

/// Steps of [x | ẋ] with their error estimates.
template <class F, OrderedScalar T>
class WatchedSteps {
public:
    WatchedSteps(const PairCoefficients<T>& pair, TangentField<F, T>& field, std::size_t dim, View<T> x0, const Tolerances<T>& tolerance)
        : pair_(pair), field_(field), dim_(dim), n_(x0.size()), tolerance_(tolerance) {
        field.start(x0, state_);
        ws_.prepare(pair.stages, 0, state_.size(), !pair.second.empty());
        next_.resize(state_.size());
    }

    void operator()(const T& t, const T& h, Watch& watch) {
        const std::size_t size = state_.size();
        const auto combine = [&](const Terms<T>& terms, std::span<const T> base, std::span<T> out) {
            kernels::rk_combine<T>(base, h, terms.coefficient, ws_.step.gather(terms.index, ws_.k, size), out);
        };
        for (std::size_t i = 0; i < pair_.stages; ++i) {
            combine(pair_.rows[i], state_, ws_.step.y);
            field_(t + pair_.c[i] * h, ws_.step.y, std::span<T>(ws_.k).subspan(i * size, size));
        }
        combine(pair_.weights, state_, next_);
        combine(pair_.error, ws_.zeros, ws_.e);
        if (!pair_.second.empty()) combine(pair_.second, ws_.zeros, ws_.second);
        watch.state = std::max(watch.state, part(0));
        for (std::size_t k = 1; k <= field_.directions(); ++k) watch.sensitivity = std::max(watch.sensitivity, part(k));
        state_.swap(next_);
    }

private:
    [[nodiscard]] double part(std::size_t k) const {
        const auto of = [&](const std::vector<T>& v) { return std::span<const T>(v).subspan(k * n_, n_); };
        const double norm =
            error_norm<T>(tolerance_, dim_, of(ws_.e), ws_.second.empty() ? std::span<const T>{} : of(ws_.second), of(state_), of(next_));
        return norm >= 0 ? norm : HUGE_VAL;
    }

    const PairCoefficients<T>& pair_;
    TangentField<F, T>& field_;
    std::size_t dim_, n_;
    const Tolerances<T>& tolerance_;
    AdaptiveWorkspace<T> ws_;
    std::vector<T> state_, next_;
};

}  // namespace detail

/// Goes over the steps of `grid` again, with tangents in these directions, and compares the estimates. The direction of the gradient itself,
/// Directions::along(x̄, θ̄), shows what a loss is exposed to at the cost of one jvp a stage. Tolerances are those of the solve.
/// Throws std::invalid_argument as TangentField.
template <class F, OrderedScalar T>
    requires DifferentiableField<F, T>
Watch watch_sensitivities(const PairCoefficients<T>& pair, F& f, const TimeGrid<T>& grid, View<T> x0, const Directions<std::type_identity_t<T>>& directions,
                          const Tolerances<std::type_identity_t<T>>& tolerance) {
    TangentField<F, T> field(f, x0.size(), directions);
    detail::WatchedSteps<F, T> steps(pair, field, f.dim(), x0, tolerance);
    Watch watch;
    for (std::size_t n = 0; n < grid.steps(); ++n) steps(grid.at(n), grid.step(n), watch);
    return watch;
}

}  // namespace costate::ode
