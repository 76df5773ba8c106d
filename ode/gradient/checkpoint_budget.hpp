// The schedule that an amount of memory pays for, from the sizes of a solve's own states and records.
#pragma once

#include "ode/checkpoint/budget.hpp"
#include "ode/gradient/checkpointed.hpp"

#include <algorithm>
#include <cstddef>

namespace costate::ode::dto {

/// The steps that are taken to see the sizes: the first two of a solve (or its one) with one slot.
inline std::size_t sizing_length(std::size_t steps) { return std::min<std::size_t>(steps, 2); }
inline checkpoint::Counts sizing_steps(std::size_t steps) { return checkpoint::check(checkpoint::binomial(sizing_length(steps), 1)); }

/// The sizes of checkpoint::choose for the gradient of this solve: its first two steps (or its one) are taken with one slot and
/// reversed, five forward and reverse steps in all. The result of the gradient is not counted, as in Cost::peak_bytes.
/// Throws as Checkpointed.
template <class F, class L, Scalar T>
    requires DifferentiableField<F, T> && TerminalLoss<L, T>
checkpoint::Sizes checkpoint_sizes(F& f, const L& loss, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1,
                                   std::size_t steps, View<T> x0, const GradientOptions& options = {}) {
    const Grid<T> grid(t0, t1, steps);
    const std::size_t taken = sizing_length(steps);
    CheckpointWorkspace<F, T> ws(tableau);
    GradientResult<T> result;
    Checkpointed({checkpoint::Rule::binomial, 1, 0})(f, loss, t0, grid.at(taken), taken, x0, options, ws, result);
    using Workspace = CheckpointWorkspace<F, T>;
    const std::size_t state = ode::detail::bytes_of(ws.x);
    return {state + Workspace::slot_bytes, state + ws.records.items().front().bytes() + Workspace::slot_bytes + Workspace::record_bytes,
            ws.bytes() + 4 * Workspace::slot_bytes - (taken > 1 ? state : 0)};
}

/// A method, and what was chosen in a sentence.
struct Affordable {
    Checkpointed method;
    checkpoint::Choice choice;
};

/// The schedule with the fewest forward steps whose peak_bytes stay within `memory`. Throws as checkpoint::choose and Checkpointed.
template <class F, class L, Scalar T>
    requires DifferentiableField<F, T> && TerminalLoss<L, T>
Affordable within_memory(std::size_t memory, F& f, const L& loss, const Tableau& tableau, const T& t0, const std::type_identity_t<T>& t1,
                         std::size_t steps, View<T> x0, const GradientOptions& options = {}) {
    const checkpoint::Choice choice = checkpoint::choose(memory, checkpoint_sizes(f, loss, tableau, t0, t1, steps, x0, options), steps);
    return {Checkpointed(choice.spec), choice};
}

}  // namespace costate::ode::dto
